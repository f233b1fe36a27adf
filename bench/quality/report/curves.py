"""Regret curves from trajectories of incumbents, and what is counted from them.

Regret is (truth - optimum) / (typical - optimum) of the incumbent, clipped to [0, 1]: 0 the optimum, 1 the median
random configuration. The incumbent is chosen on reported (noisy) values and judged by the noise-free truth. Before the
first success it is 1.
"""

import csv
import math
import random
import statistics
from pathlib import Path

TIE = 1e-9
BOOTSTRAP = 1000


class Method:
    """curves[problem][seed]: regret after each trial; times of the method's own work in ms, one entry a study."""

    def __init__(self, name):
        self.name = name
        self.curves = {}
        self.times = {"p50_ms": [], "mean_ms": [], "cpu_p50_ms": [], "cpu_mean_ms": []}
        self.versions = ""
        self.dates = set()

    def at(self, problem, seed, trials):
        return self.curves[problem][seed][trials - 1]

    def mean(self, problem, trials, seeds=None):
        of = self.curves[problem]
        return statistics.fmean(of[s][trials - 1] for s in (seeds if seeds is not None else of))


def _curve(row, problem, trials):
    trials = min(trials, int(row["trials"]))
    curve = [1.0] * trials
    for entry in row["incumbents"].split():
        trial, _, truth = entry.split(":")
        regret = (float(truth) - problem["optimum"]) / (problem["typical"] - problem["optimum"])
        regret = 1.0 if math.isnan(regret) else min(max(regret, 0.0), 1.0)
        for i in range(int(trial), trials):
            curve[i] = regret
    return curve


def read_method(path, problems, trials=60, seeds=None):
    """The studies of one file, cut off after `trials`; shorter ones are shorter curves."""
    method = Method(Path(path).stem)
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            seed = int(row["seed"])
            if row["problem"] not in problems or (seeds is not None and seed not in seeds):
                continue
            method.curves.setdefault(row["problem"], {})[seed] = _curve(row, problems[row["problem"]], trials)
            for key, times in method.times.items():
                times.append(float(row[key]))
            method.versions = row["versions"]
            if row["date"]:
                method.dates.add(row["date"])
    return method


def auto_sampler(tpe, gp, problems):
    """Optuna's AutoSampler below 250 trials: TPE where a parameter is categorical or conditional, else the process.

    Below that number it hands every trial to one of the two, so its runs are theirs; only the stream of random numbers
    would differ. OptunaHub's package itself is on no registry.
    """
    method = Method("optuna_auto")
    for name, problem in problems.items():
        plain = all(p["type"] != "choice" and not p["when"] for p in problem["parameters"])
        source = gp if plain else tpe
        if name in source.curves:
            method.curves[name] = source.curves[name]
    method.versions = f"rule of AutoSampler with {gp.versions}"
    method.dates = tpe.dates | gp.dates
    return method


def common_studies(methods, problems, trials):
    """{problem: seeds} of the studies of at least so many trials that every method ran."""
    shared = {}
    for problem in problems:
        sets = [{s for s, curve in m.curves.get(problem, {}).items() if len(curve) >= trials} for m in methods]
        seeds = sorted(set.intersection(*sets))
        if seeds:
            shared[problem] = seeds
    return shared


def mean_regret(method, studies, trials):
    return statistics.fmean(method.mean(p, trials, seeds) for p, seeds in studies.items())


def mean_ranks(methods, studies, trials):
    """Rank among `methods` in each study, ties shared, averaged over the studies of a problem, then over problems."""
    sums = {m.name: 0.0 for m in methods}
    for problem, seeds in studies.items():
        for seed in seeds:
            values = [m.at(problem, seed, trials) for m in methods]
            for m, value in zip(methods, values):
                below = sum(v < value - TIE for v in values)
                equal = sum(abs(v - value) <= TIE for v in values)
                sums[m.name] += (1 + below + (equal - 1) / 2) / len(seeds)
    return {name: total / len(studies) for name, total in sums.items()}


def _score(a, b):
    return 0.5 if abs(a - b) <= TIE else float(a < b)


def _interval(draws):
    draws.sort()
    return draws[int(0.025 * len(draws))], draws[int(0.975 * len(draws)) - 1]


def win_rate(method, other, studies, trials):
    """(wins, losses, ties as shares of the studies; win rate with half of the ties; its 95 % interval).

    Problems weigh the same. The interval is a bootstrap over problems and, within each, over seeds.
    """
    scores = [[_score(method.at(p, s, trials), other.at(p, s, trials)) for s in seeds] for p, seeds in studies.items()]
    share = lambda wanted: statistics.fmean(statistics.fmean(x == wanted for x in of) for of in scores)
    rng = random.Random(20240607)
    draws = []
    for _ in range(BOOTSTRAP):
        drawn = rng.choices(scores, k=len(scores))
        draws.append(statistics.fmean(statistics.fmean(rng.choices(of, k=len(of))) for of in drawn))
    return share(1.0), share(0.0), share(0.5), statistics.fmean(map(statistics.fmean, scores)), _interval(draws)


def ratio(method, other, studies, trials):
    """Mean regret of `method` over that of `other`, both over problems, with a 95 % bootstrap interval over problems."""
    pairs = [(method.mean(p, trials, seeds), other.mean(p, trials, seeds)) for p, seeds in studies.items()]
    of = lambda drawn: sum(a for a, _ in drawn) / max(sum(b for _, b in drawn), TIE)
    rng = random.Random(20240607)
    return of(pairs), _interval([of(rng.choices(pairs, k=len(pairs))) for _ in range(BOOTSTRAP)])


def difference(method, other, problem, seeds, trials):
    """Mean regret of `method` minus that of `other` on one problem, with a 95 % bootstrap interval over paired seeds."""
    pairs = [method.at(problem, s, trials) - other.at(problem, s, trials) for s in seeds]
    rng = random.Random(20240607)
    draws = [statistics.fmean(rng.choices(pairs, k=len(pairs))) for _ in range(BOOTSTRAP)]
    return statistics.fmean(pairs), _interval(draws)


def trials_to_match(method, other, studies, trials):
    """Per problem the first trial at which the mean regret is at most the other's after `trials`; None: never."""
    needed = {}
    for problem, seeds in studies.items():
        goal = other.mean(problem, trials, seeds) + TIE
        reached = (t for t in range(1, trials + 1) if method.mean(problem, t, seeds) <= goal)
        needed[problem] = next(reached, None)
    return needed
