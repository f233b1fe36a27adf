"""A study of real processes under a storm of SIGKILL: hone, its worker and their keepers are killed
again and again at seeded random moments, singly and together, and started again. Afterwards the
record must hold exactly what the programs printed, and nothing of them may live.

    HONE=build/release/hone python3 tests/integration/kill_storm_test.py [--seed N] [--kills N]

What the programs printed is known from files of their own beside the study (`truth/`), written line
by line just before each print: a run that ended by itself must have all of its lines in the store,
one that was interrupted a beginning of them. The seed rules who is killed and when; what the killed
ones were doing at that moment is the machine's.
"""
import argparse
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

HONE = os.path.abspath(os.environ["HONE"])
OPTIONS = argparse.Namespace(seed=int(os.environ.get("HONE_STORM_SEED", "1")), kills=100)
LIMIT_S = 240  # no healthy study needs so long once the storm is over
TRIALS = 60
HELD = 6  # the last trials go on until the storm is over, so that it always has something to hit

# What a trial does hangs on its number:
#   short     ends before the next kill, as a rule      long      lives through several kills
#   session   leaves a child in a session of its own    daemon    one that forked twice
#   stubborn  a child that ignores SIGTERM              flaky     fails at its first attempt
#   file      reports by the file $HONE_METRICS         held      goes on until the storm is over
PROGRAM = r"""
import json, os, signal, sys, time

root = os.environ["STORM_ROOT"]
number = int(os.environ["HONE_TRIAL"])
kind = sys.argv[1:][number] if number < len(sys.argv) - 1 else "held"
rng = int.from_bytes(os.urandom(4), "little")
truth = open(os.path.join(root, "truth", os.environ["HONE_RUN"].replace("/", "_")), "a", buffering=1)
metrics = os.environ["HONE_METRICS"]


def idle_child(stubborn=False, twice=False):
    ready, told = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if twice and os.fork() != 0:
            os._exit(0)
        if stubborn:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.write(told, b"r")
        while True:
            time.sleep(1000)
    os.read(ready, 1)


def report(step):
    row = {"step": step, "loss": 1.0 / step + rng * 1e-13, "noise": rng % 1000 + step / 8}
    truth.write(json.dumps(row) + "\n")
    if kind == "file":
        with open(metrics, "ab", buffering=0) as file:
            file.write(json.dumps(row).encode() + b"\n")
    else:
        print("@hone " + json.dumps(row), flush=True)


if kind in ("session", "daemon", "stubborn"):
    idle_child(stubborn=kind == "stubborn", twice=kind == "daemon")
failed_before = os.path.join(os.environ["HONE_TRIAL_DIR"], "failed-before")
steps, pause = (30, 0.12) if kind in ("long", "file") else (6, 0.02)
step = 0
while step < steps or (kind == "held" and not os.path.exists(os.path.join(root, "calm"))):
    step += 1
    report(step)
    if kind == "flaky" and step == 3 and not os.path.exists(failed_before):
        open(failed_before, "w").close()
        sys.exit("this attempt fails")
    time.sleep(0.1 if kind == "held" else pause)
truth.write("end\n")
"""

STUDY = """
name: storm
command: [%s, program.py, %s]
method: random
metric: {name: loss, goal: minimize}
parameters:
  x: {min: 0.0, max: 1.0}
fidelity: {name: step, min: 1, max: 1000000}
limits: {interruptions: 100000, grace: 2s}
budget: {trials: %d}
system_metrics: false  # points are counted to the last one
parallel: 3
seed: 1
"""
KINDS = ["short", "long", "session", "file", "short", "flaky", "daemon", "long", "stubborn", "short"]


def environment_of(pid):
    try:
        with open("/proc/%d/environ" % pid, "rb") as file:
            return dict(entry.partition(b"=")[::2] for entry in file.read().split(b"\0") if entry)
    except OSError:
        return {}


def has_ended(pid):
    try:
        with open("/proc/%d/stat" % pid, "rb") as file:
            return file.read().rpartition(b")")[2].split()[0] in (b"Z", b"X")
    except OSError:
        return True


def command_line(pid):
    try:
        with open("/proc/%d/cmdline" % pid, "rb") as file:
            return file.read().split(b"\0")
    except OSError:
        return []


