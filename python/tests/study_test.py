"""hone.Study: ask and tell, the loop, errors, and how a study shows itself."""
import io
import math
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import warnings
from unittest import mock

import hone

SPACE = {"x": {"min": -1.0, "max": 1.0}, "kind": {"values": ["a", "b"]}}


def loss(trial):
    return (trial.params["x"] - 0.3) ** 2 + (0.1 if trial.params["kind"] == "b" else 0.0)


class AskAndTell(unittest.TestCase):
    def test_finds_the_best_of_what_it_was_told(self):
        study = hone.Study(SPACE, metric="loss", seed=1)
        self.assertIsNone(study.best)
        for number in range(20):
            trial = study.ask()
            self.assertEqual(trial.number, number)
            self.assertIsInstance(trial.params["x"], float)
            self.assertIn(trial["kind"], ("a", "b"))
            study.tell(trial, loss(trial))
        best = study.best
        self.assertEqual(best["value"], min(t["value"] for t in study.trials()))
        self.assertLess(best["value"], 0.01)
        self.assertEqual(best["values"], {"loss": best["value"]})
        self.assertEqual(len(study), 20)

    def test_trials_come_one_after_the_other_where_that_is_simpler(self):
        study = hone.Study({"a": {"values": [1, 2, 3]}}, method="grid", seed=1)
        for trial in study.trials_to_run(2):
            trial.finish(trial["a"])
        self.assertEqual(len(study), 2)
        for trial in study.trials_to_run():
            trial.finish(trial["a"])
        self.assertEqual([t["value"] for t in study.trials()].count(None), 0)
        self.assertEqual(len(study), 3)

    def test_equal_seeds_and_answers_give_equal_trials(self):
        runs = [[t["params"] for t in
                 hone.Study(SPACE, seed=seed).optimize(loss, n_trials=15).trials()]
                for seed in (5, 5, 6)]
        self.assertEqual(runs[0], runs[1])
        self.assertNotEqual(runs[0], runs[2])

    def test_more_is_better_where_it_is_said(self):
        study = hone.Study(SPACE, metric="score", direction="maximize", method="random", seed=1)
        study.optimize(lambda trial: trial.params["x"], n_trials=10)
        self.assertEqual(study.best["value"], max(t["value"] for t in study.trials()))

    def test_trials_are_told_by_number_and_in_any_order(self):
        study = hone.Study(SPACE, method="random", seed=1)
        trials = [study.ask() for _ in range(4)]
        for trial in reversed(trials):
            study.tell(trial.number, float(trial.number))
        self.assertEqual(study.best["number"], 0)
        with self.assertRaises(hone.errors.Conflict):
            study.tell(2, 1.0)
        with self.assertRaises(hone.errors.NotFound):
            study.tell(99, 1.0)

    def test_failures_say_how(self):
        study = hone.Study(SPACE, method="random", seed=1)
        study.tell_failed(study.ask(), "diverged", "loss above 1e9")
        study.tell(study.ask(), math.nan)
        states = [(t["state"], t["fail_kind"]) for t in study.trials()]
        self.assertEqual(states, [("failed", "diverged"), ("failed", "nan")])
        self.assertEqual(study.trial(0)["reason"], "loss above 1e9")
        with self.assertRaisesRegex(hone.errors.InvalidInput, "no kind of failure"):
            study.tell_failed(study.ask(), "bored")

    def test_reports_are_the_curve_and_the_hopeless_end_early(self):
        study = hone.Study(SPACE, scheduler="median", fidelity={"name": "epoch", "max": 10},
                           method="random", seed=3, run_default_first=False)
        steps = []

        def train(trial):
            for epoch in range(1, 11):
                steps.append(trial.number)
                if trial.report(epoch, 1.0 + trial.number, lr=0.1):
                    raise hone.Stopped
            return 1.0 + trial.number

        study.optimize(train, n_trials=12)
        trials = study.trials()
        self.assertEqual(trials[0]["curve"][0], [1.0, 1.0])
        self.assertEqual(trials[0]["state"], "complete")
        self.assertEqual(trials[11]["state"], "stopped")
        self.assertTrue(trials[11]["reason"])
        self.assertLess(len(steps), 110)

    def test_without_a_told_value_the_last_report_counts(self):
        study = hone.Study(SPACE, method="random", seed=3)
        trial = study.ask()
        with self.assertRaisesRegex(hone.errors.InvalidInput, "no value was told"):
            study.tell(trial)
        trial.report(value=5.0)
        self.assertFalse(trial.should_stop())
        trial.report(value=3.0)
        trial.finish()
        self.assertEqual(study.trial(0)["value"], 3.0)

    def test_several_metrics(self):
        study = hone.Study(SPACE, metric=[{"name": "loss"}, {"name": "size", "role": "constraint",
                                                             "max": 5}], method="tpe", seed=1)
        study.tell(study.ask(), {"size": 9.0, "loss": 0.1})
        study.tell(study.ask(), {"size": 2.0, "loss": 0.5})
        self.assertEqual(study.best["value"], 0.5)
        with self.assertRaisesRegex(hone.errors.InvalidInput, "loss, size are wanted"):
            study.tell(study.ask(), {"loss": 1.0})

    def test_with_several_objectives_the_result_is_a_front(self):
        metrics = [{"name": "loss"}, {"name": "speed", "goal": "maximize"}]
        study = hone.Study({"x": {"min": 0.0, "max": 1.0}}, metric=metrics, method="random", seed=1)
        self.assertEqual(study.front(), [])
        told = [(0.5, 2.0), (0.2, 1.0), (0.6, 1.5), (0.1, 0.5), (0.2, 0.9)]
        for value, speed in told:
            study.tell(study.ask(), {"loss": value, "speed": speed})
        front = study.front()
        self.assertEqual([(t["values"]["loss"], t["values"]["speed"]) for t in front],
                         [told[0], told[1], told[3]])
        with self.assertRaisesRegex(hone.errors.Conflict, r"2 objectives \(loss, speed\)") as raised:
            study.best
        self.assertIn("front()", raised.exception.hint)
        self.assertIn("minimize loss, maximize speed, 5 trials, a front of 3", repr(study))
        shown = study._repr_html_()
        self.assertIn("<th>speed</th>", shown)
        self.assertNotIn("<svg", shown)
        with mock.patch.object(sys, "stderr", io.StringIO()) as line:
            study.optimize(lambda t: {"loss": 0.0, "speed": 3.0}, n_trials=1, progress=True)
        self.assertIn("front of 1", line.getvalue())

    def test_the_front_of_one_objective_is_the_best(self):
        study = hone.Study(SPACE, seed=1)
        for value in (3.0, 1.0, 2.0):
            study.tell(study.ask(), value)
        self.assertEqual(study.front(), [study.best])

    def test_what_is_enqueued_comes_next(self):
        study = hone.Study(SPACE, seed=1)
        self.assertEqual(study.enqueue({"x": 0.25}), 0)
        trial = study.ask()
        self.assertEqual(trial.params, {"x": 0.25, "kind": "a"})
        with self.assertRaisesRegex(hone.errors.InvalidInput, "did you mean 'kind'"):
            study.enqueue({"kin": "a"})
        with self.assertRaises(hone.errors.InvalidInput):
            study.enqueue({"x": 5.0})

    def test_conditions_and_constraints_hold(self):
        space = {"method": {"values": ["lora", "full"]},
                 "rank": {"values": [4, 8, 16], "when": {"method": "lora"}},
                 "batch": {"values": [8, 16, 32]}, "accumulation": {"values": [1, 2, 4]}}
        study = hone.Study(space, constraints=["batch * accumulation <= 32"], seed=1)
        study.optimize(lambda t: t.params.get("rank", 3) / t.params["batch"], n_trials=15)
        for trial in study.trials():
            params = trial["params"]
            self.assertEqual("rank" in params, params["method"] == "lora")
            self.assertLessEqual(params["batch"] * params["accumulation"], 32)

    def test_a_finite_space_is_covered_and_then_over(self):
        study = hone.Study({"a": {"values": [1, 2]}, "b": {"values": [True, False]}},
                           method="grid", seed=1)
        study.optimize(lambda t: t.params["a"] + t.params["b"])
        self.assertEqual(len(study), 4)
        with self.assertRaises(hone.StudyOver):
            study.ask()

    def test_importance_names_what_mattered(self):
        study = hone.Study({"x": {"min": 0.0, "max": 1.0}, "y": {"min": 0.0, "max": 1.0}},
                           method="random", seed=1)
        self.assertIsNone(study.importance())
        study.optimize(lambda t: 10 * t.params["x"] + 0.01 * t.params["y"], n_trials=40)
        self.assertEqual(next(iter(study.importance())), "x")
        rows = study.importance_table()["parameters"]
        self.assertEqual(rows[0]["parameter"], "x")
        self.assertLessEqual(rows[0]["fanova"]["low"], rows[0]["fanova"]["value"])
        findings = study.findings()
        self.assertEqual((findings[0]["kind"], findings[0]["parameter"]), ("matters", "x"))
        self.assertIn("x explains", findings[0]["text"])


