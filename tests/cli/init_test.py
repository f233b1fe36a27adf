"""hone init from outside: programs that are really asked, files that are never overwritten."""
import json
import os
import pty
import select
import subprocess
import unittest

from harness import HONE, Case, main

PROGRAM = """
import argparse
p = argparse.ArgumentParser(formatter_class=argparse.ArgumentDefaultsHelpFormatter)
p.add_argument("--learning-rate", type=float, default=0.01, help="step size")
p.add_argument("--dropout", type=float, default=0.1, help="share left out")
p.add_argument("--epochs", type=int, default=2, help="passes")
a = p.parse_args()
for epoch in range(1, a.epochs + 1):
    print({"epoch": epoch, "val_accuracy": 1 - (a.learning_rate - 0.02) ** 2 - a.dropout ** 2}, flush=True)
"""


class Init(Case):
    def setUp(self):
        super().setUp()
        os.remove(self.path("study.yaml"))
        self.write("program.py", PROGRAM)

    def test_what_it_proposes_is_valid_and_runs(self):
        done = self.good("init", "--", "python3", "program.py")
        self.assertIn("wrote study.yaml: 2 parameters from python3 program.py --help (learning-rate, dropout)", done.out)
        self.assertIn("metric: {name: val_accuracy, goal: maximize}", self.read("study.yaml"))
        self.good("validate", "study.yaml")
        self.good("run", "study.yaml", "--trials", "3")
        self.assertEqual(json.loads(self.good("status", "--json").out)["trials"]["complete"], 3)

    def test_a_file_that_exists_stays_unless_it_is_forced(self):
        self.write("study.yaml", "mine\n")
        done = self.hone("init", "--", "python3", "program.py")
        self.assertEqual(done.code, 2)
        self.assertIn("study.yaml exists already and stays as it is", done.err)
        self.assertEqual(self.read("study.yaml"), "mine\n")
        self.good("init", "--force", "--", "python3", "program.py")
        self.assertIn("learning-rate", self.read("study.yaml"))

    def test_a_dangling_link_is_not_written_through(self):
        os.symlink("elsewhere.yaml", self.path("study.yaml"))
        self.assertEqual(self.hone("init", "--", "python3", "program.py").code, 2)
        self.assertFalse(os.path.exists(self.path("elsewhere.yaml")))

    def test_output_goes_where_it_is_asked_to(self):
        done = self.good("init", "-o", "-", "--", "python3", "program.py")
        self.assertTrue(done.out.startswith("# Made by hone init from: python3 program.py --help\n"))
        self.assertFalse(os.path.exists(self.path("study.yaml")))
        self.good("init", "-o", "other.yaml", "--", "python3", "program.py")
        self.assertEqual(self.read("other.yaml"), done.out)

    def test_a_saved_help_text_needs_no_program(self):
        text = subprocess.run(["python3", "program.py", "--help"], cwd=self.folder, stdout=subprocess.PIPE, text=True,
                              check=True).stdout
        self.write("help.txt", text)
        os.remove(self.path("program.py"))
        self.good("init", "--from-help", "help.txt", "--maximize", "val_accuracy", "--", "python3", "program.py")
        by_file = self.read("study.yaml")
        done = self.good("init", "--from-help", "-", "-o", "-", "--maximize", "val_accuracy", "--", "python3", "program.py",
                         stdin=text)
        self.assertEqual(done.out, by_file)

    def test_json_says_what_was_proposed(self):
        row = self.good("init", "--json", "--", "python3", "program.py").rows[0]
        self.assertEqual(row["parameters"], ["learning-rate", "dropout"])
        self.assertEqual(row["file"], "study.yaml")
        self.assertEqual((row["metric"], row["metric_found"], row["missing"]), ("val_accuracy", True, []))

    def test_help_that_comes_on_stderr_with_a_failure_is_read(self):
        self.write("old.py", 'import sys\nsys.stderr.write("usage: old [options]\\n\\n  --lr RATE  rate (default: 0.5)\\n")\nsys.exit(1)\n')
        self.good("init", "--", "python3", "old.py")
        self.assertIn("lr: {min: 0.05, max: 5.0", self.read("study.yaml"))

    def test_programs_without_options_are_told(self):
        self.write("none.py", "raise SystemExit('ModuleNotFoundError: no torch')\n")
        done = self.hone("init", "--", "python3", "none.py")
        self.assertEqual(done.code, 2)
        self.assertIn("no options in python3 none.py --help; it ends:\n  | ModuleNotFoundError: no torch", done.err)
        self.write("silent.py", "")
        self.assertIn("the output of python3 silent.py --help is empty", self.hone("init", "--", "python3", "silent.py").err)

    def test_programs_that_do_not_exist_are_told(self):
        done = self.hone("init", "--", "python3", "trian.py")
        self.assertEqual(done.code, 2)
        self.assertIn("there is no file trian.py", done.err)
        self.assertIn("there is no program 'pythn' in PATH", self.hone("init", "--", "pythn", "program.py").err)

    def test_no_program_names_a_script_of_the_folder(self):
        done = self.hone("init")
        self.assertEqual(done.code, 2)
        self.assertIn("hone init -- python train.py", done.err)

    def test_subcommands_are_asked_for(self):
        self.write("cli.py", 'print("Usage: cli [OPTIONS] COMMAND\\n\\nCommands:\\n  train  Trains.\\n  eval   Evaluates.")\n')
        done = self.hone("init", "--", "python3", "cli.py")
        self.assertIn("python3 cli.py has commands: train, eval", done.err)
        self.assertIn("hone init -- python3 cli.py train", done.err)

    def test_a_terminal_is_asked_for_the_metric(self):
        self.write("bare.py", PROGRAM.replace("val_accuracy", "elo"))
        leader, follower = pty.openpty()
        process = subprocess.Popen([HONE, "init", "--", "python3", "bare.py"], cwd=self.folder, env=self.environment(),
                                   stdin=follower, stdout=subprocess.DEVNULL, stderr=follower, start_new_session=True)
        self.started.append(process)
        os.close(follower)
        asked = b""
        while b"val_loss] " not in asked:
            self.assertTrue(select.select([leader], [], [], 120)[0], asked)
            asked += os.read(leader, 4096)
        os.write(leader, b"val_accuracy\n")
        self.assertEqual(self.wait(process), 0)
        os.close(leader)
        self.assertIn("metric: {name: val_accuracy, goal: maximize}", self.read("study.yaml"))

    @unittest.skipIf(os.geteuid() != 0, "only root can mount a file system")
    def test_a_full_disk_is_told(self):
        os.mkdir(self.path("full"))
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k", "none", self.path("full")], stderr=subprocess.DEVNULL,
                          check=False).returncode != 0:
            self.skipTest("cannot mount a small file system here")
        try:
            with open(self.path("full/fill"), "wb") as file:
                file.write(b"x" * 4096)
            done = self.hone("init", "-o", "full/study.yaml", "--", "python3", "program.py")
            self.assertEqual(done.code, 1)
            self.assertIn("cannot write full/study.yaml: No space left on device", done.err)
        finally:
            subprocess.run(["umount", self.path("full")], check=True)


if __name__ == "__main__":
    main()
