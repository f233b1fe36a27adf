"""hone run: new studies, studies that go on, results, failures and their exit codes."""
import json
import os
import stat
import subprocess

from harness import Case, main


# The trial that is worse than all before it at its first epoch is stopped there, however long that takes.
WORST_WAITS = """
import argparse, os, time
p = argparse.ArgumentParser()
p.add_argument("--lr", type=float)
a, _ = p.parse_known_args()
loss = (a.lr - 0.3) ** 2
before = [float(line) for line in open("seen")] if os.path.exists("seen") else []
with open("seen", "a") as file:
    print(loss, file=file)
for epoch in range(1, 4):
    print({"epoch": epoch, "val_loss": loss + 1.0 / epoch}, flush=True)
    while before and loss > max(before):
        time.sleep(0.02)
"""


class Run(Case):
    def test_finds_the_best_and_compares_it_with_the_defaults(self):
        done = self.good("run", "study.yaml")
        self.assertIn("trial 0 started (defaults)", done.out)
        self.assertRegex(done.out, r"Best of 4 trials: trial \d, val_loss 0\.\d+.*(below the defaults|)")
        self.assertIn("Reproduce: ", done.out)
        self.assertNotIn("\x1b", done.out)

    def test_reproduces_its_best_by_the_command_it_names(self):
        done = self.good("run", "study.yaml", "--quiet")
        command = [line for line in done.out.splitlines() if line.startswith("Reproduce: ")][0][len("Reproduce: "):]
        value = json.loads(self.good("best", "--json").out)["value"]
        again = subprocess.run(["bash", "-c", command], cwd=self.folder, stdout=subprocess.PIPE, text=True, check=True).stdout
        self.assertIn(str(value), again)

    def test_prints_one_json_object_a_line(self):
        rows = self.good("run", "study.yaml", "--json").rows
        self.assertEqual(rows[0]["event"], "start")
        self.assertEqual(rows[-1]["event"], "summary")
        self.assertEqual(rows[-1]["trials"]["complete"], 4)
        self.assertEqual(sum(1 for row in rows if row["event"] == "report"), 12)

    def test_quiet_prints_the_result_only(self):
        done = self.good("run", "study.yaml", "--quiet")
        self.assertTrue(done.out.startswith("Best of 4 trials"))
        self.assertEqual(done.err, "")

    def test_the_same_seed_gives_the_same_configurations(self):
        self.good("run", "study.yaml", "--name", "a", "--parallel", "1")
        self.good("run", "study.yaml", "--name", "b", "--parallel", "1")
        configs = [[row["config"] for row in self.good("show", name, "--json").rows] for name in ("a", "b")]
        self.assertEqual(configs[0], configs[1])

    def test_a_finished_study_shows_its_result_and_the_ways_on(self):
        self.good("run", "study.yaml")
        done = self.good("run", "study.yaml")
        self.assertIn("--trials +40", done.out)
        self.assertIn("--new", done.out)
        self.assertEqual(len(self.good("show", "--json").rows), 4)

    def test_more_trials_go_on_with_a_finished_study(self):
        self.good("run", "study.yaml")
        self.good("run", "study.yaml", "--trials", "+2")
        self.assertEqual(len(self.good("show", "--json").rows), 6)

    def test_new_starts_a_study_beside_the_old_one(self):
        self.good("run", "study.yaml")
        self.good("run", "study.yaml", "--new")
        self.assertEqual(self.good("list", "--names").out.split(), ["study", "study-2"])

    def test_a_wider_range_applies_to_an_existing_study(self):
        self.good("run", "study.yaml")
        self.study(("max: 1.0", "max: 2.0"), ("trials: 4", "trials: 6"))
        done = self.good("run", "study.yaml")
        self.assertIn("changed:", done.err)
        self.assertEqual(len(self.good("show", "--json").rows), 6)

    def test_another_metric_asks_for_a_new_study(self):
        self.good("run", "study.yaml")
        self.study(("name: val_loss", "name: other"))
        done = self.hone("run", "study.yaml")
        self.assertEqual(done.code, 2)
        self.assertIn("--new", done.err)

    def test_mistakes_in_the_file_are_shown_and_nothing_starts(self):
        self.study(("min: 0.001, max: 1.0", "min: 1.0, max: 0.001"))
        done = self.hone("run", "study.yaml")
        self.assertEqual(done.code, 2)
        self.assertIn("study.yaml:6:", done.err)
        self.assertIn("nothing was started", done.err)
        self.assertFalse(os.path.exists(self.path(".hone")))

    def test_runs_straight_from_a_command(self):
        done = self.good("run", "--minimize", "val_loss", "--method", "random", "--trials", "3", "--", "python3", "train.py",
                         "--lr", "~log(1e-3,1)", "--epochs", "2")
        self.assertIn("Best of 3 trials", done.out)
        self.assertEqual(self.good("list", "--names").out.split(), ["train"])

    def test_everything_it_writes_is_private(self):
        self.good("run", "study.yaml")
        for folder, folders, files in os.walk(self.path(".hone")):
            for name in files + folders:
                mode = os.lstat(os.path.join(folder, name)).st_mode
                self.assertFalse(stat.S_IMODE(mode) & 0o077, os.path.join(folder, name))

    def test_early_stopping_says_what_it_saved(self):
        self.study(("budget: {trials: 4}", "budget: {trials: 8}\nscheduler: {type: asha, eta: 2}"), ("parallel: 2", "parallel: 1"),
                   program=WORST_WAITS)
        done = self.good("run", "study.yaml")
        self.assertRegex(done.out, r"trial \d stopped at epoch \d of 3")
        self.assertRegex(done.out, r"early stopping saved \d+ % of the steps")

    def test_confirms_the_best_with_fresh_seeds(self):
        self.study(("budget: {trials: 4}", "budget: {trials: 4}\nconfirm: {top: 1, seeds: 2}"))
        done = self.good("run", "study.yaml")
        self.assertRegex(done.out, r"val_loss \S+ ± \S+ \(2 seeds\)")


