"""Studies read from trajectories, and what is counted from them.

A study's value at some compute is the final recorded value of the trial that it names best then. Regret is 0 at the best row of
the task's pool and 1 at the median row, clipped; 1 before anything is named.
"""

import csv
import math
import random
import statistics
from pathlib import Path

MARKS = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1)
TIE = 1e-9
BOOTSTRAP = 1000


class Study:
    def __init__(self, row):
        self.trials, self.compute, self.seconds = int(row["trials"]), float(row["compute"]), float(row["seconds"])
        self.top, self.top_stopped = int(row["top"]), int(row["top_stopped"])
        read = lambda text: [tuple(map(float, entry.split(":"))) for entry in text.split()]
        self.incumbents, self.trained = read(row["incumbents"]), read(row["trained"])

    def value_at(self, compute, trained=False):
        """Of what is named best; `trained`: of the best that was trained in full."""
        value = math.nan
        for spent, _, shown in self.trained if trained else self.incumbents:
            if spent > compute:
                break
            value = shown
        return value

    def first_within(self, task, target, trained=False):
        """(compute, seconds) when a value at least as good as `target` is first there; infinite if never."""
        for spent, seconds, shown in self.trained if trained else self.incumbents:
            good = shown <= target if task.goal == "minimize" else shown >= target
            if good:
                return spent, seconds
        return math.inf, math.inf


class Method:
    """search[task][seed] and race[task][seed]."""

    def __init__(self, name):
        self.name = name
        self.search, self.race = {}, {}
        self.versions, self.dates = "", set()


def read_method(paths, name=None):
    method = Method(name or Path(paths[0]).stem)
    for path in paths:
        with open(path, newline="") as file:
            for row in csv.DictReader(file):
                of = method.search if row["protocol"] == "search" else method.race
                of.setdefault(row["task"], {})[int(row["seed"])] = Study(row)
                method.versions = row["versions"]
                method.dates.add(row["date"])
    return method


def common(methods, tasks, protocol="search"):
    """{task: seeds} of the studies that every method ran."""
    shared = {}
    for name in tasks:
        seeds = sorted(set.intersection(*(set(getattr(m, protocol).get(name, {})) for m in methods)))
        if seeds:
            shared[name] = seeds
    return shared


def regret(task, value):
    if math.isnan(value):
        return 1.0
    return min(max((value - task.best) / (task.typical - task.best), 0.0), 1.0)


def regrets(method, task, seeds, share, trained=False):
    return [regret(task, method.search[task.name][s].value_at(share * task.trials, trained)) for s in seeds]


def mean_and_spread(method, tasks, studies, share, trained=False):
    """Mean over tasks and seeds, and the standard deviation over seeds of the mean over tasks."""
    of = [regrets(method, tasks[name], seeds, share, trained) for name, seeds in studies.items()]
    mean = statistics.fmean(statistics.fmean(values) for values in of)
    count = min(map(len, of))
    by_seed = [statistics.fmean(values[i] for values in of) for i in range(count)]
    return mean, statistics.stdev(by_seed) if count > 1 else math.nan


def tolerances(task, full, seeds):
    """The task's own; and the standard deviation between the study's seeds of what the full-length search ends with."""
    ends = [full.search[task.name][s].value_at(math.inf) for s in seeds]
    return task.tolerance, statistics.stdev(ends) if len(ends) > 1 else math.nan


def shares_to_reach(method, full, task, seeds, tolerance, trained=False):
    """For each seed: the share of what the full-length search spent after which a value within `tolerance` of its end, with the
    same seed, is named; and the same of its seconds."""
    sign = 1 if task.goal == "minimize" else -1
    shares = []
    for seed in seeds:
        search = full.search[task.name][seed]
        target = search.value_at(math.inf) + sign * tolerance
        compute, seconds = method.search[task.name][seed].first_within(task, target, trained)
        shares.append((compute / search.compute, seconds / search.seconds))
    return shares


def upper_median(values):
    """The middle one, the worse of two: never a mean with infinity."""
    return sorted(values)[len(values) // 2]


def quartiles(values):
    ordered = sorted(values)
    last = len(ordered) - 1
    return ordered[round(0.25 * last)], ordered[round(0.75 * last)]


def wilson(hits, n):
    """95 % interval of a share."""
    z = 1.959963984540054
    if n == 0:
        return 0.0, 1.0
    p, scale = hits / n, 1 + z * z / n
    middle = (p + z * z / (2 * n)) / scale
    half = z / scale * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def stopped(method, studies):
    """(stopped, all) of the top 2 % over these races, and the mean compute of a trial."""
    of = [method.race[name][s] for name, seeds in studies.items() for s in seeds]
    return sum(r.top_stopped for r in of), sum(r.top for r in of), sum(r.compute for r in of) / sum(r.trials for r in of)


def win_rate(method, other, tasks, studies, share):
    """Share of studies in which `method` has the lower regret at equal compute, ties as halves, the mean over tasks; and its 95 %
    bootstrap interval over tasks and seeds."""
    scores = []
    for name, seeds in studies.items():
        pairs = zip(regrets(method, tasks[name], seeds, share), regrets(other, tasks[name], seeds, share))
        scores.append([0.5 if abs(a - b) <= TIE else float(a < b) for a, b in pairs])
    rate = statistics.fmean(statistics.fmean(s) for s in scores)
    draw = random.Random(1)
    rates = []
    for _ in range(BOOTSTRAP):
        chosen = [scores[draw.randrange(len(scores))] for _ in scores]
        rates.append(statistics.fmean(statistics.fmean(s[draw.randrange(len(s))] for _ in s) for s in chosen))
    rates.sort()
    return rate, rates[int(0.025 * BOOTSTRAP)], rates[int(0.975 * BOOTSTRAP) - 1]
