#!/usr/bin/env python3
"""What it costs to run a program many times: `hone run` beside `xargs -P`, in turns.

    python3 bench/runs/compare.py [--runs 10000] [--parallel 2] [--rounds 3] [--folder DIR] [--work MS]

Three ways to run the same compiled program, which prints one metric:
  xargs         xargs -P N PROGRAM, its output thrown away
  xargs + log   xargs -P N sh -c 'mkdir FOLDER; PROGRAM > FOLDER/log': a folder and a log a run
  hone          a folder and a log a run, parameters chosen, the metric read, and a durable record of
                every step in SQLite (synchronous=FULL)
--work lets the program compute for so many milliseconds first. Medians over the rounds are printed,
with the ratio to xargs and the disk's own time for a durable write.
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


def hone(a, place):
    with open(os.path.join(place, "study.yaml"), "w") as file:
        file.write(STUDY.format(program=a.trivial, work=f', "{a.work}"' if a.work else ', "0"',
                                runs=a.runs, parallel=a.parallel))
    environment = {k: v for k, v in os.environ.items() if not k.startswith("HONE_")}
    return timed([a.hone, "run", "study.yaml", "--quiet"], place, env=environment,
                 stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def sync_us(folder):
    path = os.path.join(folder, "sync")
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    times = []
    for i in range(200):
        os.pwrite(file, b"x" * 4096, (i % 50) * 4096)
        began = time.perf_counter()
        os.fdatasync(file)
        times.append(time.perf_counter() - began)
    os.close(file)
    return statistics.median(times) * 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=10000)
    parser.add_argument("--parallel", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--work", type=int, default=0, help="milliseconds of CPU time a run")
    parser.add_argument("--folder", default=".", help="on the disk to measure (default: here)")
    parser.add_argument("--build", default=os.path.join(ROOT, "build/release"))
    a = parser.parse_args()
    a.hone = os.path.join(a.build, "hone")
    a.trivial = os.path.join(a.build, "bench/runs/hone_bench_trivial")
    times = {"xargs": [], "xargs + log": [], "hone": []}
    for _ in range(a.rounds):
        for name, way in (("xargs", plain), ("xargs + log", with_log), ("hone", hone)):
            place = tempfile.mkdtemp(dir=a.folder)
            try:
                times[name].append(way(a, place))
            finally:
                shutil.rmtree(place)
    with tempfile.TemporaryDirectory(dir=a.folder) as place:
        print(f"{a.runs} runs, {a.parallel} at a time, {a.work} ms of work each; "
              f"a durable 4 KiB block takes {sync_us(place):.0f} us here")
    base = statistics.median(times["xargs"])
    for name, list_ in times.items():
        median = statistics.median(list_)
        print(f"{name:12} {median:8.2f} s  {1000 * median / a.runs:7.3f} ms a run  {median / base:5.2f} x xargs"
              f"   ({', '.join(f'{t:.2f}' for t in list_)})")


if __name__ == "__main__":
    main()
