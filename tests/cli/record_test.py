"""The record of a trial: what it used, left and depended on; running it again from its commit; moving a study to another store."""
import json
import os
import shutil
import sqlite3
import subprocess

from harness import Case, interrupt, main

# Works until hone has looked at it twice or so, and leaves a picture.
WORKS = """
import os, sys, time
folder = os.environ["HONE_ARTIFACTS"]
with open(os.path.join(folder, "curve.svg"), "w") as file:
    file.write("<svg xmlns='http://www.w3.org/2000/svg'></svg>")
print({"epoch": 1, "val_loss": 1.0, "lr_now": 0.5}, flush=True)
x = 1.0
while not os.path.exists("go"):
    for i in range(100000):
        x = x * 1.0000001
    print({"step": i, "x": x}, flush=True)
print({"epoch": 2, "val_loss": 0.5}, flush=True)
"""

ONE = """
program: train.py
method: random
metric: {name: val_loss, goal: minimize}
parameters:
  lr: {min: 0.001, max: 1.0, default: 0.01}
fidelity: {name: epoch, min: 1, max: 3}
budget: {trials: 2}
parallel: 1
seed: 7
"""

# The value depends on the seed, the parameter and the code.
SEEDED = """
import os
from model import SCALE
value = SCALE * float(os.environ["HONE_PARAM_lr"]) + int(os.environ["HONE_SEED"])
for epoch in range(1, 4):
    print({"epoch": epoch, "val_loss": value + 1.0 / epoch}, flush=True)
"""


class Usage(Case):
    def test_what_a_run_used_and_left_is_shown(self):
        self.write("train.py", WORKS)
        self.write("study.yaml", ONE.replace("trials: 2", "trials: 1"))
        run = self.start("run", "study.yaml", "--quiet")

        def sampled():
            done = self.hone("export", "study", "--what", "points", "--format", "jsonl")
            return done.code == 0 and "system/cpu" in done.out
        self.until(sampled, "a sample of the system's metrics")
        self.write("go", "")
        self.assertEqual(run.wait(120), 0)
        trial = json.loads(self.good("show", "study/0", "--json").out)
        usage = trial["runs"][0]["usage"]
        self.assertGreater(usage["cpu"]["max"], 0)
        self.assertGreater(usage["memory"]["max"], 1_000_000)
        self.assertEqual([f["path"] for f in trial["files"] if f["artifact"]], ["artifacts/curve.svg"])
        environment = trial["runs"][0]["environment"]
        self.assertTrue(environment["machine"]["host"])
        self.assertTrue(environment["python"]["version"][0].isdigit())
        text = self.good("show", "study/0").out
        self.assertIn("processors on average", text)
        self.assertIn("artifacts/curve.svg", text)
        self.assertIn("Python 3", text)
        # They are curves to look at, and nothing else.
        self.assertNotIn("system/", self.good("export", "study", "--what", "trials").out)
        self.assertNotIn("system/", self.good("export", "study", "--what", "reports").out)


class Hooks(Case):
    def test_a_program_is_told_of_every_trial_and_of_the_end(self):
        self.write("tell.py", """
import json, os, sys
result = json.loads(os.environ["HONE_RESULT_JSON"])
row = [sys.argv[1], os.environ["HONE_EVENT"], os.environ["HONE_STUDY"], os.environ.get("HONE_TRIAL"), result]
with open("told", "a") as file:
    file.write(json.dumps(row) + "\\n")
sys.exit(3 if row[1] == "finished" else 0)
""")
        tell = 'hooks: {finished: [python3, tell.py, "a b"], trial_finished: [python3, tell.py, "${envvar:HOME}"]}\n'
        self.write("study.yaml", ONE.replace("trials: 2", "trials: 3") + tell + "system_metrics: false\n")
        self.write("train.py", "import sys\nprint({'epoch': 1, 'val_loss': 0.5}, flush=True)\n")
        done = self.good("run", "study.yaml")
        rows = [json.loads(line) for line in self.read("told").splitlines()]
        self.assertEqual(sorted(row[3] for row in rows[:-1]), ["0", "1", "2"])
        self.assertEqual({row[1] for row in rows[:-1]}, {"trial_finished"})
        self.assertEqual({row[0] for row in rows[:-1]}, {self.folder})
        self.assertEqual(rows[0][4]["values"], {"val_loss": 0.5})
        self.assertEqual(rows[0][4]["state"], "complete")
        self.assertEqual((rows[-1][0], rows[-1][1], rows[-1][2]), ("a b", "finished", "study"))
        self.assertEqual(rows[-1][4]["trials"]["complete"], 3)
        self.assertIn("lr", rows[-1][4]["best"]["config"])
        # A hook that fails is a warning.
        self.assertIn("hooks.finished: python3 ended with exit code 3", done.err)
        # Nobody is told again of what is over; a changed hook rules from the next run on.
        self.good("run", "study.yaml")
        self.assertEqual(len(self.read("told").splitlines()), 4)
        self.write("study.yaml", self.read("study.yaml").replace("a b", "c"))
        self.good("run", "study.yaml", "--trials", "+1")
        rows = [json.loads(line) for line in self.read("told").splitlines()]
        self.assertEqual([row[0] for row in rows[4:]], [self.folder, "c"])


