"""What workers do for each other and for their programs: runs of a worker that does not come back, and the word
that a program finds when its trial is to end."""
import json
import os
import signal

from harness import Case, WAITING, interrupt, main

PYTHON = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "python")

# Deaf to SIGTERM: it ends by itself once hone.should_stop() says so. `heard` shows that it did, and how.
LISTENING = """
import os, signal, sys, time
sys.path.insert(0, %r)
import hone
signal.signal(signal.SIGTERM, signal.SIG_IGN)
assert not hone.should_stop(), "the word of an earlier run"
hone.report(step=1, val_loss=1.0)
while not os.path.exists("go"):
    if hone.should_stop():
        with open("heard-%%s" %% os.environ["HONE_TRIAL"], "a") as file:
            file.write("stop\\n")
        break
    time.sleep(0.02)
""" % os.path.abspath(PYTHON)


class Supervision(Case):
    def test_a_killed_worker_that_stays_away_leaves_its_runs_to_the_leader(self):
        self.study(program=WAITING)
        leader = self.start("run", "study.yaml")
        self.until_reported(2)
        worker = self.start("worker", "study", "--parallel", "2")
        self.until_reported(4)
        pids = sorted(self.living())
        interrupt(worker, signal.SIGKILL)
        self.wait(worker)
        self.assertEqual(sorted(self.living()), pids)
        self.write("go", "")
        self.assertEqual(self.wait(leader), 0)
        runs = [len(json.loads(self.good("show", "study/%d" % n, "--json").out)["runs"]) for n in range(4)]
        self.assertEqual(runs, [1, 1, 1, 1])
        rows = self.good("export", "--what", "reports", "--format", "jsonl").rows
        self.assertEqual(len(rows), 8)  # nothing lost, nothing twice

    def test_a_program_finds_the_word_to_stop_and_ends_by_itself(self):
        self.study(("parallel: 2", "parallel: 2\nlimits: {grace: 1h}"), program=LISTENING)
        process = self.start("run", "study.yaml")
        self.until_reported(2)
        self.good("stop", "study/0")
        self.until(lambda: "trial 0 stopped" in self.output(process), "the end of trial 0")
        self.assertEqual(self.read("heard-0"), "stop\n")
        run = json.loads(self.good("show", "study/0", "--json").out)["runs"][0]
        self.assertEqual(run.get("exit_code"), 0, run)
        self.assertFalse(os.path.exists(self.path("heard-1")))
        self.write("go", "")
        self.assertEqual(self.wait(process), 0)
        # The next run of the trial does not find the old word.
        self.good("resume", "study/0")
        self.good("run", "study.yaml")
        self.assertEqual(json.loads(self.good("show", "study/0", "--json").out)["state"], "complete")


if __name__ == "__main__":
    main()
