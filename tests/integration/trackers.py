"""What the tests with other trackers' own programs share: a study whose program runs in the Python that has them.

HONE_TRACKERS_PYTHON names it (tests/requirements.txt); without it the tests are skipped.
"""
import json
import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli"))
from harness import Case, main, skip  # noqa: E402, F401

PYTHON = os.environ.get("HONE_TRACKERS_PYTHON")
if not PYTHON:
    skip("HONE_TRACKERS_PYTHON is not set")

STUDY = """
command: ["%s", train.py, "--lr=${lr}"]
parameters: {lr: {min: 0.1, max: 1.0, default: 0.5}, kind: {values: [a, b]}}
metric: {name: val_loss, goal: minimize}
method: random
budget: {trials: %d}
seed: 3
"""

# For programs of `run_until_killed`: tells that the middle is reached, and waits there.
PAUSE = """
import os, time
def pause():
    open("half", "w").close()
    while not os.path.exists("go"):
        time.sleep(0.02)
"""


class TrackerCase(Case):
    def set_up(self, program, trials=1, more=""):
        """The study, with `program` as train.py and further lines of the study file."""
        self.write("train.py", program)
        self.write("study.yaml", STUDY % (PYTHON, trials) + more)

    def rows(self, what="trials"):
        return self.good("export", "study", "--what", what, "--format", "jsonl").rows

    def read_by(self, program, *arguments):
        """What a program of that Python prints, as JSON."""
        self.write("read.py", program)
        done = subprocess.run([PYTHON, "read.py", *arguments], cwd=self.folder, text=True, check=True, stdout=subprocess.PIPE)
        return json.loads(done.stdout)

    def run_until_killed(self):
        """hone is killed while the program is in its middle, of which ten values have been reported; then the program goes on."""
        first = self.start("run", "study.yaml")
        self.until(lambda: os.path.exists(self.path("half")), "the middle of the program")
        self.until(lambda: self.hone("status", "study").code == 0 and len(self.rows("reports")) >= 10, "reports of the first half")
        os.kill(first.pid, signal.SIGKILL)
        self.wait(first)
        self.write("go", "")
