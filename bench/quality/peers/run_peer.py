"""Runs one peer on problems and seeds that its file of trajectories lacks; run inside of the peer's environment.

    python run_peer.py PEER --program hone_quality --data DIR --seeds 0-9 --trials 60 -o PEER.csv

One line a study, written when it ends, so a run that is cut off loses at most one study and goes on where
it was. Columns: problem, seed, trials, failed (trials); the peer's own work per trial, ask and tell together:
p50_ms and mean_ms (time that passed), cpu_p50_ms and cpu_mean_ms (processor time of all of its threads, which a
busy machine changes less); incumbents ("trial:value:truth" at each trial that reported the best value so far);
versions; date.
Seeds go round the problems, so that a part of the work is a fair sample of the whole.
"""

import argparse
import csv
import datetime
import importlib
import logging
import os
import statistics
import sys
import time
import traceback
import warnings

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"):
    os.environ[_name] = "1"
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from problem_server import ProblemServer, broken_by  # noqa: E402

# Peer -> (module, class, what it takes).
PEERS = {
    "random": ("optuna_peers", "Random", {}),
    "optuna_tpe": ("optuna_peers", "Tpe", {}),
    "optuna_gp": ("optuna_peers", "Gp", {}),
    "optuna_cmaes": ("optuna_peers", "CmaEs", {}),
    "rustuna_tpe": ("rustuna_peer", "Tpe", {}),
    "smac": ("smac_peer", "Smac", {}),
    "smac_refit": ("smac_peer", "Smac", {"retrain_after": 1}),
    "smac_blackbox": ("smac_peer", "Smac", {"facade": "blackbox"}),
    "nevergrad": ("nevergrad_peer", "NgOpt", {}),
    "hebo": ("hebo_peer", "Hebo", {}),
    "ax": ("ax_peer", "Ax", {}),
    "vizier": ("vizier_peer", "Vizier", {}),
}
COLUMNS = ["problem", "seed", "trials", "failed", "p50_ms", "mean_ms", "cpu_p50_ms", "cpu_mean_ms",
           "incumbents", "versions", "date"]


class Stopwatch:
    """Time of the peer's own work in one trial, in ms: what passed, and the processor's."""

    def __init__(self):
        self.wall = self.cpu = 0.0

    def __enter__(self):
        self._began = time.perf_counter(), time.process_time()

    def __exit__(self, *_):
        self.wall += 1000 * (time.perf_counter() - self._began[0])
        self.cpu += 1000 * (time.process_time() - self._began[1])


def run_study(make, problem, seed, trials, server):
    """One study as a row. Peers minimise: a goal to maximise is negated for them.

    A suggestion that breaks a constraint is a trial without a value, as it would be for users. Peers with a way to be told
    (`tell_amounts`: by how much each is broken) get the loss there as well, the others a failure.
    """
    sign = 1.0 if problem["goal"] == "minimize" else -1.0
    constraints = problem["constraints"]
    with Stopwatch():
        peer = make(problem["parameters"], seed, trials)
    walls, cpus, incumbents = [], [], []
    best, failed = None, 0
    for trial in range(trials):
        watch = Stopwatch()
        with watch:
            token, config = peer.ask()
        value, truth, outside = server.evaluate(problem["name"], config, seed, trial)
        loss = None if value is None else sign * value
        amounts = broken_by(constraints, config)
        if outside != any(a > 0 for a in amounts):
            raise RuntimeError(f"{config}: outside is {outside}, by these amounts: {amounts}")
        with watch:
            if constraints and hasattr(peer, "tell_amounts"):
                peer.tell_amounts(token, loss, amounts)
            else:
                peer.tell(token, None if outside else loss)
        loss = None if outside else loss
        walls.append(watch.wall)
        cpus.append(watch.cpu)
        if loss is None:
            failed += 1
        elif best is None or loss < best:
            best = loss
            incumbents.append(f"{trial}:{value:.10g}:{truth:.10g}")
    times = [f(spent) for spent in (walls, cpus) for f in (statistics.median, statistics.fmean)]
    return [problem["name"], seed, trials, failed] + [f"{t:.3g}" for t in times] + [" ".join(incumbents)]


def done_already(path, trials):
    if not os.path.exists(path):
        return set()
    with open(path, newline="") as file:
        return {(row["problem"], int(row["seed"])) for row in csv.DictReader(file) if int(row["trials"]) >= trials}


def span(text):
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("peer", choices=sorted(PEERS))
    parser.add_argument("--program", required=True)
    parser.add_argument("--data", default=os.environ.get("HONE_DATA", ""))
    parser.add_argument("--problems", default="", help="names with commas; all without it")
    parser.add_argument("--seeds", type=span, default=span("0-9"))
    parser.add_argument("--trials", type=int, default=60)
    parser.add_argument("--minutes", type=float, default=1e9, help="start no study after so long")
    parser.add_argument("-o", "--output", required=True)
    a = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    module, name, options = PEERS[a.peer]
    kind = getattr(importlib.import_module(module), name)
    versions = kind.versions()
    server = ProblemServer(a.program, a.data)
    problems = server.problems()
    if a.problems:
        problems = [p for p in problems if p["name"] in a.problems.split(",")]
    began = time.monotonic()
    new = not os.path.exists(a.output) or os.path.getsize(a.output) == 0
    with open(a.output, "a", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        if new:
            rows.writerow(COLUMNS)
        for seed in a.seeds:
            for problem in problems:
                # Read again each time: a second process may share the work.
                done = (problem["name"], seed) in done_already(a.output, a.trials)
                if done or time.monotonic() - began > 60 * a.minutes:
                    continue
                try:
                    row = run_study(lambda *args: kind(*args, **options), problem, seed, a.trials, server)
                except Exception:  # the peer's own fault: named, and the others go on
                    print(f"{a.peer} {problem['name']} seed {seed} failed:", file=sys.stderr)
                    traceback.print_exc()
                    continue
                rows.writerow(row + [versions, datetime.date.today().isoformat()])
                file.flush()
                print(f"{a.peer} {row[0]} seed {seed}: {row[4]} ms a trial", file=sys.stderr, flush=True)
    server.close()


if __name__ == "__main__":
    main()
