"""Detectors on real programs: one that diverges, one that stands still, one that stops reporting, one that gets worse."""
from harness import Case, main

TRAIN = """
import argparse, time
p = argparse.ArgumentParser()
p.add_argument("--mode")
p.add_argument("--waits", type=int)
a = p.parse_args()
for epoch in range(41):
    good = 2.0 * 0.9 ** epoch
    value = {"good": good,
             "nan": good if epoch < 7 else float("nan"),
             "diverges": good if epoch < 10 else 9.0 + epoch,
             "spike": 50.0 if epoch == 10 else good,
             "stands": max(good, 1.5) + 0.001 * (epoch % 3),
             "overfits": good if epoch < 12 else 2.0 * 0.9 ** 12 + 0.1 * (epoch - 12),
             "silent": good}[a.mode]
    print("@hone", '{"epoch": %d, "train_loss": %.6g}' % (epoch, 2.0 * 0.85 ** epoch), flush=True)
    if a.mode != "silent" or epoch < 12:
        print("@hone", '{"epoch": %d, "val_loss": %s}' % (epoch, value), flush=True)
while a.waits:  # for its end, however long that takes
    time.sleep(0.02)
"""

STUDY = """
command: [python3, train.py, "${args}"]
method: METHOD
metrics: [{name: val_loss}, {name: train_loss, role: tracked}]
parameters:
  mode: {values: [MODES]}
  waits: {value: WAITS}
fidelity: {name: epoch, min: 1, max: 40}
run_default_first: false
parallel: 1
budget: {trials: COUNT}
limits: {retries: 0, same_failures: 0}
DETECTORS
"""


class Detectors(Case):
    def study_of(self, modes, detectors="", waits=0, method="sobol"):
        self.write("train.py", TRAIN)
        self.write("study.yaml", STUDY.replace("METHOD", method).replace("MODES", ", ".join(modes))
                   .replace("COUNT", str(len(modes))).replace("DETECTORS", detectors).replace("WAITS", str(waits)))

    def by_mode(self):
        """The trials as `hone show --json` tells them, by their mode."""
        return {row["config"]["mode"]: row for row in self.good("show", "study", "--json").rows}

    def run_each(self, modes, detectors="", waits=0):
        """A study of one trial for each mode: what `hone show --json` tells of it, and what `hone run` printed."""
        rows = {}
        for mode in modes:
            self.study_of([mode], detectors, waits)
            done = self.hone("run", "study.yaml", "--name", mode)
            rows[mode] = (self.good("show", mode, "--json").rows[0], done.out)
        return rows

    def test_by_default_they_stop_what_is_hopeless_and_warn_of_the_rest(self):
        rows = self.run_each(["good", "nan", "diverges", "spike", "stands", "overfits", "silent"])
        state = {mode: row["state"] for mode, (row, _) in rows.items()}
        self.assertEqual(state, {"good": "complete", "nan": "failed", "diverges": "failed", "spike": "complete",
                                 "stands": "complete", "overfits": "complete", "silent": "complete"})
        self.assertEqual(rows["nan"][0]["failure"], "nan")
        self.assertEqual(rows["diverges"][0]["failure"], "diverged")
        warned = {mode: [w["detector"] for w in row.get("warnings", [])] for mode, (row, _) in rows.items()}
        self.assertEqual(warned["good"], [])
        self.assertEqual(warned["spike"], [])
        self.assertEqual(warned["stands"], ["plateau"])
        self.assertIn("overfitting", warned["overfits"])
        self.assertEqual(warned["silent"], ["missing_metric"])
        self.assertIn("warning  val_loss has not improved since epoch", rows["stands"][1])
        self.assertIn("warning (plateau): val_loss has not improved", self.good("show", "stands/0").out)
        self.assertIn("plateau in 1 trial (0)", self.good("status", "stands").out)

    def test_the_study_file_says_what_is_done(self):
        detectors = "detectors: {nan: warn, plateau: stop, missing_metric: stop}"
        rows = self.run_each(["nan"], detectors) | self.run_each(["stands", "silent"], detectors, waits=1)
        self.assertEqual(rows["nan"][0]["warnings"][0]["detector"], "nan")
        self.assertEqual(rows["stands"][0]["state"], "stopped")
        self.assertIn("has not improved", rows["stands"][0]["reason"])
        self.assertIn("val_loss", rows["stands"][0]["values"])
        self.assertEqual(rows["silent"][0]["state"], "stopped")

    def test_they_can_be_off(self):
        rows = self.run_each(["diverges", "stands"], "detectors: off")
        self.assertEqual({row["state"] for row, _ in rows.values()}, {"complete"})
        self.assertTrue(all("warnings" not in row for row, _ in rows.values()))

    def test_a_changed_setting_applies_to_a_study_that_goes_on(self):
        self.run_each(["stands"])
        self.write("study.yaml", self.read("study.yaml").replace("trials: 1", "trials: 2") + "detectors: {plateau: stop}\n")
        done = self.hone("run", "study.yaml", "--name", "stands")
        self.assertIn("detectors", done.out + done.err)

    def test_a_sweep_of_grid_or_random_is_only_warned(self):
        self.study_of(["diverges", "nan"], method="grid")
        self.hone("run", "study.yaml")
        rows = self.by_mode()
        self.assertEqual(rows["diverges"]["state"], "complete")
        self.assertIn("divergence", [w["detector"] for w in rows["diverges"]["warnings"]])
        self.assertEqual(rows["nan"]["reached"], 40)

    def test_warnings_are_events_of_the_json_output(self):
        self.study_of(["stands"])
        rows = self.good("run", "study.yaml", "--json").rows
        warnings = [row for row in rows if row["event"] == "warning"]
        self.assertEqual([(row["trial"], row["detector"]) for row in warnings], [(0, "plateau")])


if __name__ == "__main__":
    main()
