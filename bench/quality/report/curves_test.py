"""What is counted from trajectories is right, and hone_quality reads and writes them as the peers' runner does."""

import math
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "peers")]

import curves  # noqa: E402
import ingredients  # noqa: E402
from problem_server import ProblemServer, active_only, broken_by  # noqa: E402
from run_peer import run_study  # noqa: E402

PROGRAM = os.environ.get("HONE_QUALITY", "")
HEADER = "problem,seed,trials,failed,p50_ms,mean_ms,cpu_p50_ms,cpu_mean_ms,incumbents,versions,date\n"


def method(name, **finals):
    made = curves.Method(name)
    for problem, values in finals.items():
        made.curves[problem] = {seed: [1.0, value] for seed, value in enumerate(values)}
    return made


class Counting(unittest.TestCase):
    def test_a_curve_is_the_truth_of_the_incumbent_and_one_before_the_first_success(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "x.csv")
            path.write_text(HEADER + "p,3,5,1,1,1,1,1,1:9:8 3:7:4,x 1,2026-01-01\n")
            read = curves.read_method(path, {"p": {"optimum": 2.0, "typical": 10.0}}, trials=5)
        self.assertEqual(read.curves["p"][3], [1.0, 0.75, 0.75, 0.25, 0.25])

    def test_wins_count_ties_as_halves_and_problems_equally(self):
        a = method("a", p=[0.1, 0.1], q=[0.5, 0.5, 0.5, 0.5])
        b = method("b", p=[0.2, 0.1], q=[0.4, 0.4, 0.4, 0.4])
        won, lost, tied, rate, (low, high) = curves.win_rate(a, b, {"p": [0, 1], "q": [0, 1, 2, 3]}, 2)
        self.assertEqual((won, lost, tied, rate), (0.25, 0.5, 0.25, 0.375))
        self.assertLessEqual(low, rate)
        self.assertGreaterEqual(high, rate)

    def test_a_ratio_is_of_the_means_over_problems(self):
        a, b = method("a", p=[0.1], q=[0.1, 0.3]), method("b", p=[0.4], q=[0.2, 0.2])
        value, (low, high) = curves.ratio(a, b, {"p": [0], "q": [0, 1]}, 2)
        self.assertAlmostEqual(value, 0.5)
        self.assertAlmostEqual(low, 0.25)
        self.assertAlmostEqual(high, 1.0)

    def test_ranks_share_ties(self):
        methods = [method("a", p=[0.1]), method("b", p=[0.1]), method("c", p=[0.3])]
        self.assertEqual(curves.mean_ranks(methods, {"p": [0]}, 2), {"a": 1.5, "b": 1.5, "c": 3.0})

    def test_trials_to_match_is_none_where_it_is_never_reached(self):
        a, b = method("a", p=[0.3], q=[0.3]), method("b", p=[0.4], q=[0.2])
        self.assertEqual(curves.trials_to_match(a, b, {"p": [0], "q": [0]}, 2), {"p": 2, "q": None})

    def test_studies_are_those_that_every_method_ran(self):
        a, b = method("a", p=[0.1, 0.1], q=[0.1]), method("b", p=[0.1])
        self.assertEqual(curves.common_studies([a, b], ["p", "q"], 2), {"p": [0]})
        self.assertEqual(curves.common_studies([a, b], ["p", "q"], 3), {})

    def test_a_flat_configuration_loses_what_its_conditions_switch_off(self):
        parameters = [{"name": "a", "when": {}}, {"name": "b", "when": {"a": [1]}}, {"name": "c", "when": {"b": [2]}}]
        self.assertEqual(active_only(parameters, {"a": 0, "b": 2, "c": 5}), {"a": 0})
        self.assertEqual(active_only(parameters, {"a": 1, "b": 2, "c": 5}), {"a": 1, "b": 2, "c": 5})

    def test_reaching_another_methods_value_takes_the_first_trial_at_which_the_mean_is_there(self):
        early = curves.Method("early")
        early.curves = {"p": {0: [0.5, 0.2, 0.2], 1: [0.5, 0.4, 0.0]}, "q": {0: [1.0, 0.9, 0.9]}}
        chance = method("chance", p=[0.3, 0.3], q=[0.1])
        self.assertEqual(ingredients.reach(early, chance, 2), {"p": 2, "q": None})
        self.assertIn("Median 3 over 2 problems: p 2, q not within 3", ingredients.reach_table(early, chance, 2))

    def test_an_ingredient_is_judged_over_the_seeds_that_both_ran(self):
        base, other = method("gp", p=[0.1, 0.2], q=[0.2]), method("no trend", p=[0.2], q=[0.1])
        row = ingredients.summary([base, other], base, (2,)).splitlines()[2]
        self.assertEqual(row.split(" | ")[0::3], ["| no trend", "1 / 1"])
        self.assertIn("0.1500 / 0.1500 | 1.00 (0.50–2.00)", row)

    def test_a_broken_constraint_is_told_by_how_much(self):
        self.assertEqual(broken_by(["a + b <= 1"], {"a": 0.75, "b": 0.75}), [1 / 3])
        self.assertEqual(broken_by(["4 <= a * b <= 8", "a % b == 0"], {"a": 8, "b": 2}), [-0.75, 0.5, 0.0])
        self.assertGreater(broken_by(["a < b"], {"a": 1, "b": 1})[0], 0)