class Process:
    """One process of the storm, named for good by its number and the instant it began."""

    def __init__(self, pid, environment):
        self.pid = pid
        self.run = environment.get(b"HONE_RUN", b"").decode()
        self.is_keeper = not self.run and b"--keeper" in command_line(pid)


class Storm(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="hone-storm-")
        os.mkdir(self.path("truth"))
        self.rng = random.Random(OPTIONS.seed)
        self.children = {}
        self.killed = {"run": 0, "worker": 0, "keeper": 0}
        with open(self.path("program.py"), "w", encoding="utf-8") as file:
            file.write(PROGRAM)
        kinds = [KINDS[i % len(KINDS)] for i in range(TRIALS - HELD)]
        with open(self.path("study.yaml"), "w", encoding="utf-8") as file:
            file.write(STUDY % (json.dumps(sys.executable), ", ".join(kinds), TRIALS))

    def tearDown(self):
        for child in self.children.values():
            child.kill()
            child.wait()
        for _ in range(20):  # a failing test must leave nothing behind either
            for process in self.processes():
                self.kill(process.pid)
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    # --- processes --------------------------------------------------------------------------------

    def processes(self):
        """All that live and bear the storm's mark: hone, keepers, programs and what these started."""
        mark = self.folder.encode()
        found = []
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                environment = environment_of(int(entry))
                if environment.get(b"STORM_ROOT") == mark and not has_ended(int(entry)):
                    found.append(Process(int(entry), environment))
        return found

    def kill(self, pid):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def start(self, role):
        """`hone run`, or `hone worker` beside it."""
        words = {"run": ["run", "study.yaml"], "worker": ["worker", "storm", "--parallel", "2"]}[role]
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("HONE", "WANDB_"))}
        environment.update(HOME=self.folder, STORM_ROOT=self.folder)
        with open(self.path(role + ".log"), "ab") as log:
            self.children[role] = subprocess.Popen(
                [HONE, *words], cwd=self.folder, env=environment, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True)

    def keep_both_running(self):
        for role in ("run", "worker"):
            child = self.children.get(role)
            if child is None or child.poll() == -signal.SIGKILL:
                # Who takes over what it left, when it stays away for a while?
                if role == "worker" and (not self.has_study() or self.rng.random() < 0.4):
                    continue
                self.start(role)
            elif child.poll() is not None:
                self.fail("hone %s ended by itself with status %d\n%s"
                          % (role, child.returncode, self.log(role)))

    def log(self, role):
        with open(self.path(role + ".log"), "rb") as file:
            return file.read()[-3000:].decode(errors="replace")

    def strike(self):
        """Kills what the seed says."""
        whom = self.rng.choice(["run", "worker", "keeper", "run keeper", "worker keeper",
                                "run worker", "run worker keeper"]).split()
        which = self.rng.random()
        if "keeper" in whom:
            keepers = sorted(p.pid for p in self.processes() if p.is_keeper)
            # Together with its hone all of them, else one.
            for pid in keepers if len(whom) > 1 else keepers[int(which * len(keepers)):][:1]:
                self.kill(pid)
                self.killed["keeper"] += 1
        for role in ("run", "worker"):
            if role in whom and role in self.children and self.children[role].poll() is None:
                self.children[role].kill()
                self.children[role].wait()
                self.killed[role] += 1

    # --- the record -------------------------------------------------------------------------------

    def query(self, text):
        store = sqlite3.connect("file:%s?mode=ro" % self.path(".hone/store.sqlite"), uri=True, timeout=60)
        try:
            return store.execute(text).fetchall()
        finally:
            store.close()

    def has_study(self):
        if not os.path.exists(self.path(".hone/store.sqlite")):
            return False
        try:
            return len(self.query("SELECT 1 FROM study")) == 1
        except sqlite3.OperationalError as error:
            self.assertIn("no such table", str(error))  # killed while it made the store
            return False

    def check_that_ended_runs_left_nothing(self):
        """A run is over when none of its tree lives, so what is recorded as ended has no process."""
        if not self.has_study():
            return
        ended = {str(run) for run, in self.query("SELECT run_id FROM run WHERE state = 3")}
        left = [(p.pid, p.run, command_line(p.pid)) for p in self.processes()
                if p.run and p.run.split("/")[1] in ended and not has_ended(p.pid)]
        self.assertEqual(left, [], "processes of runs that are recorded as ended")

    def truth(self, run):
        """What all processes of a run printed, and whether its program came to its end."""
        rows, ended = [], False
        for name in os.listdir(self.path("truth")):
            if name.split("_")[1] != str(run):
                continue
            self.assertEqual(rows, [], "run %d was started twice" % run)
            with open(self.path("truth/" + name), encoding="utf-8") as file:
                for line in file:
                    if line == "end\n":
                        ended = True
                    elif line.endswith("\n"):
                        rows.append(json.loads(line))
        return rows, ended

    def check_record(self):
        """Compares the store with what was printed; the number of runs."""
        self.assertEqual(self.query("PRAGMA integrity_check"), [("ok",)])
        finished = {}
        runs = self.query("SELECT run_id, number, exit_code, next_ordinal FROM run JOIN trial "
                          "USING (trial_id) ORDER BY run_id")
        for run, trial, code, next_ordinal in runs:
            stored = self.query("SELECT fidelity, value FROM report WHERE run_id = %d ORDER BY ordinal" % run)
            points = self.query("SELECT COALESCE(SUM(n), 0) FROM series WHERE run_id = %d" % run)[0][0]
            printed, ended = self.truth(run)
            expected = [(row["step"], row["loss"]) for row in printed]
            if code == 0:
                self.assertTrue(ended, "run %d is recorded as a success" % run)
                self.assertNotIn(trial, finished, "two runs of trial %d succeeded" % trial)
                finished[trial] = run
                self.assertEqual(stored, expected, "run %d of trial %d" % (run, trial))
                self.assertEqual(points, len(printed), "points of run %d" % run)
            else:
                self.assertEqual(stored, expected[:len(stored)], "run %d of trial %d" % (run, trial))
                self.assertLessEqual(points, len(printed), "points of run %d" % run)
            self.assertEqual(next_ordinal, len(stored) + points, "ordinals of run %d" % run)
        self.assertEqual(sorted(finished), list(range(TRIALS)))
        return len(runs)

    # --- the test ---------------------------------------------------------------------------------

    def test_what_programs_print_is_kept_exactly_and_nothing_lives_on(self):
        print("storm: seed %d, %d kills" % (OPTIONS.seed, OPTIONS.kills), flush=True)
        began = time.monotonic()
        while sum(self.killed.values()) < OPTIONS.kills:
            self.keep_both_running()
            # One in four comes at once, while what was just started is still finding its feet.
            at_once = self.rng.random() < 0.25
            time.sleep(self.rng.uniform(0, 0.06) if at_once else self.rng.uniform(0.1, 1.6))
            self.check_that_ended_runs_left_nothing()
            self.strike()
        print("storm: over after %.0f s: %s" % (time.monotonic() - began, self.killed), flush=True)
        open(self.path("calm"), "w").close()
        if "worker" in self.children:  # it does not come back: the other takes over what it left
            self.children["worker"].kill()
            self.children["worker"].wait()
        if self.children["run"].poll() is not None:
            self.start("run")
        try:
            code = self.children["run"].wait(timeout=LIMIT_S)
        except subprocess.TimeoutExpired:
            self.fail("hone run does not end\n%s" % self.log("run"))
        self.assertEqual(code, 0, self.log("run"))
        self.check_that_ended_runs_left_nothing()
        left = [(p.pid, p.run) for p in self.processes() if not p.is_keeper]
        self.assertEqual(left, [], "processes live on after the study")
        end = time.monotonic() + LIMIT_S
        while self.processes():
            self.assertLess(time.monotonic(), end, "keepers live on after the study")
            time.sleep(0.05)
        self.assertEqual(len(self.query("SELECT DISTINCT state FROM trial")), 1)
        self.assertIn("Best of %d trials" % TRIALS, self.log("run"))
        print("storm: %d runs of %d trials; %.0f s" % (self.check_record(), TRIALS, time.monotonic() - began))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=OPTIONS.seed)
    parser.add_argument("--kills", type=int, default=OPTIONS.kills)
    OPTIONS = parser.parse_args()
    unittest.main(argv=sys.argv[:1], verbosity=2)
