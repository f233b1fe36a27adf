"""Population-based training with real processes: forks go on from copies of checkpoints, nothing is lost when hone is killed, and
the winner's way can be trained anew."""
import json
import os
import signal

from harness import Case, interrupt, main

# Its state is a number that only grows by `rate` a step; the loss says how far it is from what it should be. It saves before it
# reports, by renaming, and says with what it began.
TRAIN = """
import argparse, json, os, sys, time
p = argparse.ArgumentParser()
p.add_argument("--rate", type=float)
p.add_argument("--state")
p.add_argument("--resume")
a = p.parse_args()
state = {"step": 0, "x": 0.0, "rates": []}
if a.resume:
    state = json.load(open(a.resume))
while state["step"] < 12:
    state["step"] += 1
    state["x"] += a.rate
    state["rates"].append(a.rate)
    with open(a.state + ".draft", "w") as file:
        json.dump(state, file)
    os.rename(a.state + ".draft", a.state)
    print("@hone " + json.dumps({"step": state["step"], "loss": abs(12.0 - state["x"])}), flush=True)
    time.sleep(0.05)
"""

STUDY = """
name: study
command: [python3, train.py, "${args}", --state, "${trial_dir}/state.json"]
metric: {name: loss, goal: minimize}
method: random
seed: 3
scheduler: {type: pbt, population: 4, interval: 3, quantile: 0.25}
fidelity: {name: step, min: 1, max: 12}
checkpoint: {path: "${trial_dir}/state.json", args: [--resume, "${checkpoint}"]}
parallel: 2
parameters:
  rate: {min: 0.1, max: 2.0}
"""


class Population(Case):
    def setUp(self):
        super().setUp()
        self.write("train.py", TRAIN)
        self.write("study.yaml", STUDY)

    def shown(self, trial):
        return json.loads(self.good("show", "study/%d" % trial, "--json").out)

    def reports(self):
        return len(self.hone("export", "--what", "reports", "--format", "jsonl").out.splitlines())

    def trials(self):
        return [json.loads(line) for line in self.good("export", "--what", "trials", "--format", "jsonl").out.splitlines()]

    def check_lineages(self):
        """Every trial that came to its end trained twelve steps, under the rates that its ancestors had."""
        forks = 0
        for trial in self.trials():
            if trial["state"] != "complete":
                continue
            number = trial["trial"]
            path = ".hone/trials/study/%d/state.json" % number
            rates = json.loads(self.read(path))["rates"]
            self.assertEqual(len(rates), 12, trial)
            schedule = [json.loads(line) for line in self.good("replay", "study/%d" % number, "--print").out.splitlines()]
            forks += len(schedule) > 1
            expected = []
            for step, following in zip(schedule, schedule[1:] + [{"from": 12}]):
                expected += [step["config"]["rate"]] * int(following["from"] - step["from"])
            self.assertEqual(rates, expected, trial)
        return forks

    def test_members_that_lag_go_on_from_the_leaders_checkpoints(self):
        self.good("run", "study.yaml")
        self.assertGreater(self.check_lineages(), 0)
        best = json.loads(self.good("best", "study", "--json").out)["trial"]
        before = self.shown(best)
        schedule = self.good("replay", "study/%d" % best, "--print").out.splitlines()
        shown = [(step["from"], step["config"]) for step in before.get("lineage", [])]
        self.assertEqual(shown, [] if len(schedule) == 1 else
                         [(step["from"], step["config"]) for step in map(json.loads, schedule)])
        self.good("replay", "study/%d" % best, "--name", "again")
        again = json.loads(self.good("best", "again", "--json").out)
        self.assertAlmostEqual(again["value"], before["values"]["loss"])
        self.assertIn("lineage", self.good("show", "study/%d" % best).out if len(schedule) > 1 else "lineage")
        if len(schedule) > 1:
            self.assertIn("hone replay study/%d" % best, self.good("best", "study").out)
        refused = self.hone("replay", "study/%d" % best, "--name", "again")
        self.assertEqual(refused.code, 2)
        self.assertIn("there is a study 'again' already", refused.err)

    def test_what_a_population_lacks_is_told_at_its_place_before_anything_starts(self):
        lines = [line for line in STUDY.splitlines() if not line.startswith("checkpoint:")]
        text = "\n".join(lines).replace("quantile: 0.25", "mutate: [raet]")
        self.write("study.yaml", text)
        row = next(i for i, line in enumerate(text.splitlines(), 1) if line.startswith("scheduler:"))
        column = text.splitlines()[row - 1].index("pbt") + 1
        mutate = text.splitlines()[row - 1].index("[raet]") + 1
        for command in ("validate", "run"):
            done = self.hone(command, "study.yaml")
            self.assertEqual(done.code, 2, done.out + done.err)
            self.assertIn("study.yaml:%d:%d: error: pbt copies checkpoints from one trial to another: declare checkpoint" %
                          (row, column), done.err)
            self.assertIn("study.yaml:%d:%d: error: scheduler.mutate: 'raet' is no searched parameter. Did you mean 'rate'?" %
                          (row, mutate), done.err)
            self.assertIn("2 errors", done.err)
        self.assertFalse(os.path.exists(self.path(".hone/store.sqlite")))

    def test_killed_in_the_middle_it_loses_nothing(self):
        for reports in (6, 20, 35):
            process = self.start("run", "study.yaml")
            self.until(lambda: self.reports() >= reports, "%d reports" % reports)
            interrupt(process, signal.SIGKILL)
            self.wait(process)
            if reports == 20:  # programs go on alone, ahead of what is known of them
                self.until(lambda: not self.living(), "the end of the programs")
        self.good("run", "study.yaml")
        self.check_lineages()
        states = [trial["state"] for trial in self.trials()]
        self.assertEqual(sum(state == "failed" for state in states), 0, states)


if __name__ == "__main__":
    main()
