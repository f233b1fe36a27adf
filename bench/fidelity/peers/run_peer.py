#!/usr/bin/env python3
"""Runs a peer's studies and appends them to a file of trajectories; those that are there already are not run again.

    run_peer.py PEER --tasks EXPORTED.json --seeds 0-19 -o peers/trajectories/PEER.csv

Each study is run twice: `search` ends when the compute of the full-length search is used, `race` after 200 trials.
"""

import argparse
import csv
import datetime
import importlib
import os
import sys
import warnings

from event_clock import FullLength, Study, read_tasks

PEERS = {
    "optuna_hyperband": ("optuna_pruners", "hyperband"),
    "optuna_median": ("optuna_pruners", "median"),
    "ray_asha": ("ray_schedulers", "asha"),
    "ray_hyperband": ("ray_schedulers", "hyperband"),
    "ray_pbt": ("ray_population", "pbt"),
}
SEARCH_ONLY = ("ray_pbt",)  # a population has no trials that are stopped; it needs a space and a training that goes on
COLUMNS = ["task", "seed", "protocol", "trials", "compute", "seconds", "top", "top_stopped", "incumbents", "trained",
           "versions", "date"]
RACE_TRIALS = 200


def row_of(study, protocol, versions):
    top, stopped = study.top()
    text = lambda entries: " ".join(f"{c:.6g}:{s:.6g}:{v:.10g}" for c, s, v in entries)
    begun = sum(t.level >= 0 or t.program is not None for t in study.trials)
    return [study.task.name, study.seed, protocol, begun, f"{study.spent():.6g}", f"{study.now:.6g}", top, stopped,
            text(study.incumbents), text(study.trained), versions, datetime.date.today().isoformat()]


def done_already(path):
    if not os.path.exists(path):
        return set()
    with open(path, newline="") as file:
        return {(r["task"], int(r["seed"]), r["protocol"]) for r in csv.DictReader(file)}


def span(text):
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("peer", choices=sorted(PEERS) + ["none"])
    parser.add_argument("--tasks", required=True, help="what `hone_fidelity export` wrote")
    parser.add_argument("--seeds", type=span, default=span("0-19"))
    parser.add_argument("-o", "--output", required=True)
    a = parser.parse_args()
    warnings.simplefilter("ignore")
    tasks, workers, copy_cost = read_tasks(a.tasks)
    if a.peer == "none":
        make, versions = FullLength, "event_clock"
    else:
        module, name = PEERS[a.peer]
        module = importlib.import_module(module)
        make, versions = getattr(module, name), module.versions()
    done = done_already(a.output)
    new = not os.path.exists(a.output) or os.path.getsize(a.output) == 0
    with open(a.output, "a", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        if new:
            rows.writerow(COLUMNS)
        protocols = ("search",) if a.peer in SEARCH_ONLY else ("search", "race")
        for task in tasks:
            if a.peer in SEARCH_ONLY and task.family != "taskset":
                continue
            for protocol in protocols:
                limits = {"compute": task.trials} if protocol == "search" else {"trials": RACE_TRIALS}
                if a.peer in ("none", *SEARCH_ONLY) and protocol == "search":
                    limits["trials"] = task.trials
                for seed in a.seeds:
                    if (task.name, seed, protocol) in done:
                        continue
                    study = Study(task, seed, make, workers, copy_cost, **limits).run()
                    rows.writerow(row_of(study, protocol, versions))
                    file.flush()
            print(f"{a.peer}: {task.name}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
