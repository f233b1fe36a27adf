#!/usr/bin/env python3
"""What it costs to run a program many times: `hone run` beside `xargs -P`, in turns.

    python3 bench/runs/compare.py [--runs 10000] [--parallel 2] [--rounds 5] [--folder DIR] [--work MS | --wait MS]

Four ways to run the same compiled program, which prints one metric:
  xargs           xargs -P N PROGRAM, its output thrown away
  xargs + log     xargs -P N sh -c 'mkdir FOLDER; PROGRAM > FOLDER/log': a folder and a log a run
  xargs + record  xargs -P N RECORDER PROGRAM: a folder, a log and a durable line in a file a run,
                  from a small C program (recorded.c), the least that does the same work
  hone            a folder and a log a run, parameters chosen, the metric read, and a durable record of
                  every step in SQLite (synchronous=FULL)
The ratio of hone is to `xargs + record` of the same round. --work lets the program compute for so many
milliseconds of processor time first, --wait lets it only wait so long. Every time is printed, with
medians and the range of the ratios, and with the disk's own time for a durable write.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
STUDY = """\
name: trivial
method: random
metric: {{name: loss, goal: minimize}}
command: ["{program}"{work}, "${{args}}"]
parameters:
  lr: {{min: 0.0001, max: 0.1, distribution: log_uniform_values}}
  width: {{min: 1, max: 1000000}}
budget: {{trials: {runs}}}
parallel: {parallel}
run_default_first: false
"""


def timed(command, cwd, **options):
    began = time.perf_counter()
    done = subprocess.run(command, cwd=cwd, **options)
    took = time.perf_counter() - began
    if done.returncode != 0:
        sys.exit(f"compare.py: {command[0]} ended with {done.returncode}: {done.stderr}")
    return took


def xargs(a, place, line):
    numbers = "\n".join(str(i) for i in range(a.runs)).encode()
    return timed(["xargs", "-P", str(a.parallel), "-n", "1"] + line, place, input=numbers,
                 stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def plain(a, place):
    # `--` of the program swallows the number that xargs appends when there is no work.
    return xargs(a, place, [a.trivial] + ([str(a.work), "--"] if a.work else ["0"]))


def with_log(a, place):
    script = f'mkdir -p t/$1 && exec {a.trivial} {a.work} > t/$1/log'
    return xargs(a, place, ["sh", "-c", script, "sh"])


def with_record(a, place):
    return xargs(a, place, [a.recorded, a.trivial, str(a.work)])


def hone(a, place):
    with open(os.path.join(place, "study.yaml"), "w") as file:
        file.write(STUDY.format(program=a.trivial, work=f', "{a.work}"' if a.work else ', "0"',
                                runs=a.runs, parallel=a.parallel))
    environment = {k: v for k, v in os.environ.items() if not k.startswith("HONE_")}
    return timed([a.hone, "run", "study.yaml", "--quiet"], place, env=environment,
                 stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def sync_us(folder):
    """Median time to append 4 KiB and make them durable."""
    path = os.path.join(folder, "sync")
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    times = []
    for _ in range(200):
        began = time.perf_counter()
        os.write(file, b"x" * 4096)
        os.fdatasync(file)
        times.append(time.perf_counter() - began)
    os.close(file)
    return statistics.median(times) * 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=10000)
    parser.add_argument("--parallel", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--work", type=int, default=0, help="milliseconds of CPU time a run")
    length.add_argument("--wait", type=int, default=0, help="milliseconds that a run only waits")
    parser.add_argument("--folder", default=".", help="on the disk to measure (default: here)")
    parser.add_argument("--build", default=os.path.join(ROOT, "build/release"))
    a = parser.parse_args()
    what = f"{a.wait} ms of waiting" if a.wait else f"{a.work} ms of work"
    a.work = -a.wait if a.wait else a.work
    a.hone = os.path.join(a.build, "hone")
    a.trivial = os.path.join(a.build, "bench/runs/hone_bench_trivial")
    a.recorded = os.path.join(a.build, "bench/runs/hone_bench_recorded")
    ways = {"xargs": plain, "xargs + log": with_log, "xargs + record": with_record, "hone": hone}
    times = {name: [] for name in ways}
    # Nothing is deleted before the end: ext4 without a journal passes over the inodes of files that
    # were deleted in the last minutes, one by one, whenever a file is made.
    place = tempfile.mkdtemp(dir=a.folder)
    try:
        for i in range(a.rounds):
            for name, way in ways.items():
                folder = os.path.join(place, f"{i} {name}")
                os.mkdir(folder)
                times[name].append(way(a, folder))
    finally:
        shutil.rmtree(place)
    with tempfile.TemporaryDirectory(dir=a.folder) as place:
        print(f"{a.runs} runs, {a.parallel} at a time, {what} each; "
              f"a durable 4 KiB block takes {sync_us(place):.0f} us here")
    base = statistics.median(times["xargs"])
    for name, list_ in times.items():
        median = statistics.median(list_)
        print(f"{name:14} {median:8.2f} s  {1000 * median / a.runs:7.3f} ms a run  {median / base:5.2f} x xargs"
              f"   ({', '.join(f'{t:.2f}' for t in list_)})")
    ratios = sorted(mine / peer for mine, peer in zip(times["hone"], times["xargs + record"]))
    print(f"hone / (xargs + record), round by round: median {statistics.median(ratios):.2f}, "
          f"from {ratios[0]:.2f} to {ratios[-1]:.2f}")
    if a.work != 0:
        programs = a.runs * abs(a.work) / 1000 / a.parallel
        extra = statistics.median(m - p for m, p in zip(times["hone"], times["xargs"]))
        print(f"hone beyond plain xargs: {1000 * extra / a.runs * a.parallel:.2f} ms a run, "
              f"{100 * extra / programs:.1f} % of the programs' own time")


if __name__ == "__main__":
    main()
