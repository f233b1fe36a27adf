#!/usr/bin/env python3
"""What tracking costs: the store's points, many points from many runs at once, and a training program.

    python3 bench/tracking/compare.py [frames] [flood] [train] [--folder DIR] [--rounds 10]

frames  processor time and bytes on disk for a point, by how many come at a time (frames.cc).
flood   16 runs log 12 500 points a second each, 20 on a line, for --seconds. Then each of them reports a
        value that the scheduler stops trials for, still logging. Printed: how long it took from the line
        to SIGTERM, how many of the points are in the store, and hone's own processor time for a point.
        The same with runs that log nothing stands beside it: what a verdict takes anyway.
train   a program computes for a fixed number of steps and logs ten lines of five metrics a second. Its
        own time for that under `hone run`, system metrics included, over its time alone, in turns
        --rounds times: each pair's ratio, their mean, and a 95 % interval of it (t).
"""

import argparse
import glob
import json
import math
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
T_975 = {1: 12.71, 2: 4.30, 3: 3.18, 4: 2.78, 5: 2.57, 6: 2.45, 7: 2.36, 8: 2.31, 9: 2.26, 14: 2.14, 19: 2.09}
STUDY = """\
name: tracking
method: random
metric: {{name: loss, goal: minimize}}
command: [{command}]
parameters:
  x: {{min: 0.0, max: 1.0}}
fidelity: step
scheduler: {scheduler}
budget: {{trials: {trials}}}
parallel: {parallel}
run_default_first: false
"""


def hone(a, place, **study):
    with open(os.path.join(place, "study.yaml"), "w") as file:
        file.write(STUDY.format(**study))
    environment = {k: v for k, v in os.environ.items() if not k.startswith("HONE_")}
    with open(os.path.join(place, "output"), "w+") as output:
        process = subprocess.Popen([a.hone, "run", "study.yaml", "--quiet"], cwd=place, env=environment,
                                   stdout=output, stderr=subprocess.STDOUT)
        seconds = 0.0
        while process.poll() is None:
            try:  # of hone itself, without the programs and their keeper
                fields = open(f"/proc/{process.pid}/stat").read().rpartition(")")[2].split()
                seconds = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
            except (OSError, IndexError):
                pass
            time.sleep(0.1)
        output.seek(0)
        if process.returncode not in (0, 3):
            sys.exit(f"compare.py: hone run ended with {process.returncode}: {output.read()}")
    return seconds


def results(place):
    return [read(path) for path in glob.glob(os.path.join(place, ".hone/trials/tracking/*/result"))]


def read(path):
    """Microseconds by the clock and of processor time."""
    with open(path) as file:
        return [int(word) for word in file.read().split()]


def flood(a, place, rate):
    command = ", ".join(json.dumps(word) for word in [
        a.program, "log", str(rate), "20", str(a.seconds), "${trial_dir}/result"])
    cpu = hone(a, place, command=command, scheduler="{type: threshold, upper: 1}", trials=16, parallel=16)
    waited = [us for us, _ in results(place)]
    store = sqlite3.connect(os.path.join(place, ".hone/store.sqlite"))
    points, frames, stored = store.execute(
        "SELECT SUM(n), COUNT(*), SUM(LENGTH(data)) FROM series").fetchone()
    store.close()
    return cpu, sorted(us / 1000 for us in waited), points or 0, frames, stored or 0


def run_flood(a, place):
    quiet = os.path.join(place, "quiet")
    loud = os.path.join(place, "loud")
    os.mkdir(quiet)
    os.mkdir(loud)
    cpu_quiet, waited_quiet, _, _, _ = flood(a, quiet, 0.001)
    cpu, waited, points, frames, stored = flood(a, loud, a.rate / 16)
    expected = a.rate * a.seconds
    print(f"flood: 16 runs for {a.seconds} s, {a.rate} points/s asked for; {points / a.seconds:.0f}/s stored "
          f"({points / expected:.1%}) in {frames} frames, {stored / max(1, points):.1f} bytes a point")
    print(f"  hone's processor time: {cpu:.1f} s, {cpu * 1e6 / max(1, points):.2f} us a point "
          f"(without points {cpu_quiet:.1f} s)")
    for name, times in (("verdicts while points come", waited), ("verdicts without points", waited_quiet)):
        print(f"  {name}: median {statistics.median(times):.0f} ms, at most {times[-1]:.0f} ms ({len(times)} runs)")


