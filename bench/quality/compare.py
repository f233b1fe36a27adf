#!/usr/bin/env python3
"""hone's samplers beside their peers on the problems of hone_quality: runs, tables and plots.

    ./dev bench quality/compare report [--data DIR] [--seeds 0-9]
        runs hone's samplers with the built program, reads the peers' stored trajectories, writes REPORT.md and REPORT.html
    ./dev bench quality/compare peers [--only smac,hebo] [--seeds 0-9] [--minutes N]
        runs what the stored trajectories lack, each peer in an environment of its own below build/peers
    ./dev bench quality/compare ingredients [--data DIR] [--seeds 100-119] [--only "gp,no trend"]
        what `gp` is without each of its ingredients, and how soon `auto` has what random search has after 200 trials
    ./dev bench quality/compare chance [--data DIR] [--seeds 0-49]
        on which problems `auto` may be worse than random search, with many seeds

The first takes minutes, the second hours, the third an hour, the fourth minutes. None runs in CI. To run a peer anew, remove its file below
bench/quality/peers/trajectories first. DIR defaults to the variable HONE_DATA.
"""

import argparse
import datetime
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE / "report"), str(HERE / "peers"), str(HERE.parent)]

import curves  # noqa: E402
import ingredients  # noqa: E402
import page  # noqa: E402
import summary  # noqa: E402
import tables  # noqa: E402
from peer_environments import environment, revision, span  # noqa: E402
from problem_server import ProblemServer  # noqa: E402

PROGRAM = ROOT / "build/release/bench/quality/hone_quality"
STORED = HERE / "peers/trajectories"
OWN = {"hone_auto": "auto", "hone_gp": "gp", "hone_tpe": "tpe"}
# Environment -> its peers. One environment cannot hold all: their needs contradict each other.
ENVIRONMENTS = {
    "main": ["random", "optuna_tpe", "optuna_gp", "smac", "nevergrad", "optuna_cmaes", "rustuna_tpe", "ax", "smac_refit",
             "smac_blackbox"],
    "hebo": ["hebo"],
    "vizier": ["vizier"],
}
# Seconds a suggestion: on these problems, named before they ran, and with these seeds only.
SLOW = {"ax", "hebo", "vizier", "smac_refit", "smac_blackbox"}
SLOW_PROBLEMS = ("sphere5_noisy,hartmann6,levy6,ackley8,mixed8,training6,learners9,vehicle,protein_structure,cifar100,"
                 "rpart_14,hss_mnist")


def run_peers(a):
    only = set(a.only.split(",")) if a.only else None
    for name, peers in ENVIRONMENTS.items():
        for peer in peers:
            if only is not None and peer not in only:
                continue
            try:
                python = environment(name, HERE / f"peers/requirements/{name}.txt")
            except subprocess.CalledProcessError as e:
                print(f"{peer}: its environment cannot be made ({e}); left out", file=sys.stderr)
                continue
            command = ["nice", str(python), str(HERE / "peers/run_peer.py"), peer, "--program", str(PROGRAM), "--data",
                       a.data, "--seeds", f"{a.seeds[0]}-{a.seeds[-1]}", "--minutes", str(a.minutes), "-o",
                       str(STORED / f"{peer}.csv")]
            problems = SLOW_PROBLEMS if peer in SLOW else ""
            subprocess.run(command + (["--problems", problems] if problems else []), check=True)


def run_own(a, folder):
    command = ["nice", str(PROGRAM), "--data", a.data, "--seeds", str(len(a.seeds)), "--first-seed", str(a.seeds[0]),
               "--samplers", ";".join(f"{name}={spec}" for name, spec in OWN.items()), "--trajectories", str(folder),
               "--versions", f"hone {revision()}"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def report(a):
    folder = ROOT / "build/quality"
    if not a.keep:
        run_own(a, folder)
    server = ProblemServer(str(PROGRAM), a.data)
    problems = {p["name"]: p for p in server.problems()}
    server.close()
    own = [curves.read_method(folder / f"{name}.csv", problems, seeds=a.seeds) for name in OWN]
    peers = [curves.read_method(path, problems, seeds=a.seeds) for path in sorted(STORED.glob("*.csv"))]
    peers = [m for m in peers if m.curves]
    by_name = {m.name: m for m in peers}
    if "optuna_tpe" in by_name and "optuna_gp" in by_name:
        peers.append(curves.auto_sampler(by_name["optuna_tpe"], by_name["optuna_gp"], problems))
    today = datetime.date.today().isoformat()
    Path(a.output).joinpath("REPORT.md").write_text(summary.markdown(own, peers, problems, today))
    Path(a.output).joinpath("REPORT.html").write_text(page.html(own, peers, problems, today))


def run_hone(a, folder, name, sampler, trials):
    command = ["nice", "-n", "19", str(PROGRAM), "--data", a.data, "--seeds", str(len(a.seeds)), "--first-seed",
               str(a.seeds[0]), "--samplers", f"{name}={sampler}", "--trials", str(trials), "--trajectories", str(folder),
               "--versions", f"hone {revision()}"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def compare_ingredients(a):
    folder = ROOT / "build/quality/ingredients"
    wanted = a.only.split(",") if a.only else list(ingredients.VARIANTS)
    if not a.keep:
        for variant in wanted:
            run_hone(a, folder, ingredients.file_name(variant), ingredients.VARIANTS[variant], 60)
        run_hone(a, folder, "random200", "random", 200)
    server = ProblemServer(str(PROGRAM), a.data)
    problems = {p["name"]: p for p in server.problems()}
    server.close()
    read = lambda name, trials=60: curves.read_method(folder / f"{ingredients.file_name(name)}.csv", problems, trials)
    methods = {variant: read(variant) for variant in wanted}
    for variant, method in methods.items():
        method.name = variant
    base = methods["gp"]
    print(ingredients.summary(methods.values(), base, (20, 60)))
    print(ingredients.every_problem(methods.values(), base, 60))
    if "auto" in methods:
        print(ingredients.reach_table(methods["auto"], read("random200", 200), 200))


def compare_chance(a):
    folder = ROOT / "build/quality/chance"
    if not a.keep:
        for name in ("auto", "random"):
            run_hone(a, folder, name, name, 60)
    server = ProblemServer(str(PROGRAM), a.data)
    problems = {p["name"]: p for p in server.problems()}
    server.close()
    own, chance = (curves.read_method(folder / f"{name}.csv", problems) for name in ("auto", "random"))
    print(tables.beside_random(own, chance, problems, 60))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["report", "peers", "ingredients", "chance"])
    parser.add_argument("--data", default=os.environ.get("HONE_DATA", ""))
    parser.add_argument("--seeds", type=span,
                        help="by default 0-9, which the cheap peers have, ingredients 100-119, chance 0-49")
    parser.add_argument("--only", default="", help="peers or ingredients: these, with commas")
    parser.add_argument("--minutes", type=float, default=1e6, help="peers: start no study of a peer after so long")
    parser.add_argument("--keep", action="store_true", help="report, ingredients, chance: keep hone's runs of the last time")
    parser.add_argument("-o", "--output", default=str(HERE), help="report: the folder")
    a = parser.parse_args()
    a.seeds = a.seeds or span({"report": "0-9", "peers": "0-9", "ingredients": "100-119", "chance": "0-49"}[a.what])
    {"report": report, "peers": run_peers, "ingredients": compare_ingredients, "chance": compare_chance}[a.what](a)


if __name__ == "__main__":
    main()
