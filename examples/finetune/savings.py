"""What early stopping saves: the study as it is beside a search that trains every trial to its end.

  python3 savings.py --hone ../../build/release/hone --seeds 1-3 [--json savings.json]

For each seed both searches run with the study's own budget of trials, method and space. The winner
of each is then trained anew with three seeds that neither has used, and judged by the validation
loss and, never seen by the search, by the test loss. Counted are the optimiser steps of all runs,
what was trained twice included. The seed standard deviation is that of the full-length winners'
losses over the fresh seeds, pooled over the searches.
"""

import argparse
import json
import math
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from compare import FOLDER, mean_and_error, read_parameters, run

FRESH_SEEDS = (101, 102, 103)
TRAINING_ENTRIES = 86
SEARCHES = {"full length": "none", "early stopping": None}


def hone_json(hone, store, *arguments):
    done = subprocess.run(
        [hone, *arguments, "--store", store], cwd=FOLDER, capture_output=True, text=True, check=True
    )
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def study_file(folder, scheduler):
    """A copy of the study beside the original, its scheduler replaced where one is given."""
    text = (FOLDER / "study.yaml").read_text(encoding="utf-8")
    before = text
    if scheduler is not None:
        text = text.replace("scheduler: {type: asha, eta: 3}", f"scheduler: {scheduler}")
        if text == before:
            raise RuntimeError("study.yaml has no 'scheduler: {type: asha, eta: 3}' any more")
    text = text.replace("workdir: .", f"workdir: {FOLDER}")
    path = Path(folder) / "study.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def steps_of(hone, store, name):
    """Optimiser steps of all runs: epochs from where a run began to where it ended."""
    batches = {
        row["trial"]: row["param.batch_size"]
        for row in hone_json(hone, store, "export", name, "--what", "trials", "--format", "jsonl")
    }
    steps = 0.0
    reached = {}
    for row in hone_json(hone, store, "export", name, "--what", "reports", "--format", "jsonl"):
        if row.get("metric", "eval_loss") != "eval_loss":
            continue
        before = reached.get(row["run"])
        if before is None:  # an epoch a report: the first one of a run ends its first epoch
            before = row["fidelity"] - 1
        reached[row["run"]] = row["fidelity"]
        steps += (row["fidelity"] - before) * math.ceil(TRAINING_ENTRIES / batches[row["trial"]])
    return steps


def search(hone, seed, label, trials):
    with tempfile.TemporaryDirectory(prefix="savings-") as folder:
        store = str(Path(folder) / "hone.db")
        file = study_file(folder, SEARCHES[label])
        subprocess.run(
            [hone, "run", file, "--seed", str(seed), "--store", store, "--quiet"]
            + (["--trials", str(trials)] if trials else []),
            cwd=FOLDER,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        (best,) = hone_json(hone, store, "best", "finetune", "--json")
        flags = read_parameters(json.dumps(best))
        steps = steps_of(hone, store, "finetune")
    validation, test = zip(*(run(flags, fresh, True) for fresh in FRESH_SEEDS))
    return {
        "seed": seed,
        "search": label,
        "steps": steps,
        "found": best["value"],
        "validation": validation,
        "test": test,
        "config": flags,
    }


def report(rows):
    for label in SEARCHES:
        for row in (r for r in rows if r["search"] == label):
            print(
                f"seed {row['seed']}  {label:<15} {row['steps']:8.0f} steps  "
                f"validation {mean_and_error(row['validation'])[0]:.4f}  "
                f"test {mean_and_error(row['test'])[0]:.4f}"
            )
    by_label = {label: [r for r in rows if r["search"] == label] for label in SEARCHES}
    full, early = by_label["full length"], by_label["early stopping"]
    share = sum(r["steps"] for r in early) / sum(r["steps"] for r in full)
    print(f"steps: {share:.3f} of the full-length search's")
    for what in ("validation", "test"):
        deviation = math.sqrt(statistics.mean(statistics.variance(r[what]) for r in full))
        differences = [
            statistics.mean(e[what]) - statistics.mean(f[what]) for f, e in zip(full, early)
        ]
        each = ", ".join(f"{d:+.4f}" for d in differences)
        print(
            f"{what}: early stopping minus full length {statistics.mean(differences):+.4f} "
            f"(by seed {each}); seed standard deviation {deviation:.4f}"
        )


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hone", required=True, help="the program")
    parser.add_argument("--seeds", default="1-3", help="of the searches: 1-3 or 2")
    parser.add_argument("--trials", type=int, help="of each search; default: the study's budget")
    parser.add_argument("--json", help="where the figures go; what is there already is not run again")
    a = parser.parse_args()
    first, _, last = a.seeds.partition("-")
    seeds = range(int(first), int(last or first) + 1)
    hone = str(Path(a.hone).resolve())
    rows = []
    if a.json and Path(a.json).exists():
        rows = json.loads(Path(a.json).read_text(encoding="utf-8"))
    for seed in seeds:
        for label in SEARCHES:
            if any(r["seed"] == seed and r["search"] == label for r in rows):
                continue
            rows.append(search(hone, seed, label, a.trials))
            if a.json:
                Path(a.json).write_text(json.dumps(rows, indent=1), encoding="utf-8")
    report(rows)


if __name__ == "__main__":
    sys.exit(main())