def train(a, place, i):
    result = os.path.join(place, f"alone-{i}")
    command = [a.program, "train", str(a.steps), str(a.lines)]
    # In a session of its own, as hone's runs are: the kernel shares processors out by session.
    subprocess.run(command + [result], stdout=subprocess.DEVNULL, check=True, start_new_session=True)
    alone = read(result)
    folder = os.path.join(place, f"hone-{i}")
    os.mkdir(folder)
    own = hone(a, folder, command=", ".join(json.dumps(w) for w in command + ["${trial_dir}/result"]),
         scheduler="none", trials=1, parallel=1)
    tracked = results(folder)[0]
    return [us / 1e6 for us in alone], [us / 1e6 for us in tracked], own


def run_train(a, place):
    probe = os.path.join(place, "probe")
    subprocess.run([a.program, "train", "2000", "0", probe], stdout=subprocess.DEVNULL, check=True)
    a.steps = max(1000, int(2000 * a.train_seconds * 1e6 / read(probe)[1]))
    a.lines = int(10 * a.train_seconds)
    pairs = []
    for i in range(a.rounds):
        pairs.append(train(a, place, i))
        alone, tracked, own = pairs[-1]
        print(f"  pair {i + 1}: alone {alone[0]:.3f} s (processor {alone[1]:.3f} s), with hone {tracked[0]:.3f} s "
              f"({tracked[1]:.3f} s); hone itself used {own:.2f} s", flush=True)
    for name, which in (("by the clock", 0), ("processor time", 1)):
        ratios = [tracked[which] / alone[which] for alone, tracked, _ in pairs]
        half = 0.0
        if len(ratios) > 1:
            half = T_975.get(len(ratios) - 1, 1.96) * statistics.stdev(ratios) / math.sqrt(len(ratios))
        print(f"train, {name}: with hone / alone {statistics.mean(ratios):.4f} ± {half:.4f} (95 %, {len(ratios)} pairs of "
              f"{a.train_seconds:.0f} s), from {min(ratios):.4f} to {max(ratios):.4f}")
    share = statistics.mean(own / tracked[0] for _, tracked, own in pairs)
    print(f"train: hone itself used {share:.2%} of a processor")


def run_frames(a, place):
    done = subprocess.run([a.frames, "--folder", place], stdout=subprocess.PIPE, text=True, check=True)
    for line in done.stdout.splitlines():
        row = json.loads(line)
        print(f"frames: {row['case']:38} {row['write_us']:7.3f} us to write, {row['read_us']:.3f} us to read, "
              f"{row['bytes']:6.2f} bytes a point")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", choices=["frames", "flood", "train"], default=[])
    parser.add_argument("--rate", type=int, default=200_000, help="points a second of all runs together")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--train-seconds", type=float, default=20)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--folder", default=".", help="on the disk to measure (default: here)")
    parser.add_argument("--build", default=os.path.join(ROOT, "build/release"))
    a = parser.parse_args()
    a.hone = os.path.join(a.build, "hone")
    a.frames = os.path.join(a.build, "bench/tracking/hone_tracking_frames")
    a.program = os.path.join(a.build, "bench/tracking/hone_tracking_program")
    place = tempfile.mkdtemp(dir=a.folder)
    try:
        for what in a.what or ["frames", "flood", "train"]:
            {"frames": run_frames, "flood": run_flood, "train": run_train}[what](a, place)
    finally:
        shutil.rmtree(place)


if __name__ == "__main__":
    main()