class Reproduce(Case):
    def git(self, *words):
        done = subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@t", *words], cwd=self.path("code"),
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout.strip()

    def setUp(self):
        super().setUp()
        os.makedirs(self.path("code/sub"))
        self.write("code/sub/train.py", SEEDED)
        self.write("code/sub/model.py", "SCALE = 1.0\n")
        self.write("study.yaml", ONE.replace("seed: 7", "seed: 7\nworkdir: code/sub"))
        self.git("init", "--quiet", ".")
        self.git("add", ".")
        self.git("commit", "--quiet", "-m", "first")

    def again(self, *words):
        done = self.hone("reproduce", *words, "--json")
        self.assertEqual(done.code, 0, done.out + done.err)
        return done.rows[-1]

    def test_the_recorded_commit_and_changes_are_run_in_a_folder_of_their_own(self):
        self.write("code/sub/model.py", "SCALE = 2.0\n")  # not committed
        self.good("run", "study.yaml", "--quiet")
        value = json.loads(self.good("best", "--json").out)["value"]
        best = json.loads(self.good("best", "--json").out)["trial"]
        self.write("code/sub/model.py", "SCALE = 30.0\n")
        self.write("code/sub/extra.py", "")
        self.git("add", ".")
        self.git("commit", "--quiet", "-m", "second")
        dry = self.good("reproduce", "study/%d" % best, "--dry-run").out
        self.assertIn("commit: ", dry)
        self.assertIn("changes that are not committed", dry)
        row = self.again("study/%d" % best)
        self.assertEqual(row["comparison"]["now"], row["comparison"]["recorded"])
        self.assertEqual(row["comparison"]["now"], value)
        self.assertNotIn("curves_part_at", row["comparison"])
        self.assertIn("commit", [d["what"] for d in row["differences"]])
        # Nothing is left of the folder, the working tree is as it was, and so is the trial.
        self.assertEqual(self.git("worktree", "list").count("\n"), 0)
        self.assertEqual(os.listdir(self.path(".hone/worktrees")), [])
        self.assertEqual(self.git("status", "--porcelain"), "")
        self.assertEqual(json.loads(self.good("best", "study", "--json").out)["value"], value)
        here = self.again("study/%d" % best, "--here")
        self.assertNotEqual(here["comparison"]["now"], value)
        self.assertEqual(here["reproduced_as"], "study-reproduce-%d-2" % best)
        self.assertEqual(here["comparison"]["curves_part_at"], 1)

    def test_what_cannot_be_restored_is_said(self):
        self.good("run", "study.yaml", "--quiet")
        commit = self.git("rev-parse", "HEAD")
        shutil.rmtree(self.path("code/.git"))
        gone = self.hone("reproduce", "study/1")
        self.assertEqual(gone.code, 2)
        self.assertIn("no git repository", gone.err)
        self.git("init", "--quiet", ".")
        missing = self.hone("reproduce", "study/1", "--dry-run")
        self.assertEqual(missing.code, 2)
        self.assertIn("no commit " + commit, missing.err)
        self.assertIn("--here", missing.err)
        self.assertIn("no run with replicate 5", self.hone("reproduce", "study/1", "--replicate", "5").err)
        self.assertIn("one trial", self.hone("reproduce", "study").err)
        rows = [row for row in self.good("list", "--json").rows]
        self.assertEqual(len(rows), 1, "no study was made")

    def test_what_was_interrupted_goes_on_with_the_code_that_it_had(self):
        self.write("code/sub/train.py", SEEDED + """
import time
while os.path.exists(%r):
    time.sleep(0.02)
""" % self.path("wait"))
        self.git("commit", "--quiet", "-a", "-m", "second")
        self.good("run", "study.yaml", "--quiet")
        value = self.good("export", "study", "--format", "jsonl").rows[0]["val_loss"]
        self.write("code/sub/model.py", "SCALE = 30.0\n")
        self.git("commit", "--quiet", "-a", "-m", "third")
        self.write("wait", "")
        reproduce = self.start("reproduce", "study/0")
        self.until_reported(study="study-reproduce-0")
        interrupt(reproduce)
        self.assertEqual(self.wait(reproduce), 130)
        tree = os.path.join(self.path(".hone/worktrees"), os.listdir(self.path(".hone/worktrees"))[0])
        self.assertIn("hone resume study-reproduce-0", self.errors(reproduce))
        self.assertIn("worktree remove --force " + tree, self.errors(reproduce))
        os.remove(self.path("wait"))
        self.good("resume", "study-reproduce-0", "--quiet")
        self.assertEqual(self.good("export", "study-reproduce-0", "--format", "jsonl").rows[0]["val_loss"], value)
        self.git("worktree", "remove", "--force", tree)


