#!/usr/bin/env python3
"""hone's schedulers beside early stopping of Optuna and Ray Tune on recorded curves: runs, tables and plots.

    ./dev bench fidelity/compare report [--data DIR] [--seeds 0-19] [--schedulers 'hone_x=…;…'] [--default hone_x]
        runs hone's schedulers with the built program, reads the peers' stored trajectories, writes REPORT.md and REPORT.html
    ./dev bench fidelity/compare peers [--data DIR] [--only ray_asha] [--seeds 0-19]
        runs what the stored trajectories lack, in an environment of its own below build/peers

The first takes about five minutes of a processor, the second twenty. Neither runs in CI. To run a peer anew, remove its file below
bench/fidelity/peers/trajectories first. DIR defaults to the variable HONE_DATA.
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
sys.path.append(str(HERE.parent / "quality/report"))

import fidelity_page  # noqa: E402
import fidelity_tables  # noqa: E402
import studies  # noqa: E402
from event_clock import read_tasks  # noqa: E402
from peer_environments import environment, revision, span  # noqa: E402

PROGRAM = ROOT / "build/release/bench/fidelity/hone_fidelity"
STORED = HERE / "peers/trajectories"
FOLDER = ROOT / "build/fidelity"
PEERS = ["ray_asha", "ray_hyperband", "ray_pbt", "optuna_hyperband", "optuna_median"]
OWN = ('hone_none=none;hone_auto=auto+checkpoint;hone_restart=auto;hone_odds=odds{"mode":"stop"};hone_curve=curve;'
       'hone_dehb=dehb+checkpoint/de;hone_asha=asha;hone_promote=asha{"mode":"promote"}+checkpoint;'
       'hone_i_epoch=i_epoch{"round":50}+checkpoint;hone_hyperband=hyperband;hone_pasha=pasha;hone_median=median')


def export(a):
    """The tasks with the orders of these seeds."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / "tasks.json"
    subprocess.run([str(PROGRAM), "export", str(path), "--data", a.data, "--first-seed", str(a.seeds[0]), "--seeds",
                    str(len(a.seeds))], check=True)
    return path


def run_peers(a):
    tasks = export(a)
    python = environment("fidelity", HERE / "peers/requirements/main.txt")
    for peer in a.only.split(",") if a.only else PEERS:
        subprocess.run(["nice", str(python), "-B", str(HERE / "peers/run_peer.py"), peer, "--tasks", str(tasks), "--seeds",
                        f"{a.seeds[0]}-{a.seeds[-1]}", "-o", str(STORED / f"{peer}.csv")], check=True)


def run_own(a, protocol):
    command = ["nice", str(PROGRAM), protocol, "--data", a.data, "--first-seed", str(a.seeds[0]), "--seeds", str(len(a.seeds)),
               "--schedulers", a.schedulers, "--trajectories", str(FOLDER / protocol), "--versions", f"hone {revision()}"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def report(a):
    names = [entry.partition("=")[0].strip() for entry in a.schedulers.split(";")]
    if names[0] != "hone_none":
        raise SystemExit("compare: the first scheduler is hone_none=none, which the others are measured with")
    if not a.keep:
        for protocol in ("search", "race"):
            run_own(a, protocol)
    tasks = {task.name: task for task in read_tasks(export(a))[0]}
    own = [studies.read_method([FOLDER / p / f"{name}.csv" for p in ("search", "race")]) for name in names]
    peers = [studies.read_method([path]) for path in sorted(STORED.glob("*.csv"))]
    today = datetime.date.today().isoformat()
    output = Path(a.output)
    output.joinpath("REPORT.md").write_text(fidelity_tables.markdown(own, peers, tasks, a.default, today))
    output.joinpath("REPORT.html").write_text(fidelity_page.render(own, peers, tasks, a.default, today))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["report", "peers"])
    parser.add_argument("--data", default=os.environ.get("HONE_DATA", ""))
    parser.add_argument("--seeds", type=span, default=span("0-19"))
    parser.add_argument("--only", default="", help="peers: these, with commas")
    parser.add_argument("--schedulers", default=OWN, help="report: hone's, as hone_fidelity takes them")
    parser.add_argument("--default", default="hone_auto", help="report: the one that is set against the peers")
    parser.add_argument("--keep", action="store_true", help="report: keep hone's runs of the last time")
    parser.add_argument("-o", "--output", default=str(HERE), help="report: the folder")
    a = parser.parse_args()
    {"report": report, "peers": run_peers}[a.what](a)


if __name__ == "__main__":
    main()
