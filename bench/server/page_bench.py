#!/usr/bin/env python3
"""A long study in the browser: hone's page beside the Optuna dashboard and MLflow, with the same trials, on this machine.

    ./dev build                                           # with Node.js: the page
    ctest --test-dir build/release -R web_packages        # once: the driver of the browser, Playwright
    bench/server/page_bench.py --folder /tmp/long [--trials 1000,10000,100000] [--repeat 3] [--limit 300] [--pictures DIR]

For each number of trials `hone_long_study` writes a study (20 parameters, three reports and 100 tracking points a trial), which
`peer_stores.py` puts into an Optuna study and an MLflow experiment, without the tracking points: Optuna has none. Each repetition
starts a server of its own and opens its page in Chromium (page_times.mjs) once the server answers: hone's page of the study, the
dashboard's page of the study, and the first page of MLflow's runs, sorted by loss. Measured are the time until something is painted
and the time until the best loss can be read on the page (of MLflow, whose table shows no loss at first: the best run; a second line of hone's waits
for what is shown once all trials are in the page), seconds of the servers' processor time until then, and their greatest memory
(VmHWM, summed over the server's processes). Medians with their range. Peers' packages: requirements.txt, installed below build/peers.
"""

import argparse
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE.parent))

from peer_environments import environment  # noqa: E402


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def processes_below(pid):
    """The process and all that it started."""
    found = [pid]
    for parent in found:
        try:
            for task in Path(f"/proc/{parent}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text().split()]
        except OSError:
            continue
    return found


def usage(pid):
    """Seconds of processor time and greatest memory in MB of a process and its children."""
    seconds, memory = 0.0, 0.0
    for each in processes_below(pid):
        try:
            fields = Path(f"/proc/{each}/stat").read_text().rsplit(")", 1)[1].split()
            status = Path(f"/proc/{each}/status").read_text()
        except OSError:
            continue
        seconds += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        peak = re.search(r"VmHWM:\s+(\d+)", status)
        memory += int(peak.group(1)) * 1024 / 1e6 if peak else 0
    return seconds, memory


def wait_until_it_answers(port, process):
    for _ in range(1200):
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=60).read()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the server never answered")


def measure(command, port, path, text, node, environ, limit, picture):
    log = open(os.devnull, "wb")
    process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, env=environ)
    try:
        wait_until_it_answers(port, process)
        before, _ = usage(process.pid)
        done = subprocess.run([node, str(HERE / "page_times.mjs"), f"http://127.0.0.1:{port}{path}", text, str(limit)]
                              + ([picture] if picture else []), capture_output=True, text=True, env=environ, timeout=limit + 180)
        if done.returncode != 0:
            raise RuntimeError(done.stderr or done.stdout)
        row = json.loads(done.stdout.splitlines()[-1])
        after, row["memory_mb"] = usage(process.pid)
        row["processor_s"] = after - before
        return row
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def shown(values, unit, factor=1.0, digits=0):
    values = [value * factor for value in values]
    text = f"{statistics.median(values):.{digits}f} {unit}"
    return text if len(values) == 1 else f"{text} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def make_stores(a, trials, python):
    folder = Path(a.folder) / str(trials)
    folder.mkdir(parents=True, exist_ok=True)
    store = folder / "hone.sqlite"
    build = Path(a.hone).resolve().parent
    if not store.exists():
        part = folder / "part.sqlite"
        part.unlink(missing_ok=True)
        subprocess.run([str(build / "bench/server/hone_long_study"), str(part), "--trials", str(trials)], check=True,
                       stdout=subprocess.DEVNULL)
        part.rename(store)
    if not (folder / "mlflow.db").exists():
        for what in ("trials", "reports"):
            subprocess.run([a.hone, "export", "--store", str(store), "--what", what, "--format", "jsonl", "-o",
                            str(folder / f"{what}.jsonl")], check=True, stdout=subprocess.DEVNULL)
        subprocess.run([str(python), str(HERE / "peer_stores.py"), str(folder / "trials.jsonl"), str(folder / "reports.jsonl"),
                        str(folder)], check=True)
    best = json.loads(subprocess.run([a.hone, "best", "--store", str(store), "--json"], capture_output=True, text=True,
                                     check=True).stdout.splitlines()[0])
    return folder, best


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", required=True, help="where the stores are kept")
    parser.add_argument("--trials", default="1000,10000,100000")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--limit", type=int, default=300, help="seconds that a page gets")
    parser.add_argument("--only", default="hone;hone, all trials;optuna;mlflow")
    parser.add_argument("--hone", default=str(ROOT / "build/release/hone"))
    parser.add_argument("--pictures", help="a folder for what the pages looked like")
    a = parser.parse_args()
    node = shutil.which("node")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    packages = Path(a.hone).resolve().parent / "tests/web"
    if not node or not chromium or not (packages / "node_modules/playwright-core").is_dir():
        sys.exit("this needs Node.js, Chromium and Playwright (ctest --test-dir build/release -R web_packages)")
    python = environment("pages", HERE / "requirements.txt")
    environ = dict(os.environ, HONE_WEB_PACKAGES=str(packages), HONE_WEB_STAGE=str(packages), HONE_CHROMIUM=chromium,
                   MLFLOW_DISABLE_TELEMETRY="true", DO_NOT_TRACK="true")
    print("| trials | page | painted | best value shown | server's processor time | memory |\n|---|---|---|---|---|---|")
    for trials in [int(number) for number in a.trials.split(",")]:
        folder, best = make_stores(a, trials, python)
        value = f"{best['value']:.4f}"[:5]  # 0.307: cut, not rounded, since the pages round at different places
        serve = lambda port: [a.hone, "serve", "--store", str(folder / "hone.sqlite"), "--port", str(port)]
        peers = {
            "hone": (serve, "/#/study/1", value),
            "hone, all trials": (serve, "/#/study/1", "time left"),
            "optuna": (lambda port: [str(python.parent / "optuna-dashboard"), f"sqlite:///{folder / 'optuna.db'}", "--host",
                                     "127.0.0.1", "--port", str(port)], "/dashboard/studies/1", value),
            "mlflow": (lambda port: [str(python.parent / "mlflow"), "server", "--backend-store-uri",
                                     f"sqlite:///{folder / 'mlflow.db'}", "--host", "127.0.0.1", "--port", str(port), "--workers",
                                     "1"], "/#/experiments/1/runs?orderByKey=metrics.%60loss%60&orderByAsc=true",
                       f"trial-{best['trial']}"),
        }
        for name in a.only.split(";"):
            command, path, text = peers[name]
            rows = []
            for i in range(a.repeat):
                port = free_port()
                picture = str(Path(a.pictures) / f"{name}-{trials}.png") if a.pictures and i == 0 else None
                rows.append(measure(command(port), port, path, text, node, environ, a.limit, picture))
                if "shown_ms" not in rows[-1]:
                    break  # no second wait for what did not come
            painted = [row["paint_ms"] for row in rows if row.get("paint_ms") is not None]
            came = [row["shown_ms"] for row in rows if "shown_ms" in row]
            print(f"| {trials} | {name} | {shown(painted, 's', 1e-3, 2) if painted else '–'} | "
                  f"{shown(came, 's', 1e-3, 2) if len(came) == len(rows) else f'not within {a.limit} s'} | "
                  f"{shown([row['processor_s'] for row in rows], 's', 1, 1)} | "
                  f"{shown([row['memory_mb'] for row in rows], 'MB')} |", flush=True)


if __name__ == "__main__":
    main()
