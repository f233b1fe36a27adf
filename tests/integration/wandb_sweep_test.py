"""Ten sweep files in the manner of published ones, with programs that only use the real wandb package: run by hone as they are, offline.
Of every trial it is checked that the program was given what hone chose, as the types that a sweep's agent gives, and that hone
took what the program logged.

Needs HONE (the program) and HONE_WANDB_PYTHON (a Python with wandb); without the latter the tests are skipped.

    HONE=build/release/hone HONE_WANDB_PYTHON=build/venv/bin/python python3 tests/integration/wandb_sweep_test.py
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

WANDB_PYTHON = os.environ.get("HONE_WANDB_PYTHON")
LIMIT_S = 300

# What each program notes for the test, beside what it does for wandb.
NOTE = """
def note(config):
    with open("seen.jsonl", "a", encoding="utf-8") as file:
        file.write(json.dumps({"trial": int(os.environ["HONE_TRIAL"]), "wandb": wandb.__version__, "config": config}) + "\\n")
"""

CONFIG_ONLY = """
import json, os, sys
import wandb
%s
run = wandb.init()
config = wandb.config
note({k: config[k] for k in config.keys()})
for step in range(3):
    wandb.log({"%s": config.%s + 1.0 / (step + 1), "other": step})
"""

SWEEPS = {
    "grid": ("""
program: train.py
method: grid
metric: {name: val_loss, goal: minimize}
parameters:
  lr: {values: [0.1, 0.01]}
  depth: {values: [2, 3]}
""", CONFIG_ONLY % (NOTE, "val_loss", "lr"), 4, "val_loss"),
    "random": ("""
program: train.py
method: random
run_cap: 2
metric: {name: val_loss, goal: minimize}
parameters:
  lr: {distribution: log_uniform_values, min: 1e-5, max: 1e-1}
  batch: {values: [16, 32, 64]}
""", CONFIG_ONLY % (NOTE, "val_loss", "lr"), 2, "val_loss"),
    "bayes": ("""
program: train.py
method: bayes
run_cap: 2
metric: {name: score, goal: maximize}
parameters:
  x: {min: 0.0, max: 1.0}
  n: {min: 1, max: 9}
""", CONFIG_ONLY % (NOTE, "score", "x"), 2, "score"),
    "nested": ("""
program: train.py
method: random
run_cap: 2
metric: {name: loss, goal: minimize}
parameters:
  optimizer:
    parameters:
      name: {values: [adam, sgd]}
      lr: {min: 0.001, max: 0.1}
  layers: {value: 2}
""", """
import json, os, sys
import wandb
%s
with wandb.init() as run:
    note(dict(run.config.items()))
    run.log({"loss": run.config["optimizer"]["lr"]})
""" % NOTE, 2, "loss"),
    "defaults": ("""
program: train.py
method: grid
metric: {name: loss, goal: minimize}
parameters:
  lr: {values: [0.5, 0.25]}
""", """
import json, os, sys
import wandb
%s
wandb.init(config={"lr": 9.0, "epochs": 2})
note(dict(wandb.config.items()))
assert wandb.config.epochs == 2
for epoch in range(wandb.config.epochs):
    wandb.log({"epoch": epoch, "loss": wandb.config.lr / (epoch + 1)})
""" % NOTE, 2, "loss"),
    "argparse": ("""
program: train.py
command: ["${env}", "${interpreter}", "${program}", "${args}"]
method: grid
metric: {name: acc, goal: maximize}
parameters:
  momentum: {values: [0.5, 0.9]}
  nesterov: {values: [true]}
""", """
import argparse, json, os, sys
import wandb
%s
p = argparse.ArgumentParser()
p.add_argument("--momentum", type=float)
p.add_argument("--nesterov")
a = p.parse_args()
assert a.nesterov == "True", a
wandb.init(config=vars(a))
note({"momentum": a.momentum, "nesterov": True})
wandb.log({"acc": a.momentum})
""" % NOTE, 2, "acc"),
    "no_arguments": ("""
program: train.py
command: ["${interpreter}", "${program}"]
method: grid
metric: {name: loss, goal: minimize}
parameters:
  a: {values: [null, 3]}
  b: {values: ["yes", "1e-5"]}
