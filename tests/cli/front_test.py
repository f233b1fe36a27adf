"""Studies with several objectives: they come to a front."""
import csv
import io

from harness import Case, main

# Better fits cost more: every lr below 0.5 is on the front.
PROGRAM = """
import argparse
p = argparse.ArgumentParser()
p.add_argument("--lr", type=float)
p.add_argument("--silent", type=int, default=0)
a, _ = p.parse_known_args()
row = {"accuracy": 1 - (a.lr - 0.5) ** 2, "cost": a.lr}
if a.silent:
    del row["cost"]
print("@hone " + str(row).replace("'", '"'), flush=True)
"""

FRONT = """
program: program.py
method: nsga2
metrics:
  - {name: accuracy, goal: maximize}
  - {name: cost, goal: minimize}
parameters:
  lr: {min: 0.0, max: 1.0, default: 0.9}
budget: {trials: 12}
parallel: 1
seed: 1
"""


# The loss falls along the way; a large rate is worse in both objectives, and leaves time for a verdict.
CURVES = """
import argparse, time
p = argparse.ArgumentParser()
p.add_argument("--lr", type=float)
a, _ = p.parse_known_args()
for epoch in range(1, 10):
    print('@hone {"epoch": %d, "loss": %f, "cost": %f}' % (epoch, a.lr + 1 / epoch, a.lr), flush=True)
    if epoch == 1 and a.lr > 0.6:
        time.sleep(20)
"""

HALVED = """
program: program.py
method: random
metrics:
  - {name: loss, goal: minimize}
  - {name: cost, goal: minimize}
parameters:
  lr: {min: 0.0, max: 1.0}
fidelity: {name: epoch, min: 1, max: 9}
scheduler: moasha
budget: {trials: 12}
parallel: 1
seed: 1
"""


class Front(Case):
    def setUp(self):
        super().setUp()
        self.write("program.py", PROGRAM)
        self.write("study.yaml", FRONT)

    def expected(self):
        """Trials of the front by the definition, from the exported table."""
        rows = list(csv.DictReader(io.StringIO(self.good("export", "--what", "trials").out)))
        values = [(float(r["accuracy"]), -float(r["cost"])) for r in rows]
        on = {i for i, a in enumerate(values)
              if not any(b != a and b[0] >= a[0] and b[1] >= a[1] for b in values)}
        self.assertEqual({i for i, r in enumerate(rows) if r["front"] == "true"}, on)
        return on

    def test_moasha_stops_what_others_dominate_and_other_schedulers_are_refused(self):
        self.write("program.py", CURVES)
        self.write("study.yaml", HALVED)
        self.good("validate", "study.yaml")
        self.good("run", "study.yaml")
        trials = self.good("show", "study", "--json").rows
        stopped = [t for t in trials if t["state"] == "stopped"]
        self.assertTrue(stopped)
        for trial in stopped:
            self.assertRegex(trial["reason"], r"rung \d: \d+ of \d+ dominate it")
            if trial["config"]["lr"] > 0.6:
                self.assertEqual(trial["reached"], 1, "both objectives of the first epoch are known when it is judged")
        best = min(trials, key=lambda t: t["config"]["lr"])
        self.assertEqual(best["state"], "complete")
        self.write("study.yaml", HALVED.replace("moasha", "{type: asha, eta: 3}"))
        refused = self.hone("validate", "study.yaml")
        self.assertEqual(refused.code, 2)
        self.assertIn("study.yaml:10:19: error: asha compares trials by one objective, and the study has 2: use moasha", refused.err)

    def test_a_run_ends_with_the_front(self):
        done = self.good("run", "study.yaml")
        self.assertIn("maximize accuracy, minimize cost", done.err + done.out)
        on = self.expected()
        self.assertIn(f"{len(on)} of 12 trials", done.out)
        self.assertIn("% of the box", done.out)
        self.assertNotIn("Best of", done.out)

    def test_best_and_status_show_the_front(self):
        self.good("run", "study.yaml", "--quiet")
        on = self.expected()
        best = self.good("best", "--json").rows[0]
        self.assertEqual({trial["trial"] for trial in best["front"]}, on)
        self.assertGreater(best["hypervolume"], 0.3)
        self.assertIn(f"front     {len(on)} trial", self.good("status").out)

    def test_one_configuration_of_a_front_is_asked_for_by_its_trial(self):
        self.good("run", "study.yaml", "--quiet")
        done = self.hone("best", "--config")
        self.assertEqual(done.code, 2)
        self.assertIn("no single best trial", done.err)
        self.assertIn("hone show", done.err)

    def test_a_trial_that_does_not_report_every_objective_fails(self):
        text = FRONT.replace("default: 0.9}", "default: 0.9}\n  silent: {value: 1}").replace("trials: 12", "trials: 1")
        self.write("study.yaml", text)
        done = self.hone("run", "study.yaml")
        self.assertIn("without reporting cost", done.out + done.err)

    def test_samplers_of_one_objective_are_refused(self):
        self.write("study.yaml", FRONT.replace("nsga2", "cmaes"))
        done = self.hone("run", "study.yaml")
        self.assertEqual(done.code, 2)
        self.assertRegex(done.err, r"study.yaml:3:9: error: .*takes one objective")
        self.assertIn("nsga2", done.err)


if __name__ == "__main__":
    main()