class Failures(Case):
    def test_the_first_trials_failing_alike_end_the_study(self):
        self.study(program="import sys\nprint('getting ready')\nimport no_such_module\n")
        done = self.hone("run", "study.yaml")
        self.assertEqual(done.code, 3)
        self.assertIn("  | ModuleNotFoundError: No module named 'no_such_module'", done.out)
        self.assertIn("hone retry study && hone resume study", done.out)
        self.assertIn("failed the same way", done.out)
        self.assertIn("trial 0 started again (attempt 2): the program ended with exit code 1: ModuleNotFoundError", done.out)

    def test_a_mended_program_is_retried(self):
        self.study(program="import sys\nsys.exit(3)\n")
        self.assertEqual(self.hone("run", "study.yaml").code, 3)
        self.write("program.py", self.read("train.py"))
        self.assertIn("queued again", self.good("retry", "study").out)
        done = self.good("run", "study.yaml")
        self.assertIn("Best of 4 trials", done.out)

    def test_a_metric_that_never_comes_is_told_with_what_was_seen(self):
        self.study(program="print({'epoch': 1, 'eval_loss': 0.5, 'accuracy': 0.9})\n")
        done = self.hone("run", "study.yaml")
        self.assertEqual(done.code, 3)
        self.assertIn("'val_loss' never came; the programs reported: ", done.out)
        self.assertIn("eval_loss", done.out)
        self.assertIn("Did you mean metric: {name: eval_loss}?", done.out)

    def test_a_program_that_is_not_there_is_named(self):
        self.study(("program: train.py", "command: [./missing, \"${args}\"]"))
        done = self.hone("run", "study.yaml")
        self.assertEqual(done.code, 2)
        self.assertIn("missing", done.err)

    def test_a_program_that_no_folder_of_path_holds_starts_nothing(self):
        done = self.hone("run", "--minimize", "loss", "--", "no-such-program", "--lr", "~(0,1)")
        self.assertEqual((done.code, done.out), (2, ""))
        self.assertIn("the program 'no-such-program' is in no folder of PATH: nothing was started", done.err)

    def test_some_failures_do_not_end_it(self):
        self.study(("trials: 4", "trials: 6"), program="import os, sys\nn = int(os.environ['HONE_TRIAL'])\n"
                   "sys.exit('no luck') if n % 2 else print({'epoch': 1, 'val_loss': n})\n")
        done = self.good("run", "study.yaml")
        self.assertIn("3 failed (exit code)", done.out)
        self.assertIn("trial 0, val_loss 0", done.out)

    def test_what_is_told_by_the_metrics_file_is_not_taken_from_the_output_too(self):
        self.study(("trials: 4", "trials: 1"), program="""
import json, os
for epoch in (1, 2, 3):
    print({"epoch": epoch * 100, "val_loss": 9.0, "printed": epoch}, flush=True)
    with open(os.environ["HONE_METRICS"], "a") as file:
        file.write(json.dumps({"epoch": epoch, "val_loss": 1.0 / epoch}) + "\\n")
""")
        self.good("run", "study.yaml")
        rows = self.good("export", "study", "--what", "reports", "--format", "jsonl").rows
        self.assertEqual([row["value"] for row in rows if row["fidelity"] <= 3], [1.0, 0.5, 1 / 3])
        points = self.good("export", "study", "--what", "points", "--format", "jsonl").rows
        self.assertEqual([point["value"] for point in points], [1, 2, 3])
        self.assertLessEqual(len(rows), 4)  # the first line may be read before the file is there


if __name__ == "__main__":
    main()
