#!/usr/bin/env python3
"""Time of a suggestion, hone beside its peers, in one run on one core: 10 real parameters, a sphere, so many trials before.

    ./dev bench quality/suggestion_times [--sizes 100,1000] [--only gp,tpe,optuna_gp]

The trials before are random ones that are told to each method; a first suggestion is not counted. Then a peer is asked for trials and told
their values for as long as `--seconds`, at least five times and at most fifty; its p99 is the largest of fifty. hone is timed by
`hone_quality speed`. Time is the processor's, telling included, since a machine has other work; peers run with one thread. Environments of peers are made where they lack, which takes minutes and a network.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PROGRAM = ROOT / "build/release/bench/quality/hone_quality"
NAMES = [f"x{i}" for i in range(10)]
OWN = ["auto", "gp", "tpe"]
PEERS = {"optuna_tpe": "main", "optuna_gp": "main", "rustuna_tpe": "main", "hebo": "hebo"}


def loss(values):
    return sum((values[name] - 0.1 * i) ** 2 for i, name in enumerate(NAMES))


def optuna_step(package, sampler, size):
    if hasattr(package, "logging"):
        package.logging.set_verbosity(package.logging.ERROR)
    study = package.create_study(sampler=sampler(seed=1, n_startup_trials=size))

    def objective(trial):
        return loss({name: trial.suggest_float(name, -5.0, 5.0) for name in NAMES})

    study.optimize(objective, n_trials=size)
    return lambda: study.optimize(objective, n_trials=1)


def optuna_tpe(size):
    import optuna
    return optuna_step(optuna, optuna.samplers.TPESampler, size)


def optuna_gp(size):
    import optuna
    import torch
    torch.set_num_threads(1)
    return optuna_step(optuna, optuna.samplers.GPSampler, size)


def rustuna_tpe(size):
    import rustuna
    return optuna_step(rustuna, rustuna.samplers.TPESampler, size)


def hebo(size):
    import numpy
    import torch
    from hebo.design_space.design_space import DesignSpace
    from hebo.optimizers.hebo import HEBO
    torch.set_num_threads(1)
    space = DesignSpace().parse([{"name": name, "type": "num", "lb": -5.0, "ub": 5.0} for name in NAMES])
    optimizer = HEBO(space, rand_sample=1, scramble_seed=1)
    numpy.random.seed(1)
    torch.manual_seed(1)

    def tell(rows):
        optimizer.observe(rows, numpy.array([[loss(row)] for _, row in rows.iterrows()]))

    tell(space.sample(size))
    return lambda: tell(optimizer.suggest(n_suggestions=1))


def measure(name, size, seconds):
    """Milliseconds of the processor, one a suggestion."""
    step = globals()[name](size)
    step()  # the first loads code and fits from nothing
    spent = []
    until = time.monotonic() + seconds
    while len(spent) < 5 or (len(spent) < 50 and time.monotonic() < until):
        started = time.process_time()
        step()
        spent.append(1000 * (time.process_time() - started))
    return spent


def own(name, size):
    done = subprocess.run([PROGRAM, "speed", "--samplers", name, "--sizes", str(size)], check=True, capture_output=True, text=True)
    header, line = done.stdout.splitlines()[:2]
    columns = [title.strip() for title in header.split("  ") if title.strip()]
    row = dict(zip(columns, line.split()))
    return f"{float(row['cpu p50 ms']):.3g}", f"{float(row['cpu p99 ms']):.3g}", f"{float(row['cpu max ms']):.3g}"


def beside(name, python, size, seconds):
    done = subprocess.run([python, __file__, "--measure", name, "--sizes", str(size), "--seconds", str(seconds)], text=True,
                          capture_output=True, check=False, env=os.environ | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"})
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["no word"])[-1]
        print(f"{name} after {size}: failed: {reason}", file=sys.stderr)
        return "failed", "–", "–"
    spent = [float(word) for word in done.stdout.split()]
    most = f"{max(spent):.3g}"
    return f"{statistics.median(spent):.3g}", most if len(spent) >= 50 else "–", most


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="100,1000")
    parser.add_argument("--only", default=",".join(OWN + list(PEERS)), help="these, with commas")
    parser.add_argument("--seconds", type=float, default=60, help="a peer and size, at most; by default 60")
    parser.add_argument("--measure", choices=sorted(PEERS), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    sizes = [int(size) for size in arguments.sizes.split(",")]
    if arguments.measure:
        print(*measure(arguments.measure, sizes[0], arguments.seconds))
        return
    names = arguments.only.split(",")
    for name in names:
        if name not in OWN and name not in PEERS:
            parser.error(f"--only: there is no '{name}': {', '.join(OWN + list(PEERS))}")
    sys.path.insert(0, str(HERE.parent))
    from peer_environments import environment
    print("| method | trials before | p50, ms | p99, ms | largest, ms |\n|---|---|---|---|---|")
    for name in names:
        for size in sizes:
            if name in OWN:
                row = own(name, size)
            else:
                python = environment(PEERS[name], HERE / f"peers/requirements/{PEERS[name]}.txt")
                row = beside(name, str(python), size, arguments.seconds)
            print(f"| {name} | {size} | {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
