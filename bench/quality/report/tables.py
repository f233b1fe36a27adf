"""REPORT.md from methods and problems: tables only, every problem shown, also where hone loses."""

import statistics

import curves

MARKS = (10, 20, 30, 60)
OWN = ("hone_auto", "hone_gp", "hone_tpe")


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def number(value):
    return "–" if value is None else f"{value:.4f}"


def milliseconds(value):
    return f"{value:.2f}" if value < 1 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def regret_and_rank(methods, studies, marks):
    """One row a method, the best mean regret of each column in bold, sorted by the last."""
    regrets = {m.name: [curves.mean_regret(m, studies, t) for t in marks] for m in methods}
    ranks = [curves.mean_ranks(methods, studies, t) for t in marks]
    best = [min(r[i] for r in regrets.values()) for i in range(len(marks))]
    rows = []
    for m in sorted(methods, key=lambda m: regrets[m.name][-1]):
        cells = [f"**{v:.4f}**" if v == best[i] else f"{v:.4f}" for i, v in enumerate(regrets[m.name])]
        rows.append([m.name] + cells + [f"{of[m.name]:.2f}" for of in ranks])
    return table(["method"] + [f"regret, {t}" for t in marks] + [f"rank, {t}" for t in marks], rows)


def wins(own, others, problems, trials):
    """Each pair over the studies that both ran."""
    rows = []
    for other in others:
        studies = curves.common_studies([*own, other], problems, trials)
        if not studies:
            continue
        row = [other.name, f"{len(studies)} / {sum(map(len, studies.values()))}"]
        for method in own:
            won, lost, tied, rate, (low, high) = curves.win_rate(method, other, studies, trials)
            row.append(f"{100 * rate:.0f} % ({100 * low:.0f}–{100 * high:.0f}); "
                       f"{100 * won:.0f} / {100 * tied:.0f} / {100 * lost:.0f}")
        rows.append(row)
    return table(["peer", "problems / studies"] + [m.name for m in own], rows)


def ratios(own, others, problems, marks):
    rows = []
    for other in others:
        row = [other.name]
        for method in own:
            for trials in marks:
                studies = curves.common_studies([*own, other], problems, trials)
                if not studies:
                    row.append("–")
                    continue
                value, (low, high) = curves.ratio(method, other, studies, trials)
                row.append(f"{value:.2f} ({low:.2f}–{high:.2f})")
        rows.append(row)
    return table(["peer"] + [f"{m.name}, {t}" for m in own for t in marks], rows)


def matching(own, others, problems, trials):
    rows = []
    for other in others:
        studies = curves.common_studies([*own, other], problems, trials)
        if not studies:
            continue
        row = [other.name, str(len(studies))]
        for method in own:
            needed = curves.trials_to_match(method, other, studies, trials)
            reached = [trials + 1 if n is None else n for n in needed.values()]
            never = [p for p, n in needed.items() if n is None]
            middle = statistics.median(reached)
            text = f"{middle:.0f}" if middle <= trials else f"more than {trials}"
            row.append(text + (f"; not reached in {len(never)}" if never else ""))
        rows.append(row)
    return table(["peer", "problems"] + [m.name for m in own], rows)


def against_random(methods, random_method, problems, trials):
    """The worst problem of each method: the greatest mean regret above random's, over the studies that both ran."""
    rows = []
    for method in methods:
        studies = curves.common_studies([method, random_method], problems, trials)
        if not studies:
            continue
        found = {p: curves.difference(method, random_method, p, seeds, trials) for p, seeds in studies.items()}
        worst = max(found, key=lambda p: found[p][0])
        difference, (low, high) = found[worst]
        above = sum(d > 0 for d, _ in found.values())
        rows.append([method.name, worst, f"{difference:+.4f}", f"{low:+.4f} to {high:+.4f}", f"{above} of {len(found)}"])
    return table(["method", "worst problem", "difference to random", "95 % interval", "problems above random"], rows)


def beside_random(method, random_method, problems, trials):
    """Every problem: regret minus random's over the same seeds, with a 95 % bootstrap interval; that with the highest lower end first."""
    rows = []
    for problem, seeds in curves.common_studies([method, random_method], problems, trials).items():
        difference, (low, high) = curves.difference(method, random_method, problem, seeds, trials)
        rows.append((low, [problem, f"{method.mean(problem, trials, seeds):.4f}", f"{random_method.mean(problem, trials, seeds):.4f}",
                           f"{difference:+.4f}", f"{low:+.4f} to {high:+.4f}", str(len(seeds))]))
    rows.sort(key=lambda row: -row[0])
    return table(["problem", method.name, random_method.name, "difference", "95 % interval", "seeds"], [cells for _, cells in rows])


def times(methods):
    rows = []
    for m in sorted(methods, key=lambda m: statistics.median(m.times["cpu_p50_ms"] or [0])):
        if m.times["p50_ms"]:
            rows.append([m.name] + [milliseconds(f(m.times[k])) for k, f in (
                ("cpu_p50_ms", statistics.median), ("cpu_mean_ms", statistics.fmean), ("p50_ms", statistics.median),
                ("mean_ms", statistics.fmean))])
    return table(["method", "processor, p50 [ms]", "processor, mean [ms]", "passed, p50 [ms]", "passed, mean [ms]"], rows)


def every_problem(methods, problems, trials):
    """Means over all seeds that each method ran; the best in bold."""
    rows = []
    for problem in problems:
        means = []
        for m in methods:
            finals = [c[trials - 1] for c in m.curves.get(problem, {}).values() if len(c) >= trials]
            means.append(statistics.fmean(finals) if finals else None)
        best = min((v for v in means if v is not None), default=0)
        rows.append([problem] + [f"**{v:.4f}**" if v is not None and v <= best + curves.TIE else number(v) for v in means])
    return table(["problem"] + [m.name for m in methods], rows)


def behind(method, others, problems, trials):
    """Where a peer's mean is below the method's, whether by chance or not, worst first."""
    found = []
    for other in others:
        for problem, seeds in curves.common_studies([method, other], problems, trials).items():
            difference, (low, high) = curves.difference(method, other, problem, seeds, trials)
            if difference > curves.TIE:
                found.append((difference, problem, other, low, high, seeds))
    rows = []
    for difference, problem, other, low, high, seeds in sorted(found, key=lambda f: -f[0]):
        rows.append([problem, other.name, number(method.mean(problem, trials, seeds)),
                     number(other.mean(problem, trials, seeds)), f"{difference:.4f}",
                     f"{low:+.4f} to {high:+.4f}",
                     "too few seeds" if len(seeds) < 5 else "no" if low > 0 else "may be", str(len(seeds))])
    if not rows:
        return "None.\n"
    return table(["problem", "peer", method.name, "peer's", "difference", "95 % interval", "chance", "seeds"], rows)


def versions(methods):
    rows = []
    for m in methods:
        seeds = sorted({len(of) for of in m.curves.values()})
        count = f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
        dates = sorted(m.dates)
        rows.append([m.name, m.versions, str(len(m.curves)), count, " to ".join(sorted({dates[0], dates[-1]})) if dates else ""])
    return table(["method", "versions", "problems", "seeds", "date"], rows)
