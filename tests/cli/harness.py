"""What the black-box tests share: a folder with a study, runs of the program, and waiting for what it does.

    HONE=build/dev/hone python3 tests/cli/run_test.py

Nothing here decides by time: waiting ends when the awaited thing is there, and fails after a limit that no healthy run reaches.
"""
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

HONE = os.path.abspath(os.environ["HONE"])
LIMIT_S = 120
SKIPPED = 77  # the exit code that ctest takes for it

# A program with a curve: prints epoch and val_loss; waits at an epoch until a file appears, where one is named.
TRAIN = """
import argparse, os, sys, time
p = argparse.ArgumentParser()
p.add_argument("--lr", type=float, default=0.1)
p.add_argument("--epochs", type=int, default=3)
a, _ = p.parse_known_args()
for epoch in range(1, a.epochs + 1):
    print({"epoch": epoch, "val_loss": (a.lr - 0.3) ** 2 + 1.0 / epoch}, flush=True)
"""

# Runs until it is told to end: by the file `go` beside it, or by a signal.
WAITING = """
import os, sys, time
print({"epoch": 1, "val_loss": 1.0}, flush=True)
while not os.path.exists("go"):
    time.sleep(0.02)
print({"epoch": 2, "val_loss": 0.5}, flush=True)
"""

STUDY = """
program: train.py
method: random
metric: {name: val_loss, goal: minimize}
parameters:
  lr: {min: 0.001, max: 1.0, distribution: log_uniform_values, default: 0.01}
fidelity: {name: epoch, min: 1, max: 3}
run_default_first: true
budget: {trials: 4}
parallel: 2
seed: 1
"""


def need(variable, *modules):
    """Goes on, from the start, in the Python that an environment variable names where this one lacks a module; where there is no
    such Python the test is skipped. Before anything is imported that needs the modules."""
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if not missing:
        return
    python = os.environ.get(variable)
    if python and os.path.abspath(python) != os.path.abspath(sys.executable):
        os.execv(python, [python, "-B", *sys.argv])
    skip("no %s (%s names no Python that has it)" % (", ".join(missing), variable))


def skip(why):
    print("skipped: " + why)
    sys.exit(SKIPPED)


class Done:
    """A program that has ended."""

    def __init__(self, code, out, err):
        self.code = code
        self.out = out
        self.err = err

    @property
    def rows(self):
        """stdout as JSON objects, one a line."""
        return [json.loads(line) for line in self.out.splitlines()]


class Case(unittest.TestCase):
    """A test in a folder of its own."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="hone-cli-")
        self.started = []
        self.write("train.py", TRAIN)
        self.write("study.yaml", STUDY)

    def tearDown(self):
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.communicate()
        # Programs that outlive a killed hone end with their study.
        if os.path.exists(self.path(".hone/store.sqlite")):
            for name in self.hone("list", "--names").out.split():
                self.hone("stop", name)
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text, mode=0o644):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.path(name), mode)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def study(self, *changes, name="study.yaml", program=None):
        """The standard study with some lines replaced: study(("seed: 1", "seed: 2"))."""
        text = STUDY
        for old, new in changes:
            self.assertIn(old, text)
            text = text.replace(old, new)
        if program is not None:
            self.write("program.py", program)
            text = text.replace("program: train.py", "program: program.py")
        self.write(name, text)

    def environment(self, **more):
        env = {k: v for k, v in os.environ.items()
               if not k.startswith(("HONE_", "WANDB_")) and k not in ("HONE", "PYTHONDONTWRITEBYTECODE")}
        env.update(HOME=self.folder, **more)
        return env

    def hone(self, *arguments, env=None, stdin=None):
        done = subprocess.run([HONE, *arguments], cwd=self.folder, env=env or self.environment(), text=True, input=stdin,
                              stdin=subprocess.DEVNULL if stdin is None else None,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=LIMIT_S, check=False)
        return Done(done.returncode, done.stdout, done.stderr)

    def good(self, *arguments, **options):
        done = self.hone(*arguments, **options)
        self.assertEqual(done.code, 0, done.out + done.err)
        return done

    def start(self, *arguments, **options):
        """A program that goes on meanwhile; its output is in files, so that nothing blocks."""
        number = len(self.started)
        with open(self.path("out%d" % number), "w") as out, open(self.path("err%d" % number), "w") as err:
            process = subprocess.Popen([HONE, *arguments], cwd=self.folder, env=self.environment(), stdin=subprocess.DEVNULL,
                                       stdout=out, stderr=err, start_new_session=True, **options)
        process.number = number
        self.started.append(process)
        return process

    def output(self, process):
        return self.read("out%d" % process.number)

    def errors(self, process):
        return self.read("err%d" % process.number)

    def wait(self, process):
        return process.wait(timeout=LIMIT_S)

    def until(self, condition, what):
        end = time.monotonic() + LIMIT_S
        while not condition():
            if time.monotonic() > end:
                self.fail("never came: " + what)
            time.sleep(0.02)

    def until_running(self, study="study", trials=1):
        def running():
            done = self.hone("status", study, "--json")
            return done.code == 0 and json.loads(done.out)["trials"]["running"] >= trials
        self.until(running, "%d running trials" % trials)

    def until_reported(self, trials=1, study="study"):
        """Until so many trials have reported something."""
        def reported():
            done = self.hone("export", study, "--what", "reports", "--format", "jsonl")
            return done.code == 0 and len({row["trial"] for row in done.rows}) >= trials
        self.until(reported, "reports of %d trials" % trials)

    def living(self):
        """Processes of programs of this test's folder."""
        found = []
        for entry in os.listdir("/proc"):
            if not entry.isdigit():
                continue
            try:
                if os.readlink("/proc/%s/cwd" % entry) != os.path.realpath(self.folder):
                    continue
                with open("/proc/%s/cmdline" % entry, "rb") as file:
                    words = file.read().split(b"\0")
            except OSError:
                continue
            if any(word.endswith(b".py") for word in words):
                found.append(int(entry))
        return found


def interrupt(process, number=signal.SIGINT):
    os.kill(process.pid, number)


def main():
    unittest.main(verbosity=2)
