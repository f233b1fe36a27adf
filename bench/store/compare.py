#!/usr/bin/env python3
"""Durable trials a second: hone's SQLite store beside Optuna's, on the same disk, in turns.

    build/bench-venv/bin/python bench/store/compare.py [--folder DIR] [--rounds N]

The same trial for both: 10 parameters, 5 reported values, one result. How hone commits it: see
store_bench.cc. Optuna runs through its RDB
storage on SQLite as `create_study(storage="sqlite:///...")` sets it up, with its own random sampler,
through `study.ask`, `trial.suggest_float`, `trial.report` and `study.tell`. Every round measures
both, one after the other; medians and ratios are printed.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def hone_once(program, folder, trials):
    out = subprocess.run(
        [program, "--folder", folder, "--trials", str(trials)], check=True, capture_output=True, text=True
    )
    return json.loads(out.stdout)


def optuna_once(folder, trials):
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with tempfile.TemporaryDirectory(dir=folder) as place:
        study = optuna.create_study(
            storage=f"sqlite:///{place}/optuna.db", sampler=optuna.samplers.RandomSampler(seed=1)
        )
        began = time.perf_counter()
        for _ in range(trials):
            trial = study.ask()
            for i in range(10):
                trial.suggest_float(f"parameter_{i}", 0, 1)
            for step in range(1, 6):
                trial.report(1 / step, step)
            study.tell(trial, 0.5)
        return trials / (time.perf_counter() - began)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--folder", default=".", help="on the disk to measure (default: here)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--trials", type=int, default=300)
    parser.add_argument("--program", default=os.path.join(ROOT, "build/release/bench/store/hone_store_bench"))
    arguments = parser.parse_args()
    try:
        import optuna
    except ImportError:
        sys.exit("compare.py: this Python has no optuna: ./dev bench store/compare has one that does")
    rows = []
    for _ in range(arguments.rounds):
        row = hone_once(arguments.program, arguments.folder, arguments.trials)
        row["optuna"] = optuna_once(arguments.folder, max(20, arguments.trials // 10))
        rows.append(row)
    def line(name, key):
        rates = sorted(row[key] for row in rows)
        ratios = sorted(row[key] / row["optuna"] for row in rows)
        print(f"{name:36} {statistics.median(rates):9.1f} trials/s ({rates[0]:.1f} to {rates[-1]:.1f})"
              f"  {statistics.median(ratios):6.1f} x Optuna ({ratios[0]:.1f} to {ratios[-1]:.1f})")

    sync = statistics.median(row["sync_us"] for row in rows)
    append = statistics.median(row["append_us"] for row in rows)
    count = rows[0]["in_flight"]
    print(f"disk: a durable 4 KiB block takes {sync:.0f} us over itself, {append:.0f} us appended (median)")
    line("SQLite itself, 7 rows, each durable", "bare")
    line("hone, every step by itself", "alone")
    line(f"hone, {count} in flight, one thread", "batch")
    line(f"hone, {count} in flight, {count} threads", "threads")
    line(f"Optuna {optuna.__version__}, SQLite", "optuna")
    alone = statistics.median(row["alone"] * row["sync_us"] for row in rows)
    print(f"hone, every step by itself: 7 commits in {1e6 / alone:.1f} durable blocks' time a trial")


if __name__ == "__main__":
    main()
