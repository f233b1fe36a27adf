#!/usr/bin/env python3
"""Hypervolume of hone's samplers beside Optuna's on problems with several objectives: one table.

    ./dev bench fronts/fronts --data DIR [--seeds 10] [--trials 100] [--samplers 'auto;nsga2;random']

Evaluations are answered by `hone_fronts serve`, so both see the same spaces, values and noise.
Optuna's trajectories are kept in --peer (build/fronts-peer.csv) and made anew only where they are
absent. GPSampler, which takes a second a trial, gets --gp-seeds seeds; it needs PyTorch and SciPy.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import time

PROGRAM = "build/release/bench/fronts/hone_fronts"


def suggest(trial, parameters):
    config = {}
    for p in parameters:
        if any(config.get(parent) not in values for parent, values in p["when"].items()):
            continue
        if p["type"] == "real":
            config[p["name"]] = trial.suggest_float(p["name"], p["low"], p["high"], log=p["log"])
        elif p["type"] == "integer":
            config[p["name"]] = trial.suggest_int(p["name"], p["low"], p["high"], log=p["log"])
        else:
            config[p["name"]] = trial.suggest_categorical(p["name"], p["values"])
    return config


def guards_of(trial):
    return trial.user_attrs["guards"]


def run_peer(arguments):
    import warnings

    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore")
    samplers = {
        "optuna_nsga2": optuna.samplers.NSGAIISampler,
        "optuna_tpe": optuna.samplers.TPESampler,
        "optuna_gp": optuna.samplers.GPSampler,
    }
    chosen = arguments.peers.split(",")
    only = arguments.problems.split(",") if arguments.problems else None
    command = [arguments.program, "serve"] + (["--data", arguments.data] if arguments.data else [])
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(request):
        server.stdin.write(json.dumps(request) + "\n")
        server.stdin.flush()
        reply = json.loads(server.stdout.readline())
        if isinstance(reply, dict) and "error" in reply:
            raise RuntimeError(reply["error"])
        return reply

    with open(arguments.peer + ".new", "w", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["problem", "method", "seed", "trial", "loss", "loss"])
        for name in chosen:
            make = samplers[name]
            for problem in ask({"ask": "problems"}):
                if only and problem["name"] not in only:
                    continue
                started = time.perf_counter()
                seeds = arguments.gp_seeds if name == "optuna_gp" else arguments.seeds
                for seed in range(seeds):
                    options = {"constraints_func": guards_of} if problem["guards"] else {}
                    study = optuna.create_study(
                        directions=problem["goals"], sampler=make(seed=seed, **options))
                    for number in range(arguments.trials):
                        trial = study.ask()
                        config = suggest(trial, problem["parameters"])
                        reply = ask({"problem": problem["name"], "config": config,
                                     "seed": seed, "trial": number})
                        if problem["guards"]:
                            trial.set_user_attr("guards", reply["guards"])
                        study.tell(trial, reply["values"])
                        rows.writerow([problem["name"], name, seed, number]
                                      + [repr(loss) for loss in reply["losses"]])
                file.flush()
                each = 1000 * (time.perf_counter() - started) / seeds / arguments.trials
                print(f"{name} {problem['name']}: {each:.1f} ms a trial", file=sys.stderr, flush=True)
    server.stdin.close()
    server.wait()
    os.replace(arguments.peer + ".new", arguments.peer)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default=PROGRAM)
    parser.add_argument("--data", default=os.environ.get("HONE_DATA", ""))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--samplers", default="auto;gp;tpe;nsga2;random")
    parser.add_argument("--marks", default="30,60,100")
    parser.add_argument("--peer", default="build/fronts-peer.csv")
    parser.add_argument("--peers", default="optuna_nsga2,optuna_tpe,optuna_gp")
    parser.add_argument("--gp-seeds", type=int, default=5)
    parser.add_argument("--problems", default="", help="only these, of the peers")
    arguments = parser.parse_args()
    if not os.path.exists(arguments.peer):
        run_peer(arguments)
    command = [arguments.program, "--seeds", str(arguments.seeds), "--trials", str(arguments.trials),
               "--samplers", arguments.samplers, "--marks", arguments.marks,
               "--peer", arguments.peer]
    sys.exit(subprocess.call(command + (["--data", arguments.data] if arguments.data else [])))


if __name__ == "__main__":
    main()
