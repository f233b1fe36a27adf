#!/usr/bin/python3
"""Population-based training against the best of twenty fixed learning rates, at equal compute, over seeds.

    ./compare.py --hone ../../build/release/hone --seeds 5
    ./compare.py --hone ../../build/release/hone --seeds 5 --beside    # only pbt and pb2 (pb2.yaml)

For every seed: a population of twenty (study.yaml); twenty runs of train.py with learning rates spread evenly over the same range on
a logarithmic scale, of which the best on the validation text counts; and the way of the population's best trial trained anew
(`hone replay`), with the same seed and with one that nothing was chosen with. What is compared is the loss on the test text. Prints a
line a seed, then the mean differences with 95 % intervals (Student's t).
"""

import argparse
import concurrent.futures
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
LOW, HIGH, COUNT = 1e-3, 1e-1, 20
T_95 = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262}
FRESH_SEED = 1000  # further


def fixed(rate, seed):
    """Returns (validation loss, test loss) at the end of a run with one learning rate."""
    command = [sys.executable, "train.py", f"--learning_rate={rate!r}", f"--seed={seed}"]
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=True)
    return [float(x) for x in re.findall(r"_loss=(\S+)", done.stdout.splitlines()[-1])]


def best_of(hone, store, study):
    """Returns (number of the best trial, its test loss)."""
    done = subprocess.run(
        [hone, "best", study, "--store", store, "--json"], capture_output=True, text=True, check=True
    )
    best = json.loads(done.stdout)
    shown = subprocess.run(
        [hone, "show", f"{study}/{best['trial']}", "--store", store, "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    return best["trial"], json.loads(shown.stdout)["values"]["test_loss"]


def population(hone, store, file, study, seed):
    """Runs a study file. Returns (number of the best trial, its test loss)."""
    subprocess.run(
        [hone, "run", file, "--seed", str(seed), "--name", study, "--store", store],
        cwd=FOLDER,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    return best_of(hone, store, study)


def beside(hone, seeds):
    """Population-based training by chance (pbt) and by a model (pb2), seed by seed."""
    print("seed  pbt     pb2")
    differences = []
    with tempfile.TemporaryDirectory(prefix="population-") as folder:
        store = os.path.join(folder, "hone.db")
        for seed in seeds:
            by_chance = population(hone, store, "study.yaml", f"pbt-{seed}", seed)[1]
            by_model = population(hone, store, "pb2.yaml", f"pb2-{seed}", seed)[1]
            differences.append(by_chance - by_model)
            print(f"{seed:4}  {by_chance:.4f}  {by_model:.4f}", flush=True)
    print("pb2 below pbt by %.4f ± %.4f" % interval(differences))


def interval(differences):
    """Returns (mean, half width of the 95 % interval)."""
    n = len(differences)
    mean = sum(differences) / n
    if n < 2:
        return mean, math.nan
    spread = math.sqrt(sum((d - mean) ** 2 for d in differences) / (n - 1))
    return mean, T_95.get(n - 1, 2) * spread / math.sqrt(n)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hone", default="hone", help="the program")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--beside", action="store_true", help="compares only pbt with pb2")
    args = parser.parse_args()
    hone = shutil.which(args.hone)
    if not hone:
        sys.exit(f"compare.py: {args.hone}: not found. Build it, or name it with --hone")
    hone = os.path.abspath(hone)
    if args.beside:
        beside(hone, range(args.first_seed, args.first_seed + args.seeds))
        return
    rates = [LOW * (HIGH / LOW) ** (i / (COUNT - 1)) for i in range(COUNT)]
    gains, fresh_gains, replays = [], [], []
    print("seed  best fixed rate  test loss  population  replayed  with a fresh seed")
    with tempfile.TemporaryDirectory(prefix="population-") as folder:
        store = os.path.join(folder, "hone.db")
        for seed in range(args.first_seed, args.first_seed + args.seeds):
            with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
                ends = list(pool.map(lambda rate: fixed(rate, seed), rates))
            chosen = min(range(COUNT), key=lambda i: ends[i][0] if math.isfinite(ends[i][0]) else math.inf)
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "check": True}
            study = f"population-{seed}"
            trial, tuned = population(hone, store, "study.yaml", study, seed)
            replayed = []
            for name, its_seed in ((f"again-{seed}", seed), (f"fresh-{seed}", seed + FRESH_SEED)):
                subprocess.run(
                    [hone, "replay", f"{study}/{trial}", "--name", name, "--store", store]
                    + ["--seed", str(its_seed)],
                    cwd=FOLDER,
                    **quiet,
                )
                replayed.append(best_of(hone, store, name)[1])
            rate, untuned = rates[chosen], ends[chosen][1]
            gains.append(untuned - tuned)
            replays.append(replayed[0] - tuned)
            fresh_gains.append(untuned - replayed[1])
            print(
                f"{seed:4}  {rate:15.4g}  {untuned:9.4f}  {tuned:10.4f}  {replayed[0]:8.4f}  {replayed[1]:17.4f}",
                flush=True,
            )
    print("population below the best fixed rate by %.4f ± %.4f" % interval(gains))
    print("its schedule with a fresh seed below the best fixed rate by %.4f ± %.4f" % interval(fresh_gains))
    print("its schedule replayed with the same seed above the population by %.4f ± %.4f" % interval(replays))


if __name__ == "__main__":
    main()
