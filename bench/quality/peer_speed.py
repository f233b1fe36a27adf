#!/usr/bin/env python3
"""Time per trial of Optuna's and Rustuna's TPE on a sphere of 10 parameters, in memory.

    python peer_speed.py [--sizes 100,1000]

The counterpart of `hone_quality speed`: after each size of random trials the sampler goes on for 50 trials. A peer that is not
installed is named and left out.
"""

import argparse
import importlib
import statistics
import time

DIMENSIONS = 10


def objective(trial):
    return sum((trial.suggest_float(f"x{i}", -5.0, 5.0) - 0.1 * i) ** 2 for i in range(DIMENSIONS))


def measure(peer, size, measured=50):
    study = peer.create_study(sampler=peer.samplers.TPESampler(seed=1, n_startup_trials=size))
    study.optimize(objective, n_trials=size)
    spent = []
    for _ in range(measured):
        started = time.perf_counter()
        study.optimize(objective, n_trials=1)
        spent.append(1000 * (time.perf_counter() - started))
    return statistics.median(spent)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="100,1000")
    arguments = parser.parse_args()
    for name in ("optuna", "rustuna"):
        try:
            peer = importlib.import_module(name)
        except ImportError:
            print(f"{name}: not installed")
            continue
        if name == "optuna":
            peer.logging.set_verbosity(peer.logging.ERROR)
        for size in map(int, arguments.sizes.split(",")):
            print(f"{name} {peer.__version__ if hasattr(peer, '__version__') else ''} after {size} trials: "
                  f"{measure(peer, size):.2f} ms a trial (median of 50)", flush=True)


if __name__ == "__main__":
    main()
