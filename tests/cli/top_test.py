"""hone top in a terminal: pages by keyboard, a log that grows, a trial that is stopped, and a terminal that is in order after."""
import re

from harness import main
from screen_case import ScreenCase

# Trial 3 writes until it is stopped.
PROGRAM = """
import argparse, itertools, os, time
p = argparse.ArgumentParser()
p.add_argument("--lr", type=float)
a = p.parse_args()
number = int(os.environ["HONE_TRIAL"])
for epoch in range(1, 5):
    print({"epoch": epoch, "val_loss": 1 + number % 3 * 0.25 + 1.0 / epoch}, flush=True)
    while number == 3 and epoch == 2:
        print("waiting", flush=True)
        time.sleep(0.05)
"""

STUDY = """
name: finetune
program: program.py
method: random
metric: {name: val_loss, goal: minimize}
parameters: {lr: {min: 0.001, max: 1.0, distribution: log_uniform_values}}
fidelity: {name: epoch, min: 1, max: 4}
budget: {trials: 4}
parallel: 1
limits: {retries: 0, grace: 1s}
"""


class TopPages(ScreenCase):
    def setUp(self):
        super().setUp()
        self.write("study.yaml", STUDY)
        self.write("program.py", PROGRAM)

    def test_the_pages_by_keyboard_and_a_terminal_in_order_after(self):
        run = self.start("run", "study.yaml", "--quiet")
        self.until_running("finetune")
        screen = self.show("top")
        screen.until_text("finetune")
        screen.until(lambda lines: any(re.search(r"▸ finetune +running +4", line) for line in lines), "trial 4")
        screen.type(b"\r")
        screen.until_text("all trials, 4")
        screen.until(lambda lines: any(re.search(r"▸ +3 +running +2/4", line) for line in lines), "trial 3 selected")
        screen.type(b"l")
        screen.until_text("waiting")
        screen.type(b"\x1b")
        screen.until_text("all trials")
        screen.type(b"s" + b"g" + b"\r")
        screen.until_text("finetune/0 · done, the best")
        screen.resize(60, 20)
        screen.until_text("finetune/0 · done, the best")
        screen.type(b"i")
        screen.until_text("Importance and findings")
        screen.type(b"\x1b\x1b[D")  # back twice
        screen.until_text("all trials")
        screen.type(b"G")
        screen.until(lambda lines: any(re.search(r"▸ +3 +running", line) for line in lines), "trial 3 selected")
        screen.type(b"x")
        screen.until_text("stop trial 3?")
        screen.type(b"y")
        screen.until(lambda lines: any(re.search(r"▸ +3 +stopped", line) for line in lines), "trial 3 stopped")
        self.assertEqual(run.wait(60), 0)
        screen.until_text("finished")
        self.assertIn(b"\x1b[?1049h", screen.written)
        screen.type(b"q")
        self.assertEqual(screen.wait(), 0)
        self.assertTrue(screen.written.endswith(b"\x1b[?1049l"), screen.written[-40:])
        self.assertFalse(screen.cursor_is_hidden())
        self.assertEqual(screen.modes(), screen.modes_before)

    def test_ctrl_c_leaves_the_terminal_in_order(self):
        self.write("program.py", PROGRAM.replace("number == 3", "False"))
        self.good("run", "study.yaml", "--quiet")
        screen = self.show("top", "finetune/2")
        screen.until_text("finetune/2 · done")
        screen.type(b"\x03")
        self.assertNotEqual(screen.wait(), 0)
        self.assertTrue(screen.written.endswith(b"\x1b[?1049l"), screen.written[-40:])
        self.assertEqual(screen.modes(), screen.modes_before)

    def test_without_a_terminal_it_says_what_to_use(self):
        done = self.hone("top")
        self.assertEqual(done.code, 2, done.err)
        self.assertIn("hone top needs a terminal", done.err)
        self.assertIn("hone status", done.err)


if __name__ == "__main__":
    main()
