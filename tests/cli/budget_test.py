"""Budgets, trials that run out of memory, replicates that race, and checkpoints that go: with real programs."""
import json
import os
import re

from harness import Case, main

# Memory for eight samples at a time.
SHORT_OF_MEMORY = """
import argparse, sys
p = argparse.ArgumentParser()
p.add_argument("--lr", type=float)
p.add_argument("--batch", type=int)
p.add_argument("--steps", type=int)
a = p.parse_args()
if a.batch > 8:
    sys.exit("torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 MiB")
print({"epoch": 1, "val_loss": (a.lr - 0.3) ** 2})
"""

MEMORY_STUDY = """
program: program.py
method: random
metric: {name: val_loss, goal: minimize}
parameters:
  lr: {min: 0.001, max: 1.0, distribution: log_uniform_values, default: 0.01}
  batch: {values: [4, 8, 16, 32], default: 32}
  steps: {min: 1, max: 4, default: 1}
on_gpu_oom: {halve: batch, double: steps}
run_default_first: true
budget: {trials: 3}
parallel: 2
seed: 1
"""

# The loss has a spread of 0.02 between seeds.
NOISY = """
import argparse, os
p = argparse.ArgumentParser()
p.add_argument("--lr", type=float)
a, _ = p.parse_known_args()
noise = (int(os.environ["HONE_SEED"]) * 2654435761 % 1000 / 1000 - 0.5) * 0.04
print({"epoch": 1, "val_loss": abs(a.lr - 0.3) + noise}, flush=True)
"""

SAVES = """
import argparse, os
p = argparse.ArgumentParser()
p.add_argument("--lr", type=float)
a, _ = p.parse_known_args()
for epoch in range(1, 4):
    folder = os.path.join(os.environ["HONE_CHECKPOINT_DIR"], "state-%d" % epoch)
    os.mkdir(folder)
    open(os.path.join(folder, "weights"), "w").write("x" * 1000)
    open(os.path.join(folder, "done"), "w").close()
    print({"epoch": epoch, "val_loss": (a.lr - 0.3) ** 2 + 1.0 / epoch}, flush=True)
"""

# Each run says what it has cost so far.
COSTS = """
for epoch in range(1, 4):
    print({"epoch": epoch, "val_loss": 1.0 / epoch, "dollars": 0.5 * epoch}, flush=True)
"""


class Memory(Case):
    def test_a_trial_out_of_memory_is_followed_by_smaller_ones(self):
        self.write("program.py", SHORT_OF_MEMORY)
        self.write("study.yaml", MEMORY_STUDY)
        done = self.good("run", "study.yaml")
        self.assertIn("trial 0 ran out of GPU memory: batch 32 → 16, steps 1 → 2", done.out)
        rows = self.good("show", "--json").rows
        chain = [rows[0]]
        while chain[-1]["state"] == "failed":
            chain.append(next(row for row in rows if row.get("parent") == chain[-1]["trial"]))
        self.assertEqual([(row["config"]["batch"], row["config"]["steps"]) for row in chain], [(32, 1), (16, 2), (8, 4)])
        self.assertEqual([row["origin"] for row in chain[1:]], ["retry with change"] * 2)
        own = [row for row in rows if row["origin"] != "retry with change"]
        self.assertEqual(len(own), 3)  # the others do not count against the budget
        shown = self.good("show", "study/%d" % chain[1]["trial"]).out
        self.assertIn("proposed: trial 0 ran out of GPU memory: batch 32 → 16, steps 1 → 2", shown)

    def test_a_chain_ends_and_says_why(self):
        self.write("program.py", SHORT_OF_MEMORY.replace("> 8", "> 2"))
        self.write("study.yaml", MEMORY_STUDY.replace("trials: 3", "trials: 1"))
        done = self.hone("run", "study.yaml")
        self.assertEqual(done.code, 3)  # no usable trial
        self.assertIn("is not tried again: batch is 4 and cannot be halved", done.out)


class Budget(Case):
    def test_a_budget_of_money_ends_the_study_and_says_what_was_used(self):
        self.study(("metric: {name: val_loss, goal: minimize}", "metrics: [{name: val_loss}, {name: dollars, role: cost}]"),
                   ("budget: {trials: 4}", "budget: {cost: 4.5}"), ("parallel: 2", "parallel: 1"), program=COSTS)
        self.good("run", "study.yaml")
        status = json.loads(self.good("status", "--json").out)
        self.assertEqual(status["reason"], "budget of cost 4.5 used (4.5)")
        self.assertEqual(status["budget"], {"cost": {"used": 4.5, "limit": 4.5}})
        self.assertIn("cost 4.5 of 4.5", self.good("status").out)

    def test_a_budget_of_epochs_counts_all_runs(self):
        self.study(("budget: {trials: 4}", "budget: {fidelity: 9}"), ("parallel: 2", "parallel: 1"))
        self.good("run", "study.yaml")
        self.assertEqual(json.loads(self.good("status", "--json").out)["reason"], "budget of 9 epochs used (9)")
        self.assertIn("9 epochs", self.good("validate", "study.yaml").out)

    def test_a_budget_of_processor_time_ends_what_runs(self):
        self.study(("budget: {trials: 4}", "budget: {cpu: 1s}"), program="""
import time
print({"epoch": 1, "val_loss": 1.0}, flush=True)
while True:
    time.sleep(0.05)
""")
        done = self.hone("run", "study.yaml")
        self.assertIn(done.code, (0, 3), done.out + done.err)
        self.assertRegex(json.loads(self.good("status", "--json").out)["reason"], r"budget of 1\.0 s CPU time used \(")


