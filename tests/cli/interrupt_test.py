"""Ends that are not the study's: Ctrl-C once and twice, kill -9, hang-up, stop, and going on afterwards."""
import json
import os
import signal

from harness import Case, WAITING, interrupt, main

STUBBORN = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + WAITING


class Interrupt(Case):
    def begin(self, program=WAITING, trials=2):
        self.study(program=program)
        process = self.start("run", "study.yaml")
        self.until_reported(trials)
        return process

    def finish(self):
        self.write("go", "")
        done = self.good("run", "study.yaml")
        self.assertEqual([row["state"] for row in self.good("show", "--json").rows], ["complete"] * 4)
        return done

    def test_the_first_ctrl_c_asks_the_programs_and_queues_the_trials_again(self):
        process = self.begin()
        interrupt(process)
        self.assertEqual(self.wait(process), 130)
        self.assertIn("Interrupted: 2 programs were asked to end", self.errors(process))
        self.assertIn("Go on: hone run study.yaml", self.output(process))
        self.assertEqual(self.living(), [])
        self.assertEqual([row["state"] for row in self.good("show", "--json").rows], ["queued", "queued"])
        self.assertIn("trial 0 started again (attempt 2)", self.finish().out)

    def test_the_second_ctrl_c_ends_them_at_once(self):
        process = self.begin(STUBBORN)
        interrupt(process)
        self.until(lambda: "asked to end" in self.errors(process), "the first interrupt")
        self.assertEqual(len(self.living()), 2)
        interrupt(process)
        self.assertEqual(self.wait(process), 130)
        self.assertEqual(self.living(), [])
        self.finish()

    def test_sigterm_is_as_ctrl_c(self):
        process = self.begin()
        interrupt(process, signal.SIGTERM)
        self.assertEqual(self.wait(process), 130)
        self.assertEqual(self.living(), [])

    def test_programs_outlive_a_killed_hone_and_are_taken_over(self):
        process = self.begin()
        pids = sorted(self.living())
        interrupt(process, signal.SIGKILL)
        self.wait(process)
        self.assertEqual(sorted(self.living()), pids)
        done = self.finish()
        self.assertIn("trial 0 goes on", done.out)
        runs = [len(json.loads(self.good("show", "study/%d" % n, "--json").out)["runs"]) for n in range(4)]
        self.assertEqual(runs, [1, 1, 1, 1])
        rows = self.good("export", "--what", "reports", "--format", "jsonl").rows
        self.assertEqual(len(rows), 8)  # nothing lost, nothing twice

    def test_stop_ends_the_programs_that_a_killed_hone_left(self):
        process = self.begin()
        interrupt(process, signal.SIGKILL)
        self.wait(process)
        self.assertEqual(len(self.living()), 2)
        self.good("stop", "study")
        self.assertEqual(self.living(), [])
        self.assertIn("stopped", self.good("list").out)

    def test_stop_ends_a_running_study_and_resume_goes_on(self):
        process = self.begin()
        self.good("stop", "study")
        self.assertEqual(self.wait(process), 130)
        self.assertEqual(self.living(), [])
        self.write("go", "")
        self.assertIn("Best of 4 trials", self.good("resume", "study").out)

    def test_stop_of_one_trial_leaves_the_others(self):
        process = self.begin()
        self.good("stop", "study/0")
        self.until(lambda: "trial 0 stopped" in self.output(process), "the end of trial 0")
        self.write("go", "")
        self.assertEqual(self.wait(process), 0)
        self.assertEqual(json.loads(self.good("show", "study/0", "--json").out)["state"], "stopped")

    def test_a_hang_up_lets_it_go_on(self):
        process = self.begin()
        interrupt(process, signal.SIGHUP)
        log = self.path(".hone/logs/study.log")
        self.until(lambda: os.path.exists(log), "the log")
        self.write("go", "")
        self.assertEqual(self.wait(process), 0)
        with open(log, encoding="utf-8") as file:
            self.assertIn("Best of 4 trials", file.read())

    def test_detached_it_is_watched_and_stopped_from_elsewhere(self):
        self.study(program=WAITING)
        done = self.good("run", "study.yaml", "--detach")
        self.assertIn("runs in the background", done.out)
        self.until_reported(2)
        watcher = self.start("attach", "study")
        self.until(lambda: "running" in self.good("list").out, "a running study")
        self.write("go", "")
        self.assertEqual(self.wait(watcher), 0)
        self.assertIn("Best of 4 trials", self.output(watcher))

    def test_detached_bad_input_is_told_at_once(self):
        self.study(("min: 0.001, max: 1.0", "min: 1.0, max: 0.001"))
        done = self.hone("run", "study.yaml", "--detach")
        self.assertEqual(done.code, 2)

    def test_a_second_run_joins_and_leads_on_when_the_first_ends(self):
        first = self.begin()
        second = self.start("run", "study.yaml")
        self.until(lambda: "joined as a worker" in self.errors(second), "the second joins")
        self.until_running(trials=4)
        interrupt(first)
        self.assertEqual(self.wait(first), 130)
        self.until(lambda: "leads the study now" in self.errors(second), "the second leads")
        self.write("go", "")
        self.assertEqual(self.wait(second), 0)
        self.assertIn("Best of 4 trials", self.output(second))

    def test_a_worker_adds_its_runs_to_a_study(self):
        first = self.begin()
        worker = self.start("worker", "study", "--parallel", "2")
        self.until_running(trials=4)
        self.write("go", "")
        self.assertEqual(self.wait(first), 0)
        self.assertEqual(self.wait(worker), 0)


class Checkpoints(Case):
    # A checkpoint without `done` is half written.
    PROGRAM = """
import os, sys, time
folder = os.environ["HONE_CHECKPOINT_DIR"]
start = 0
if "--resume" in sys.argv:
    start = int(open(sys.argv[sys.argv.index("--resume") + 1] + "/epoch").read())
for epoch in range(start + 1, 4):
    print({"epoch": epoch, "val_loss": 1.0 / epoch, "started_at": start}, flush=True)
    os.makedirs(folder + "/state-%d" % epoch, exist_ok=True)
    for name in ("epoch", "done"):
        with open(folder + "/state-%d/%s" % (epoch, name), "w") as file:
            file.write(str(epoch))
    while epoch == 2 and not os.path.exists("go"):
        time.sleep(0.02)
"""

    def test_an_interrupted_trial_goes_on_from_its_newest_checkpoint(self):
        self.study(("budget: {trials: 4}", "budget: {trials: 1}\ncheckpoint: {path: \"${trial_dir}/checkpoints/state-*\", "
                    "ready: done, args: [--resume, \"${checkpoint}\"]}"), program=self.PROGRAM)
        process = self.start("run", "study.yaml")
        state = self.path(".hone/trials/study/0/checkpoints/state-2/done")
        self.until(lambda: os.path.exists(state), "a checkpoint")
        interrupt(process)
        self.assertEqual(self.wait(process), 130)
        self.assertIn("from the newest checkpoint", self.errors(process))
        os.mkdir(self.path(".hone/trials/study/0/checkpoints/state-3"))
        self.write("go", "")
        self.good("run", "study.yaml")
        rows = self.good("export", "--what", "points", "--format", "jsonl").rows
        self.assertEqual([row["value"] for row in rows if row["metric"] == "started_at"], [0, 0, 2])


if __name__ == "__main__":
    main()