class Mistakes(unittest.TestCase):
    def test_are_those_of_a_study_file(self):
        with self.assertRaises(hone.Error) as raised:
            hone.Study({"lr": {"min": 1.0, "max": 0.1}, "n": {"vals": [1]}})
        self.assertIsInstance(raised.exception, ValueError)
        self.assertEqual(raised.exception.code, "invalid_input")
        self.assertIn("lr", str(raised.exception))
        self.assertIn("did you mean", str(raised.exception).lower())

    def test_of_samplers_and_schedulers_are_told_with_the_others(self):
        with self.assertRaisesRegex(hone.errors.InvalidInput, "(?s)3 mistakes.*declare checkpoint"
                                    ".*no searched parameter.*budget.trials"):
            hone.Study(SPACE, scheduler={"type": "pbt", "mutate": ["z"]}, budget={"trials": 0},
                       fidelity={"name": "epoch", "max": 9})

    def test_are_told_before_a_store_is_made(self):
        with self.assertRaises(hone.Error):
            hone.Study({"x": {"min": 2, "max": 1}}, store="nowhere/at/all")
        self.assertFalse(os.path.exists("nowhere"))

    def test_of_kinds_that_json_lacks(self):
        with self.assertRaisesRegex(hone.errors.InvalidInput, "x.values.1.: object"):
            hone.Study({"x": {"values": [1, object()]}})
        with self.assertRaisesRegex(hone.errors.InvalidInput, "a space is a dict"):
            hone.Study(["x"])
        with self.assertRaisesRegex(hone.errors.InvalidInput, "64 bits"):
            hone.Study({"x": {"values": [1, 1 << 70]}})

    def test_in_values(self):
        study = hone.Study(SPACE, seed=1)
        trial = study.ask()
        for wrong in ("0.5", None, [1.0, 2.0], object()):
            with self.assertRaises(hone.errors.InvalidInput):
                study.tell(trial, wrong)
        study.tell(trial, 1)
        self.assertEqual(study.best["value"], 1.0)

    def test_hints_are_shown(self):
        error = hone.Error("it broke", "mend it")
        self.assertEqual(str(error), "it broke\n  mend it")
        self.assertEqual((error.message, error.hint), ("it broke", "mend it"))

    def test_each_code_of_the_core_has_its_exception(self):
        self.assertEqual(set(hone.errors.BY_CODE), {
            "invalid_input", "not_found", "exists", "conflict", "store", "store_busy", "store_full",
            "store_newer", "store_corrupt", "io", "process", "unsupported", "interrupted"})