class Replicates(Case):
    def test_only_contenders_get_all_their_replicates(self):
        self.study(("budget: {trials: 4}", "budget: {trials: 12}\nreplicates: {count: 3, racing: true}"),
                   ("parallel: 2", "parallel: 1"), ("fidelity: {name: epoch, min: 1, max: 3}\n", ""), program=NOISY)
        done = self.good("run", "study.yaml", "--json")
        runs = {}
        for row in done.rows:
            if row["event"] == "run_queued":
                runs[row["trial"]] = runs.get(row["trial"], 0) + 1
        self.assertEqual(runs[0], 3)  # the spread is not known yet
        self.assertIn(1, runs.values())
        best = json.loads(self.good("best", "--json").out)
        self.assertEqual(best["n"], 3)
        self.assertEqual(runs[best["trial"]], 3)
        dropped = [row for row in self.good("show", "--json").rows if runs[row["trial"]] == 1]
        self.assertRegex(dropped[0]["reason"], r"^1 of 3 replicates: val_loss \S+ worse than \S+ of trial \d+ \(p = ")

    def test_confirming_says_how_sure_the_winner_is(self):
        self.study(("budget: {trials: 4}", "budget: {trials: 4}\nconfirm: {top: 2, seeds: 4}"),
                   ("fidelity: {name: epoch, min: 1, max: 3}\n", ""), program=NOISY)
        done = self.good("run", "study.yaml")
        self.assertRegex(done.out.replace("\n ", ""), r"best\s+of\s+them\s+with\s+a\s+chance\s+of\s+(over )?\d+\s%")
        best = json.loads(self.good("best", "--json").out)
        low, high = best["interval"]
        self.assertLess(low, best["value"])
        self.assertLess(best["value"], high)
        summary = json.loads(self.good("status", "--json").out)
        self.assertAlmostEqual(sum(one["chance_of_best"] for one in summary["confirmations"]), 1, places=6)


class Checkpoints(Case):
    def left(self):
        trials = self.path(".hone/trials/study")
        return {int(number): sorted(os.listdir(os.path.join(trials, number, "checkpoints")))
                for number in os.listdir(trials) if re.fullmatch(r"\d+", number)}

    def test_the_newest_of_each_trial_stays(self):
        self.study(("budget: {trials: 4}", "budget: {trials: 4}\ncheckpoint: {path: \"${trial_dir}/checkpoints/state-*\", "
                    "ready: done, keep: last}"), program=SAVES)
        self.good("run", "study.yaml")
        self.assertEqual(self.left(), {number: ["state-3"] for number in range(4)})

    def test_the_best_trials_alone_stay(self):
        self.study(("budget: {trials: 4}", "budget: {trials: 4}\ncheckpoint: {path: \"${trial_dir}/checkpoints/state-*\", "
                    "ready: done, keep: best}"), program=SAVES)
        self.good("run", "study.yaml")
        best = json.loads(self.good("best", "--json").out)["trial"]
        self.assertEqual(self.left(), {number: ["state-3"] if number == best else [] for number in range(4)})

    def test_all_stay_unless_somebody_asks(self):
        self.study(("budget: {trials: 4}", "budget: {trials: 2}\ncheckpoint: {path: \"${trial_dir}/checkpoints/state-*\", "
                    "ready: done}"), program=SAVES)
        self.good("run", "study.yaml")
        every = ["state-1", "state-2", "state-3"]
        self.assertEqual(self.left(), {0: every, 1: every})
        self.assertIn("would remove", self.good("clean", "--checkpoints", "--keep", "1").out)
        self.assertEqual(self.left(), {0: every, 1: every})
        best = json.loads(self.good("best", "--json").out)["trial"]
        done = json.loads(self.good("clean", "--checkpoints", "--keep", "1", "--yes", "--json").out)
        self.assertEqual((done["trials"], done["bytes"]), (2, 5000))
        self.assertEqual(self.left(), {number: ["state-3"] if number == best else [] for number in range(2)})
        self.assertTrue(os.path.exists(self.path(".hone/trials/study/%d/config.json" % (1 - best))))


if __name__ == "__main__":
    main()