class Move(Case):
    def test_a_study_is_the_same_in_another_store(self):
        self.good("run", "study.yaml", "--quiet")
        self.good("export", "study", "--snapshot", "study.hone", "--with-files")
        other = ["--store", self.path("other/store.sqlite")]
        self.assertIn("4 trials", self.good("import", "study.hone", *other).out)
        for words in [("export", "study"), ("export", "study", "--what", "reports"), ("export", "study", "--what", "points"),
                      ("show", "study"), ("status", "study"), ("best", "study", "--json")]:
            self.assertEqual(self.good(*words, *other).out.replace("other/", ""), self.good(*words).out, words)
        self.assertEqual(self.good("show", "study/1", "--log", *other).out, self.good("show", "study/1", "--log").out)
        self.assertEqual(self.read("other/trials/study/1/config.json"), self.read(".hone/trials/study/1/config.json"))
        again = self.hone("import", "study.hone", *other)
        self.assertEqual(again.code, 2)
        self.assertIn("in the store already, as 'study'", again.err)
        self.assertIn("--name", again.err)
        self.good("import", "study.hone", "--name", "second", *other)
        self.assertEqual(self.good("export", "second", *other).out, self.good("export", "study").out)
        self.good("run", "study.yaml", "--trials", "+1", "--quiet", *other)
        self.assertIn("no file", self.hone("import", "none.hone").err)
        self.assertIn("no store of hone", self.hone("import", "study.yaml").err)
        self.assertIn("a snapshot holds one", self.hone("import", self.path("other/store.sqlite")).err)

    def test_an_import_that_fails_leaves_nothing(self):
        self.good("run", "study.yaml", "--quiet")
        self.good("export", "study", "--snapshot", "study.hone", "--with-files")
        shutil.copy(self.path("study.hone"), self.path("bad.hone"))
        with sqlite3.connect(self.path("bad.hone")) as bad:
            bad.execute("INSERT INTO snapshot_file VALUES ('zz/../../x', 0, 0, x'')")
        bad.close()
        other = ["--store", self.path("other/store.sqlite")]
        failed = self.hone("import", "bad.hone", *other)
        self.assertNotEqual(failed.code, 0)
        self.assertIn("names a file outside of the study", failed.err)
        self.assertEqual(self.good("list", "--json", *other).rows, [])
        self.assertEqual(os.listdir(self.path("other/trials")), [])
        # A name that is taken is told after the files were read: they do not stay either.
        self.good("import", "study.hone", *other)
        self.assertEqual(os.listdir(self.path("other/trials")), ["study"])
        self.assertNotEqual(self.hone("import", "study.hone", *other).code, 0)
        self.assertEqual(os.listdir(self.path("other/trials")), ["study"])
        # The files that a deleted study left become those of the study again.
        os.remove(self.path("other/trials/study/1/config.json"))
        self.good("delete", "study", "--yes", "--keep-files", *other)
        self.good("import", "study.hone", *other)
        self.assertEqual(os.listdir(self.path("other/trials")), ["study"])
        self.assertEqual(self.read("other/trials/study/1/config.json"), self.read(".hone/trials/study/1/config.json"))


if __name__ == "__main__":
    main()