class Corner:
    """A peer that walks along the diagonal of a space of reals."""

    def __init__(self, parameters, seed, trials):
        self._parameters, self._trials, self._next = parameters, trials, 0

    def ask(self):
        self._next += 1
        return None, {p["name"]: p["low"] + (p["high"] - p["low"]) * self._next / self._trials for p in self._parameters}

    def tell(self, token, loss):
        pass


@unittest.skipUnless(PROGRAM, "HONE_QUALITY names no program")
class WithTheProgram(unittest.TestCase):
    def test_the_program_reads_its_own_trajectories_as_it_computed_them(self):
        with tempfile.TemporaryDirectory() as folder:
            command = [PROGRAM, "--problems", "sphere5_noisy,training6", "--seeds", "2", "--trials", "20", "--samplers",
                       "again=random", "--trajectories", folder]
            first = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            second = subprocess.run(
                [PROGRAM, "--problems", "sphere5_noisy,training6", "--seeds", "2", "--trials", "20", "--samplers",
                 "random", "--peer", f"{folder}/again.csv"], capture_output=True, text=True, check=True).stdout
            server = ProblemServer(PROGRAM, "")
            problems = {p["name"]: p for p in server.problems()}
            server.close()
            read = curves.read_method(Path(folder, "again.csv"), problems, trials=20)
        row = next(line for line in first.splitlines() if line.startswith("training6"))
        self.assertAlmostEqual(read.mean("training6", 20), float(row.split()[1]), places=4)
        both = next(line for line in second.splitlines() if line.startswith("training6")).split()
        self.assertEqual(both[1], both[2])

    def test_a_peer_sees_the_noise_and_the_truth_of_the_problem(self):
        server = ProblemServer(PROGRAM, "")
        problem = next(p for p in server.problems() if p["name"] == "sphere5_noisy")
        row = run_study(Corner, problem, 3, 4, server)
        again = run_study(Corner, problem, 3, 4, server)
        other = run_study(Corner, problem, 4, 4, server)
        server.close()
        self.assertEqual(row[-1], again[-1])
        self.assertNotEqual(row[-1], other[-1])
        trial, value, truth = row[-1].split()[0].split(":")
        self.assertEqual(trial, "0")
        self.assertNotEqual(value, truth)
        self.assertTrue(math.isfinite(float(truth)))

    def test_what_breaks_a_constraint_is_a_trial_without_a_value(self):
        server = ProblemServer(PROGRAM, "")
        problem = next(p for p in server.problems() if p["name"] == "mixture10")
        row = run_study(Corner, problem, 3, 14, server)  # a twentieth of each range on: the sum is above 1 from the third on
        server.close()
        self.assertEqual(row[3], 12)


if __name__ == "__main__":
    unittest.main()
