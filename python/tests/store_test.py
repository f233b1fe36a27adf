"""Studies in a store: begun in Python and gone on with in the command line, and the reverse."""
import json
import os
import subprocess
import sys
import tempfile
import unittest

import hone

HONE = os.environ.get("HONE", "hone")
SPACE = {"x": {"min": -1.0, "max": 1.0}, "kind": {"values": ["a", "b"]}}


def loss(trial):
    return (trial.params["x"] - 0.3) ** 2 + (0.1 if trial.params["kind"] == "b" else 0.0)


class Stored(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.store = os.path.join(folder.name, ".hone", "store.sqlite")

    def study(self, space=None, **more):
        more.setdefault("name", "mine")
        if space is not None:
            more.setdefault("metric", "loss")
        return hone.Study(space, store=self.store, **more)

    def hone(self, *arguments, code=0):
        done = subprocess.run([HONE, *arguments, "--store", self.store], capture_output=True,
                              text=True, timeout=120, cwd=self.folder)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout

    def write_study_file(self, trials):
        program = os.path.join(self.folder, "train.py")
        with open(program, "w", encoding="utf-8") as file:
            file.write("import sys\n"
                       "a = dict(w.lstrip('-').split('=') for w in sys.argv[1:])\n"
                       "print('@hone {\"loss\": %r}' % ((float(a['x']) - 0.3) ** 2))\n")
        path = os.path.join(self.folder, "mine.yaml")
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"command": [sys.executable, "train.py", "${args}"],
                       "metric": {"name": "loss", "goal": "minimize"}, "method": "auto",
                       "parameters": SPACE, "budget": {"trials": trials}, "seed": 3}, file)
        return path

    def test_a_study_of_python_shows_in_the_command_line(self):
        study = self.study(SPACE, seed=1).optimize(loss, n_trials=5)
        self.assertEqual(study.store, self.store)
        listed = json.loads(self.hone("list", "--json").splitlines()[0])
        self.assertEqual((listed["study"], listed["trials"]), ("mine", 5))
        best = json.loads(self.hone("best", "mine", "--json"))
        self.assertEqual(best["trial"], study.best["number"])
        self.assertIn("trial 0", self.hone("show", "mine/0"))

    def test_a_store_named_by_its_folder_is_that_of_the_command_line(self):
        folder = os.path.join(self.folder, "new", ".hone")
        study = hone.Study(SPACE, metric="loss", store=folder, name="mine", seed=1)
        self.assertEqual(study.store, os.path.join(folder, "store.sqlite"))
        study.optimize(loss, n_trials=1)
        listed = subprocess.run([HONE, "list"], capture_output=True, text=True, timeout=60,
                                cwd=os.path.dirname(folder))
        self.assertIn("mine", listed.stdout)

    def test_starts_with_what_was_best_in_an_earlier_study(self):
        earlier = self.study(SPACE, seed=1).optimize(loss, n_trials=6)
        later = self.study(SPACE, seed=2, name="later", warm_start="mine").optimize(loss, n_trials=3)
        self.assertEqual(later.trials()[1]["params"], earlier.best["params"])
        with self.assertRaisesRegex(hone.errors.NotFound, "no study 'nobody'"):
            self.study(SPACE, name="third", warm_start=["nobody"])

    def test_goes_on_when_it_is_opened_again(self):
        first = self.study(SPACE, seed=1).optimize(loss, n_trials=4)
        configs = [t["params"] for t in first.trials()]
        del first
        again = self.study(SPACE)
        self.assertEqual([t["params"] for t in again.trials()], configs)
        again.optimize(loss, n_trials=2)
        del again
        as_it_is = self.study()
        self.assertEqual((len(as_it_is), as_it_is.metric, as_it_is.seed), (6, "loss", 1))
        with self.assertRaises(hone.errors.InvalidInput):
            self.study({"y": {"min": 0.0, "max": 1.0}})
        with self.assertRaises(hone.errors.NotFound):
            self.study(name="another")

    def test_a_wider_space_goes_on_and_says_so(self):
        self.study(SPACE, seed=1).optimize(loss, n_trials=3)
        wider = dict(SPACE, x={"min": -2.0, "max": 2.0})
        with self.assertWarnsRegex(UserWarning, "x: wider range"):
            study = self.study(wider)
        study.optimize(loss, n_trials=3)
        self.assertEqual(len(study), 6)

    def test_the_command_line_goes_on_with_a_study_of_python(self):
        self.study(SPACE, seed=3).optimize(loss, n_trials=4)
        self.hone("run", self.write_study_file(9), "--quiet")
        study = self.study()
        self.assertEqual(study.status()["complete"], 9)
        self.assertEqual(study.status()["state"], "finished")

    def test_python_goes_on_with_a_study_of_the_command_line(self):
        self.hone("run", self.write_study_file(5), "--quiet")
        study = self.study()
        self.assertEqual(study.status()["complete"], 5)
        study.optimize(loss, n_trials=3)
        self.assertEqual(study.status()["complete"], 8)
        self.assertEqual(study.trial(7)["rule"] is None, False)

    def test_the_command_line_says_that_python_evaluates_it(self):
        self.study(SPACE, seed=1).optimize(loss, n_trials=1)
        done = subprocess.run([HONE, "resume", "mine", "--store", self.store], timeout=60,
                              capture_output=True, text=True, cwd=self.folder)
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertIn("hone.Study", done.stderr)

    def test_requests_of_the_command_line_reach_a_program_that_evaluates(self):
        study = self.study(SPACE, seed=1)
        trial = study.ask()
        self.assertEqual(self.hone("enqueue", "mine", "x=0.5", "--quiet").split()[-1], "1")
        self.hone("stop", "mine/0")
        self.assertTrue(trial.should_stop())
        study.tell(trial)
        self.assertEqual(study.trial(0)["state"], "stopped")
        self.assertEqual(study.ask().params["x"], 0.5)
        self.hone("stop", "mine")
        with self.assertRaisesRegex(hone.StudyOver, "paused"):
            study.ask()
        study.optimize(loss, n_trials=1)

    def test_trials_of_a_program_that_was_killed_come_again(self):
        program = ("import hone, os, signal\n"
                   "study = hone.Study(%r, metric='loss', store=%r, name='mine', seed=1)\n"
                   "study.tell(study.ask(), 1.0)\n"
                   "study.ask(); study.ask()\n"
                   "os.kill(os.getpid(), signal.SIGKILL)\n" % (SPACE, self.store))
        subprocess.run([sys.executable, "-c", program], timeout=60, check=False)
        study = self.study()
        again = [study.ask() for _ in range(3)]
        self.assertEqual([t.number for t in again], [1, 2, 3])
        self.assertEqual([t.attempt for t in again], [1, 1, 0])

    def test_several_programs_share_a_study(self):
        program = ("import hone\n"
                   "study = hone.Study(%r, metric='loss', store=%r, name='mine', seed=1)\n"
                   "study.optimize(lambda t: t.params['x'] ** 2, n_trials=10)\n"
                   % (SPACE, self.store))
        self.study(SPACE, seed=1)
        programs = [subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE,
                                     text=True) for _ in range(3)]
        for one in programs:
            _, said = one.communicate(timeout=120)
            self.assertEqual(one.returncode, 0, said)
        trials = self.study().trials()
        self.assertEqual([t["state"] for t in trials].count("complete"), 30)
        self.assertEqual(len({json.dumps(t["params"], sort_keys=True) for t in trials}),
                         len(trials))

    def test_a_child_after_fork_opens_it_anew(self):
        study = self.study(SPACE, seed=1)
        study.tell(study.ask(), 1.0)
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            code = 1
            try:
                study.ask()
            except hone.errors.Conflict as error:
                code = 0 if "fork" in str(error) else 2
            finally:
                os._exit(code)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0)
        study.tell(study.ask(), 2.0)
        self.assertEqual(len(study), 2)

    def test_who_only_looks_leaves_the_study_to_others(self):
        self.study(SPACE, seed=1).optimize(loss, n_trials=2)
        looking = self.study()
        self.assertEqual(len(looking.trials()), 2)
        self.hone("delete", "mine", "--yes")


if __name__ == "__main__":
    unittest.main()
