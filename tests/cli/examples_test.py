"""examples/: each one is run as its README says, in a copy.

HONE_WANDB_PYTHON names a Python with wandb; without it the sweep runs with hone's stand-in only. examples/library is
built against an installed tree by the test `install`, examples/finetune has tests of its own.
"""
import json
import os
import shutil
import subprocess
import unittest

from harness import Case, main

EXAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples")
WANDB_PYTHON = os.environ.get("HONE_WANDB_PYTHON")


class Example(Case):
    def copy(self, name):
        self.folder_of_example = os.path.join(EXAMPLES, name)
        for entry in os.listdir(self.folder_of_example):
            path = os.path.join(self.folder_of_example, entry)
            if os.path.isfile(path):
                shutil.copy(path, self.folder)


class Cxx(Example):
    def setUp(self):
        super().setUp()
        self.copy("cxx")
        subprocess.run(["make", "-s"], cwd=self.folder, check=True)

    def test_is_tuned_from_the_shell_and_beats_its_defaults(self):
        done = self.good("run", "--minimize", "val_loss", "--trials", "12", "--seed", "1", "--", "./train", "--rate", "~log(1e-4,3)",
                         "--momentum", "~(0,0.99)", "--hidden", "~[4,8,16,32,64]")
        self.assertRegex(done.out, r"Best of 12 trials: trial \d+, val_loss 0\.\d+")
        self.assertRegex(done.out, r"curve █.*at step 1, .* at step 27")

    def test_is_tuned_from_its_study_file(self):
        done = self.good("run", "study.yaml", "--trials", "30")
        self.assertRegex(done.out, r"early stopping saved \d+ % of the steps")
        self.assertIn("What mattered: ", done.out)
        best = json.loads(self.good("best", "--json").out)
        self.assertTrue(best["gain"]["better"])
        self.assertGreater(best["gain"]["share"], 0.05)


class Sweep(Example):
    def setUp(self):
        super().setUp()
        self.copy("sweep")

    def tune(self, **variables):
        self.good("run", "sweep.yaml", "--trials", "8", "--seed", "1", env=self.environment(**variables))
        rows = self.good("show", "--json").rows
        self.assertEqual(len(rows), 8)
        self.assertTrue(all("val_loss" in row["values"] for row in rows if row["state"] == "complete"))
        self.assertTrue(any(row["state"] == "complete" for row in rows))

    def test_runs_with_the_stand_in_for_wandb(self):
        self.tune()

    @unittest.skipUnless(WANDB_PYTHON, "HONE_WANDB_PYTHON names no Python with wandb")
    def test_runs_with_the_real_wandb(self):
        self.tune(VIRTUAL_ENV=os.path.dirname(os.path.dirname(os.path.abspath(WANDB_PYTHON))))


@unittest.skipUnless(subprocess.run(["/usr/bin/python3", "-c", "import torch"], capture_output=True).returncode == 0,
                     "/usr/bin/python3 has no torch")
class Architecture(Case):
    def test_searches_blocks_that_exist_within_the_size_that_is_allowed(self):
        shutil.copytree(os.path.join(EXAMPLES, "architecture"), os.path.join(self.folder, "architecture"))
        shutil.copytree(os.path.join(EXAMPLES, "finetune"), os.path.join(self.folder, "finetune"))
        file = os.path.join("architecture", "study.yaml")
        self.assertNotIn("warning", self.good("validate", file).err)
        path = os.path.join(self.folder, file)
        with open(path, encoding="utf-8") as text:
            whole = text.read()
        for before, after in (("scheduler: {type: asha, eta: 2}", "scheduler: none\nmethod: random"),
                              ('"${args}"', '"${args}", --epochs, "1"'), ("max: 4}\nsch", "max: 1}\nsch")):
            self.assertIn(before, whole)
            whole = whole.replace(before, after)
        with open(path, "w", encoding="utf-8") as text:
            text.write(whole)
        self.good("run", file, "--trials", "3")
        rows = self.good("show", "architecture", "--json", "--store", os.path.join(self.folder, "architecture", ".hone")).rows
        self.assertEqual([row["state"] for row in rows], ["complete"] * 3)
        for row in rows:
            config = row["config"]
            spans = [{"pointwise": 1, "conv": 3, "dilated": 3, "gated": 6}[config[f"kind_{i}"]]
                     for i in range(1, config["blocks"] + 1)]
            self.assertEqual(config["size"], 512 * config["width"] + config["width"] ** 2 * sum(spans))
            self.assertLessEqual(config["size"], 100_000)
            self.assertEqual([i for i in range(1, 5) if f"kind_{i}" in config], list(range(1, config["blocks"] + 1)))


class Finetune(Example):
    def test_its_study_file_is_valid(self):
        self.copy("finetune")
        done = self.good("validate", "study.yaml")
        self.assertNotIn("warning", done.out + done.err)


if __name__ == "__main__":
    main()
