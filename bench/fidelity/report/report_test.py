"""The counting of the report on trajectories whose figures can be had by hand; the clock of the peers against hone's."""

import math
import os
import subprocess
import sys
import tempfile
import types
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "peers"), str(HERE.parent.parent / "quality/report")]

import fidelity_page  # noqa: E402
import studies  # noqa: E402
from event_clock import GO, STOP, FullLength, Study, Task, read_tasks  # noqa: E402

PROGRAM = os.environ.get("HONE_FIDELITY", "")
DATA = os.environ.get("HONE_DATA", "")


def row(incumbents, trained="", compute=10, top=4, stopped=1):
    return studies.Study({"trials": 20, "compute": compute, "seconds": 100, "top": top, "top_stopped": stopped,
                          "incumbents": incumbents, "trained": trained})


def task(name="t", goal="minimize", trials=10):
    return types.SimpleNamespace(name=name, goal=goal, best=0.0, typical=1.0, tolerance=0.05, tolerance_from="stated", trials=trials,
                                 values=[[0.0]] * 1000)


def method(name, incumbents, trained=""):
    made = studies.Method(name)
    made.search = {"t": {0: row(incumbents, trained)}}
    made.race = {"t": {0: row(incumbents, trained)}}
    made.dates = {"2026-01-01"}
    return made


class Counting(unittest.TestCase):
    def test_before_anything_is_named_regret_is_one_and_then_that_of_the_named_row(self):
        study = row("2:20:0.6 4:40:0.3 6:60:0.5")
        at = lambda compute: studies.regret(task(), study.value_at(compute))
        self.assertEqual([at(1), at(2), at(5), at(9)], [1.0, 0.6, 0.3, 0.5])

    def test_the_share_to_reach_is_of_what_the_full_length_search_spent(self):
        full, fast = method("none", "4:40:0.4 8:80:0.2"), method("fast", "1:5:0.3 2:10:0.24", "5:50:0.24")
        self.assertEqual(studies.shares_to_reach(fast, full, task(), [0], 0.05), [(0.2, 0.1)])
        self.assertEqual(studies.shares_to_reach(fast, full, task(), [0], 0.05, trained=True), [(0.5, 0.5)])
        self.assertEqual(studies.shares_to_reach(fast, full, task(), [0], 0.03), [(math.inf, math.inf)])
        self.assertEqual(studies.upper_median([0.1, math.inf]), math.inf)

    def test_a_maximised_value_is_reached_from_below(self):
        study = row("1:1:0.5 2:2:0.8")
        self.assertEqual(study.first_within(task(goal="maximize"), 0.75), (2, 2))

    def test_equal_studies_win_by_halves(self):
        a, b = method("a", "1:1:0.5"), method("b", "1:1:0.5")
        self.assertEqual(studies.win_rate(a, b, {"t": task()}, {"t": [0]}, 1), (0.5, 0.5, 0.5))

    def test_wilsons_interval(self):
        low, high = studies.wilson(81, 263)  # Newcombe 1998, table I
        self.assertAlmostEqual(low, 0.2553, places=4)
        self.assertAlmostEqual(high, 0.3662, places=4)

    def test_the_page_is_made_of_every_section(self):
        own = [method("hone_none", "4:40:0.4 8:80:0.2", "4:40:0.4 8:80:0.2"), method("hone_asha", "1:1:0.2", "2:2:0.2")]
        page = fidelity_page.render(own, [method("ray_asha", "1:1:0.1")], {"t": task()}, "hone_asha", "2026-01-01")
        for part in ("Compute to reach", "Paired wins", "Good trials that were stopped", "Where hone loses", "<svg", "ray_asha by 0.100"):
            self.assertIn(part, page)


class StopsSecondLevel:
    """Stops every trial but the first at its second report."""

    def __init__(self, study):
        self.study = study

    def next(self):
        return self.study.new_trial()

    def report(self, trial):
        return STOP if trial.number > 0 and trial.level == 1 else GO

    def complete(self, trial):
        pass

    def best(self):
        return None


class Clock(unittest.TestCase):
    def made(self, goes_on):
        rows = [{"values": [3.0, 2.0, 1.0], "seconds": [1.0, 2.0, 4.0], "config": {}} for _ in range(4)]
        return Task({"name": "t", "family": "f", "goal": "minimize", "levels": [1, 2, 4], "goes_on": goes_on, "trials": 4, "best": 0,
                     "typical": 1, "tolerance": 0, "tolerance_from": "", "rows": rows, "orders": {"0": [2, 0, 1, 3]}})

    def test_a_stopped_trial_costs_what_it_was_trained(self):
        study = Study(self.made(True), 0, StopsSecondLevel, 2, 0.01).run()
        self.assertAlmostEqual(study.spent(), 1 + 3 * 2 / 4)
        self.assertAlmostEqual(study.now, 6.0)  # one worker trains 4 s, the other 2 + 2 + 2
        self.assertEqual([t.row for t in study.trials], [2, 0, 1, 3])

    def test_levels_that_are_trainings_of_their_own_add_up(self):
        study = Study(self.made(False), 0, StopsSecondLevel, 4, 0.01).run()
        self.assertAlmostEqual(study.spent(), (1 + 2 + 4) / 4 + 3 * (1 + 2) / 4)

    @unittest.skipUnless(PROGRAM and DATA, "HONE_FIDELITY names no program, or HONE_DATA no data")
    def test_without_early_stopping_hones_study_and_the_clocks_are_the_same(self):
        with tempfile.TemporaryDirectory() as folder:
            chosen = ["--data", DATA, "--tasks", "peft,algoperf_wmt_jax", "--seeds", "2"]
            subprocess.run([PROGRAM, "export", f"{folder}/tasks.json", *chosen], check=True)
            subprocess.run([PROGRAM, *chosen, "--schedulers", "none", "--trajectories", folder], check=True, capture_output=True)
            own = studies.read_method([Path(folder, "none.csv")])
            tasks, workers, copy_cost = read_tasks(f"{folder}/tasks.json")
        self.assertEqual(len(tasks), 2)
        for of in tasks:
            for seed in (0, 1):
                study = Study(of, seed, FullLength, workers, copy_cost, compute=of.trials, trials=of.trials).run()
                known = own.search[of.name][seed]
                self.assertAlmostEqual(study.spent(), known.compute, places=4)
                self.assertEqual([f"{v:.10g}" for _, _, v in study.incumbents], [f"{v:.10g}" for _, _, v in known.incumbents])
                for (a, s, _), (b, t, _) in zip(study.incumbents, known.incumbents):
                    self.assertAlmostEqual(a, b, delta=1e-3)
                    self.assertAlmostEqual(s, t, delta=1e-3 * max(1, t))


if __name__ == "__main__":
    unittest.main()
