#!/usr/bin/env python3
"""Runs Optuna's samplers on the problems of hone_quality and writes their trajectories as CSV.

    python peer_optuna.py --program build/release/bench/quality/hone_quality --data DIR --sampler tpe --seeds 20 -o peer.csv

Evaluations are answered by `hone_quality serve`, so both programs see the same spaces and the same noise. An ordered choice is
given to Optuna as an integer (its index), which is the best that its users can declare. A failed evaluation is a failed trial.
"""

import argparse
import csv
import json
import subprocess
import sys
import time

import optuna

SAMPLERS = {
    "tpe": lambda seed: optuna.samplers.TPESampler(seed=seed),
    "tpe_group": lambda seed: optuna.samplers.TPESampler(seed=seed, multivariate=True, group=True, constant_liar=True),
    "random": lambda seed: optuna.samplers.RandomSampler(seed=seed),
    "gp": lambda seed: optuna.samplers.GPSampler(seed=seed),
}


class Evaluator:
    def __init__(self, program, data):
        command = ["nice", program, "serve"] + (["--data", data] if data else [])
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        reply = json.loads(self.process.stdout.readline())
        if isinstance(reply, dict) and "error" in reply:
            raise RuntimeError(f"{request}: {reply['error']}")
        return reply


def suggest(trial, parameters):
    config = {}
    for p in parameters:
        if any(config.get(parent, None) not in values for parent, values in p["when"].items()):
            continue
        name = p["name"]
        if p["type"] == "real":
            config[name] = trial.suggest_float(name, p["low"], p["high"], log=p["log"])
        elif p["type"] == "integer":
            config[name] = trial.suggest_int(name, p["low"], p["high"], log=p["log"])
        elif p["type"] == "ordered":
            config[name] = p["values"][trial.suggest_int(name, 0, len(p["values"]) - 1)]
        else:
            config[name] = trial.suggest_categorical(name, p["values"])
    return config


def run(evaluator, problem, sampler, seed, trials, rows):
    study = optuna.create_study(direction=problem["goal"], sampler=SAMPLERS[sampler](seed))
    started = time.perf_counter()
    for number in range(trials):
        trial = study.ask()
        config = suggest(trial, problem["parameters"])
        reply = evaluator.ask({"problem": problem["name"], "config": config, "seed": seed, "trial": number})
        if reply["value"] is None:
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
        else:
            study.tell(trial, reply["value"])
        value = "" if reply["value"] is None else repr(reply["value"])
        rows.writerow([problem["name"], f"optuna_{sampler}", seed, number, value, repr(reply["truth"])])
    return time.perf_counter() - started


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("--data", default="")
    parser.add_argument("--sampler", action="append", choices=sorted(SAMPLERS))
    parser.add_argument("--problems", default="")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--trials", type=int, default=60)
    parser.add_argument("-o", "--output", required=True)
    arguments = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    evaluator = Evaluator(arguments.program, arguments.data)
    problems = evaluator.ask({"ask": "problems"})
    if arguments.problems:
        problems = [p for p in problems if p["name"] in arguments.problems.split(",")]
    with open(arguments.output, "w", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["problem", "method", "seed", "trial", "value", "truth"])
        for sampler in arguments.sampler or ["tpe"]:
            for problem in problems:
                spent = 0.0
                for seed in range(arguments.first_seed, arguments.first_seed + arguments.seeds):
                    spent += run(evaluator, problem, sampler, seed, arguments.trials, rows)
                    file.flush()
                per_trial = 1000 * spent / arguments.seeds / arguments.trials
                print(f"{sampler} {problem['name']}: {per_trial:.1f} ms a trial", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
