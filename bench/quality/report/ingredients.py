"""What each ingredient of `gp` and `auto` brings, and how soon `auto` has what random search has after 200 trials."""

import random
import statistics

import curves
import tables

# Name of a column -> the sampler. Each lacks one ingredient of `gp` (or of `auto`, in the last ones).
VARIANTS = {
    "gp": "gp", "no trend": 'gp{"trend": false}', "no box": 'gp{"trust_region": false}',
    "learned only": 'gp{"output": "learned"}', "half-ranks only": 'gp{"output": "half_rank"}',
    "no transform": 'gp{"output": "none"}', "no exploring": 'gp{"explore": 0}', "no near points": 'gp{"near": 0}',
    "no refinement": 'gp{"refined": 0}', "one round": 'gp{"rounds": 1}', "no start": 'gp{"start_trials": 1}',
    "failures ignored": 'gp{"failures": false}', "auto": "auto", "tpe": "tpe",
}
BOOTSTRAP = 2000


def file_name(variant):
    return variant.replace(" ", "_").replace("-", "_")


def _ratio(pairs):
    return sum(a for a, _ in pairs) / max(sum(b for _, b in pairs), curves.TIE)


def _interval(pairs, rng):
    draws = sorted(_ratio(rng.choices(pairs, k=len(pairs))) for _ in range(BOOTSTRAP))
    return draws[int(0.025 * BOOTSTRAP)], draws[int(0.975 * BOOTSTRAP) - 1]


def _pairs(method, base, trials):
    """(problem, regret of one, of the other, seeds) over the seeds that both ran."""
    rows = []
    for problem, seeds in curves.common_studies([method, base], base.curves, trials).items():
        rows.append((problem, method.mean(problem, trials, seeds), base.mean(problem, trials, seeds), len(seeds)))
    return rows


def summary(methods, base, marks):
    """One row a variant: its mean regret as a part of `base`'s over the same problems and seeds, with a 95 % bootstrap
    interval over problems, and in how many problems it is better or worse by more than 0.001."""
    rows = []
    for method in methods:
        if method is base:
            continue
        row = [method.name]
        for trials in marks:
            pairs = _pairs(method, base, trials)
            both = [(a, b) for _, a, b, _ in pairs]
            low, high = _interval(both, random.Random(20240607))
            better, worse = sum(a < b - 1e-3 for a, b in both), sum(a > b + 1e-3 for a, b in both)
            means = [statistics.fmean(of) for of in zip(*both)]
            row += [f"{means[0]:.4f} / {means[1]:.4f}", f"{_ratio(both):.2f} ({low:.2f}–{high:.2f})", f"{better} / {worse}"]
        rows.append(row + [str(min(seeds for *_, seeds in pairs))])
    header = ["variant"]
    for trials in marks:
        header += [f"regret, {trials}: it / {base.name}", f"ratio, {trials}", f"better / worse, {trials}"]
    return tables.table(header + ["seeds"], rows)


def every_problem(methods, base, trials):
    """Mean regret of each variant minus that of `base`, by problem."""
    columns = {m.name: {p: a - b for p, a, b, _ in _pairs(m, base, trials)} for m in methods if m is not base}
    rows = [[problem, f"{base.mean(problem, trials):.4f}"] + [f"{of[problem]:+.4f}" if problem in of else "–"
                                                             for of in columns.values()] for problem in base.curves]
    return tables.table(["problem", base.name] + list(columns), rows)


def reach(method, chance, trials):
    """{problem: the first trial at which the mean regret of `method` is at most that of `chance` after `trials`; None: never}."""
    reached = {}
    for problem in method.curves:
        seeds = sorted(set(method.curves[problem]) & set(chance.curves.get(problem, {})))
        if not seeds:
            continue
        goal = chance.mean(problem, trials, seeds) + curves.TIE
        length = min(len(method.curves[problem][s]) for s in seeds)
        reached[problem] = next((t for t in range(1, length + 1) if method.mean(problem, t, seeds) <= goal), None)
    return reached


def reach_table(method, chance, trials):
    reached = reach(method, chance, trials)
    late = 1 + max(len(c) for of in method.curves.values() for c in of.values())
    median = statistics.median(late if t is None else t for t in reached.values())
    rows = sorted(((t or late, p) for p, t in reached.items()))
    text = ", ".join(f"{p} {t if t < late else 'not within ' + str(late - 1)}" for t, p in rows)
    return f"Median {median:g} over {len(reached)} problems: {text}.\n"