""", """
import json, os, sys
import wandb
%s
assert sys.argv[1:] == [], sys.argv
run = wandb.init()
note(dict(run.config.items()))
run.log({"loss": float(run.config["a"] or 0)})
""" % NOTE, 4, "loss"),
    "early_terminate": ("""
program: train.py
method: random
run_cap: 3
metric: {name: val_loss, goal: minimize}
early_terminate: {type: hyperband, min_iter: 2}
parameters:
  x: {distribution: uniform, min: 0, max: 1}
""", """
import json, os, sys
import wandb
%s
run = wandb.init()
note(dict(run.config.items()))
for step in range(4):
    wandb.log({"val_loss": run.config.x + step})
""" % NOTE, 3, "val_loss"),
    "define_metric": ("""
program: train.py
method: random
run_cap: 2
metric: {name: eval/accuracy, goal: maximize}
parameters:
  width: {distribution: q_uniform, min: 8, max: 64, q: 8}
  act: {values: [relu, gelu], probabilities: [0.25, 0.75]}
""", """
import json, os, sys
import wandb
%s
run = wandb.init(project="demo", entity="nobody", tags=["a"])
run.define_metric("eval/*", step_metric="epoch")
note(dict(run.config.items()))
run.log({"epoch": 1, "eval/accuracy": run.config.width / 100})
run.finish()
""" % NOTE, 2, "eval/accuracy"),
    "summary": ("""
program: train.py
method: grid
metric: {name: best_rmse, goal: minimize}
parameters:
  trees: {values: [10, 20]}
  eta: {value: 1e-1}
""", """
import json, os, sys
import wandb
%s
run = wandb.init()
note(dict(run.config.items()))
run.summary["best_rmse"] = 1.0 / run.config.trees
run.finish()
""" % NOTE, 2, "best_rmse"),
}


@unittest.skipUnless(WANDB_PYTHON, "HONE_WANDB_PYTHON names no Python with wandb")
class Sweeps(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="hone-sweep-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        # ${interpreter} is the python of the active environment.
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("HONE", "WANDB_", "CONDA_"))}
        self.env.update(HOME=self.folder, VIRTUAL_ENV=os.path.dirname(os.path.dirname(os.path.abspath(WANDB_PYTHON))))

    def hone(self, *arguments):
        done = subprocess.run([os.path.abspath(os.environ["HONE"]), *arguments], cwd=self.folder, env=self.env, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=LIMIT_S, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def rows(self, *arguments):
        return [json.loads(line) for line in self.hone(*arguments).splitlines()]

    def check(self, name):
        sweep, program, count, metric = SWEEPS[name]
        with open(os.path.join(self.folder, "sweep.yaml"), "w", encoding="utf-8") as file:
            file.write(sweep)
        with open(os.path.join(self.folder, "train.py"), "w", encoding="utf-8") as file:
            file.write(program)
        self.hone("run", "sweep.yaml", "--parallel", "2", "--seed", "5")
        with open(os.path.join(self.folder, "seen.jsonl"), encoding="utf-8") as file:
            seen = {row["trial"]: row for row in map(json.loads, file)}
        self.assertEqual(len(seen), count)
        reports = self.rows("export", "sweep", "--what", "reports", "--format", "jsonl")
        for trial, row in seen.items():
            with open(os.path.join(self.folder, ".hone/trials/sweep/%d/config.json" % trial), encoding="utf-8") as file:
                chosen = json.load(file)
            self.assertNotIn("standin", row["wandb"])
            for key, value in chosen.items():
                self.assertEqual(row["config"][key], value, "%s of trial %d" % (key, trial))
                self.assertIs(type(row["config"][key]), type(value), "%s of trial %d" % (key, trial))
            self.assertTrue([r for r in reports if r["trial"] == trial and r["metric"] == metric],
                            "trial %d reported no %s" % (trial, metric))


def add(name):
    def test(self):
        self.check(name)
    setattr(Sweeps, "test_the_sweep_%s_runs_as_it_is" % name, test)


for each in SWEEPS:
    add(each)


if __name__ == "__main__":
    if not WANDB_PYTHON:
        sys.stderr.write("skipped: HONE_WANDB_PYTHON names no Python with wandb (./dev test makes one in build/venv)\n")
        sys.exit(77)
    unittest.main(verbosity=2)