class TheLoop(unittest.TestCase):
    def test_goes_on_where_it_was(self):
        study = hone.Study(SPACE, seed=1)
        study.optimize(loss, n_trials=3).optimize(loss, n_trials=4)
        self.assertEqual(len(study), 7)
        study.optimize(loss, n_trials=0)
        self.assertEqual(len(study), 7)

    def test_evaluates_several_at_a_time(self):
        study = hone.Study(SPACE, seed=1)
        together = threading.Barrier(4, timeout=60)

        def evaluate(trial):
            if trial.number < 4:
                together.wait()
            return loss(trial)

        study.optimize(evaluate, n_trials=12, n_jobs=4)
        self.assertEqual(study.status()["complete"], 12)

    def test_raises_what_the_function_raises_and_keeps_the_trial(self):
        study = hone.Study(SPACE, seed=1)

        def fail(trial):
            raise ZeroDivisionError("by design")

        with self.assertRaises(ZeroDivisionError):
            study.optimize(fail, n_trials=3)
        with self.assertRaises(ZeroDivisionError):
            study.optimize(fail, n_trials=3, n_jobs=2)
        study.optimize(fail, n_trials=2, catch=(ZeroDivisionError,))
        self.assertEqual(study.status()["failed"], len(study))
        self.assertIn("by design", study.trial(0)["reason"])

    def test_ends_in_time_and_at_a_budget(self):
        study = hone.Study(SPACE, seed=1)
        study.optimize(loss, timeout=0.0)
        self.assertEqual(len(study), 0)
        study = hone.Study(SPACE, seed=1, budget={"trials": 3})
        study.optimize(loss)
        self.assertEqual(len(study), 3)
        study.optimize(loss, n_trials=2)  # asked for more than the budget
        self.assertEqual(len(study), 5)

    def test_every_budget_that_is_known_here_ends_it(self):
        def train(trial):
            for epoch in (1, 2, 3):
                trial.report(epoch, 1.0 / epoch)
            return {"loss": trial["x"], "price": 4.0}

        metrics = [{"name": "loss"}, {"name": "price", "role": "cost"}]
        for budget, why in (({"time": "10ms"}, "time budget"), ({"cpu": "10ms"}, "CPU time"),
                            ({"cost": 0.001, "price": 1000}, "cost"), ({"cost": 10}, "cost 10"),
                            ({"fidelity": 20}, "20 epochs")):
            study = hone.Study(SPACE, metric=metrics, method="random", seed=1, budget=budget,
                               fidelity={"name": "epoch", "max": 3})
            study.optimize(train)
            status = study.status()
            self.assertEqual(status["state"], "finished", budget)
            self.assertIn(why, status["reason"], budget)
        self.assertEqual(len(study), 7)  # 3 epochs each

    def test_refuses_a_value_that_is_none(self):
        study = hone.Study(SPACE, seed=1)
        with self.assertRaises(hone.errors.InvalidInput):
            study.optimize(lambda trial: None, n_trials=1)
        self.assertEqual(study.trial(0)["fail_kind"], "no_metric")

    def test_shows_one_line_on_a_terminal(self):
        study = hone.Study(SPACE, seed=1)
        with mock.patch.object(sys, "stderr", io.StringIO()) as out:
            study.optimize(loss, n_trials=3)
            self.assertEqual(out.getvalue(), "")
            study.optimize(loss, n_trials=3, progress=True)
        self.assertIn("trial 3/3", out.getvalue())
        self.assertIn("best value", out.getvalue())
        self.assertEqual(out.getvalue().count("\n"), 1)

    def test_other_threads_run_while_the_core_is_busy(self):
        study = hone.Study(SPACE, seed=1)
        done = threading.Event()

        def change():
            while not done.is_set():
                study.give_back(study.ask())

        thread = threading.Thread(target=change)
        thread.start()
        begun = time.monotonic()
        study._core.wait(600)  # until the other thread changes something; it could not
        done.set()
        thread.join()
        self.assertLess(time.monotonic() - begun, 500)

    def test_control_c_keeps_the_study(self):
        program = (
            "import hone, os, signal, sys\n"
            "study = hone.Study({'x': {'min': 0.0, 'max': 1.0}}, seed=1)\n"
            "def evaluate(trial):\n"
            "    if trial.number == 3: os.kill(os.getpid(), signal.SIGINT)\n"
            "    return trial.params['x']\n"
            "try:\n"
            "    study.optimize(evaluate, n_trials=10)\n"
            "except KeyboardInterrupt:\n"
            "    again = study.ask()\n"
            "    print(study.status()['complete'], again.number, again.attempt)\n")
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
                              timeout=120)
        self.assertEqual(done.stdout.split(), ["3", "3", "1"], done.stderr)


class Showing(unittest.TestCase):
    def test_as_text_and_in_notebooks(self):
        study = hone.Study({"x": {"min": 0.0, "max": 1.0}, "kind": {"values": ["<i>", "&"]}},
                           metric="<loss>", seed=1)
        self.assertIn("0 trials", repr(study))
        self.assertIn("0 trials", study._repr_html_())
        study.optimize(lambda t: t.params["x"], n_trials=20)
        shown = study._repr_html_()
        self.assertIn("best", repr(study))
        self.assertIn("<svg", shown)
        self.assertIn("&lt;loss&gt;", shown)
        self.assertNotIn("<i>", shown)
        import xml.dom.minidom
        xml.dom.minidom.parseString(shown.replace("·", "."))

    def test_trials_become_a_table(self):
        study = hone.Study(SPACE, seed=1).optimize(loss, n_trials=4)
        flat = study.trials()._flat()
        self.assertEqual(len(flat["params_x"]), 4)
        self.assertEqual(flat["number"], [0, 1, 2, 3])
        try:
            import pandas
        except ImportError:
            return
        self.assertIsInstance(study.trials().to_pandas(), pandas.DataFrame)

    def test_advice_of_the_reader_is_a_warning(self):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            hone.Study({"learning_rate": {"min": 1e-6, "max": 1e-1}}, seed=1)
        self.assertTrue(any("learning_rate" in str(w.message) for w in caught))


class TrainingPrograms(unittest.TestCase):
    def test_do_not_load_the_engine(self):
        program = ("import sys, hone\nhone.report(step=1, loss=0.5)\nhone.params({'lr': 1})\n"
                   "print('hone._core' in sys.modules, 'hone.study' in sys.modules)")
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
                              timeout=60)
        self.assertEqual(done.stdout.split(), ["False", "False"], done.stderr)

    def test_are_told_what_is_missing_where_there_is_no_engine(self):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(os.path.join(os.path.dirname(__file__), "..", "hone"),
                            os.path.join(folder, "hone"))
            program = "import hone\nhone.report(loss=1)\nhone.Study"
            done = subprocess.run([sys.executable, "-B", "-c", program], capture_output=True,
                                  text=True, timeout=60, cwd=folder,
                                  env=dict(os.environ, PYTHONPATH=folder))
        self.assertIn("ImportError: hone.Study needs hone's engine", done.stderr)
        self.assertIn("pip install .", done.stderr)

    def test_find_every_name(self):
        for name in hone.__all__:
            self.assertTrue(getattr(hone, name), name)
        self.assertRegex(hone.__version__, r"^\d+\.\d+")


if __name__ == "__main__":
    unittest.main()
