"""The live display in a terminal: what is on the screen while a study runs, when the terminal changes, and what is left of it
on every way out.

Expected screens are files in tests/data/screens; HONE_UPDATE_SCREENS=1 writes them anew.
"""
import os
import re
import signal
import sys

from harness import HONE, main
from screen_case import ScreenCase

# AddressSanitizer leaves the crash to the program's own handler.
os.environ["ASAN_OPTIONS"] = ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), "handle_segv=0"]))

SCREENS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "data", "screens")

# One trial after the other; the last one waits for the file `go` after its second epoch.
PROGRAM = """
import argparse, os, sys, time
p = argparse.ArgumentParser()
p.add_argument("--lr", type=float)
p.add_argument("--rank", type=int)
a = p.parse_args()
number = int(os.environ["HONE_TRIAL"])
if number == 2:
    print("\\x1b[31mbroken\\x07\\x1b[2J")
    sys.exit(3)
for epoch in range(1, 5):
    print({"epoch": epoch, "val_loss": 1 + number % 3 * 0.25 + 1.0 / epoch}, flush=True)
    while number >= 4 and epoch == 2 and not os.path.exists("go"):
        time.sleep(0.02)
"""

STUDY = """
name: finetune
program: program.py
method: random
metric: {name: val_loss, goal: minimize}
parameters:
  lr: {min: 0.001, max: 1.0, distribution: log_uniform_values, default: 0.01}
  rank: {values: [4, 8, 16], ordered: true, default: 8}
fidelity: {name: epoch, min: 1, max: 4}
run_default_first: true
budget: {trials: 6}
parallel: 1
seed: 1
limits: {retries: 0, grace: 2s}
"""

# What is longer first.
TIMES = [(r"\d+ m \d\d? s", "T m T s"), (r"\d+(\.\d)? (µs|ms|s|m)\b", "T s")]


def masked(lines):
    """The block, without what differs from run to run: times, with the blanks before and after them. How much of the method
    the first line has depends on how long the times are."""
    out = []
    for line in lines:
        if re.match(r"finetune · .*trial \d", line):
            out = [re.sub(r" · .*(trial \d+ of \d+).*", r" … \1", line)]
        elif out:
            for pattern, text in TIMES:
                line = re.sub(r" *" + pattern, " " + text, line)
            out.append(re.sub(r" {3,}", "   ", line).rstrip())
    while out and not out[-1]:
        out.pop()
    return "\n".join(out) + "\n"


class Live(ScreenCase):
    def setUp(self):
        super().setUp()
        self.write("study.yaml", STUDY)
        self.write("program.py", PROGRAM)

    def tearDown(self):
        self.write("go", "")
        super().tearDown()

    def waiting(self, columns=80, rows=24, **more):
        """A study at the point where trial 4 waits."""
        screen = self.show("run", "study.yaml", columns=columns, rows=rows, **more)
        screen.until(lambda lines: any(re.search(r"\b4 +running +2/4", line) for line in lines), "trial 4 at epoch 2")
        return screen

    def expected(self, name):
        with open(os.path.join(SCREENS, name + ".txt"), encoding="utf-8") as file:
            return file.read()

    def expect_screen(self, name, screen):
        if os.environ.get("HONE_UPDATE_SCREENS"):
            with open(os.path.join(SCREENS, name + ".txt"), "w", encoding="utf-8") as file:
                file.write(masked(screen.lines()))
            return
        self.assertEqual(masked(screen.lines()), self.expected(name), name)

    def expect_terminal_in_order(self, screen):
        self.assertFalse(screen.cursor_is_hidden())
        self.assertEqual(screen.modes(), screen.modes_before)

    def finish(self, screen):
        self.write("go", "")
        self.assertEqual(screen.wait(), 0)

    def test_a_running_study_at_80_columns_and_the_summary_in_its_place(self):
        screen = self.waiting()
        self.assertTrue(screen.cursor_is_hidden())
        self.assertFalse(screen.echoes())
        self.expect_screen("run_80x24", screen)
        self.finish(screen)
        text = screen.text()
        self.assertIn("Best of 6 trials: trial 0", text)
        self.assertIn("trial 2 failed after", text)  # stays
        self.assertNotIn("running", text)
        self.assertNotIn("vs best", text)
        self.expect_terminal_in_order(screen)

    def test_a_running_study_at_60_columns(self):
        screen = self.waiting(60, 20)
        self.expect_screen("run_60x20", screen)
        self.finish(screen)

    def test_a_running_study_at_200_columns(self):
        screen = self.waiting(200, 40)
        self.expect_screen("run_200x40", screen)
        self.finish(screen)

    def test_a_very_small_terminal(self):
        screen = self.show("run", "study.yaml", columns=20, rows=5)
        screen.until(lambda lines: any(re.search(r"4  running", line) for line in lines), "trial 4")
        self.assertLessEqual(max(len(line) for line in screen.lines()), 20)
        self.finish(screen)
        self.expect_terminal_in_order(screen)

    def test_another_size_draws_the_same_as_having_started_with_it(self):
        screen = self.waiting(80, 24)
        screen.resize(60, 24)
        screen.until(lambda lines: any(re.search(r"vs best$", line) for line in lines), "fewer columns")
        screen.resize(100, 24)
        screen.until(lambda lines: any(re.search(r"\blr +rank$", line) for line in lines), "more columns")
        self.assertEqual(sum("trial 5 of 6" in line for line in screen.lines()), 1)
        screen.resize(80, 24)
        if not os.environ.get("HONE_UPDATE_SCREENS"):
            expected = self.expected("run_80x24")
            screen.until(lambda lines: masked(lines) == expected, "the screen of 80 columns")
        self.finish(screen)

    def test_what_programs_print_never_reaches_the_terminal_raw(self):
        screen = self.waiting()
        self.finish(screen)
        self.assertNotIn(b"\x07", screen.written)
        self.assertNotIn(b"\x1b[2J", screen.written)
        self.assertIn("  | broken", screen.scrolled() + screen.lines())

    def test_no_color_draws_without_colours(self):
        plain = self.waiting(NO_COLOR="1")
        self.finish(plain)
        self.assertFalse(re.search(rb"\x1b\[[0-9;]*m", plain.written.replace(b"\x1b[0m\r", b"")))

    def test_colours_without_it(self):
        screen = self.waiting()
        self.assertIn(b"\x1b[32m", screen.written)
        self.finish(screen)

    def test_a_locale_without_utf_8_gets_ascii(self):
        screen = self.waiting(LANG="C")
        before_end = screen.written
        self.assertTrue(all(byte < 0x80 for byte in before_end))
        self.finish(screen)

    def test_a_dumb_terminal_gets_lines(self):
        self.write("go", "")
        screen = self.show("run", "study.yaml", TERM="dumb")
        self.assertEqual(screen.wait(), 0)
        self.assertNotIn(b"\x1b", screen.written)
        self.assertIn("trial 0 started (defaults)", screen.written.decode())

    def words_of_sentences(self, lines):
        """Without excerpts, which show less of a line where there is less room."""
        return " ".join(line for line in lines if not re.match(r" *\d* \| ", line)).split()

    def test_errors_and_hints_are_folded_at_the_terminals_width(self):
        self.write("wrong.yaml", STUDY.replace("max: 1.0", "max: 0.0001").replace("method: random", "methd: random"))
        for arguments in ["validate", "wrong.yaml"], ["run"], ["list"], ["run", "--minimize", "x", "--", "python3", "a"]:
            piped = self.hone(*arguments)
            screen = self.show(*arguments, columns=60)
            self.assertEqual(screen.wait(), 2)
            lines = screen.text().splitlines()
            self.assertEqual(self.words_of_sentences(lines), self.words_of_sentences(piped.err.splitlines()))
            if "wrong.yaml" in arguments:
                self.assertIn("     | did you mean {min: 0.0001, max: 0.001}?", lines)
            if max(len(line) for line in piped.err.splitlines()) > 60:
                self.assertGreater(len(lines), len(piped.err.splitlines()), arguments)
            for line, after in zip(lines, lines[1:]):
                self.assertFalse(len(line) == 60 and line[-1] != " " and after[:1] not in (" ", ""), "cut within a word: " + line)
        screen = self.show("run", columns=50)
        screen.wait()
        self.assertEqual(screen.text(), "hone: error: what should be run?\n"
                                        "  hone run study.yaml, or\n"
                                        "  hone run --minimize loss -- python train.py …;\n"
                                        "  hone init writes a study file")

    def test_quiet_shows_the_result_only(self):
        self.write("go", "")
        screen = self.show("run", "study.yaml", "--quiet")
        self.assertEqual(screen.wait(), 0)
        self.assertNotIn(b"\x1b[?25l", screen.written)
        self.assertNotIn("running", screen.text())

    def test_ctrl_c_ends_softly_and_leaves_the_terminal_in_order(self):
        screen = self.waiting()
        screen.type(b"\x03")
        self.assertEqual(screen.wait(), 130)
        text = screen.text()
        self.assertIn("Interrupted: 1 program was asked to end", text)
        self.assertIn("Go on: hone run study.yaml", re.sub(r"\n", "", text))
        self.assertNotIn("vs best", text)
        self.expect_terminal_in_order(screen)
        self.assertEqual(self.living(), [])

    def kill_with(self, number):
        screen = self.waiting()
        screen.signal(number)
        self.assertEqual(screen.wait(), -number)
        self.expect_terminal_in_order(screen)
        self.assertNotIn("vs best", screen.text())

    def test_a_quit_leaves_the_terminal_in_order(self):
        self.kill_with(signal.SIGQUIT)

    def test_a_crash_leaves_the_terminal_in_order(self):
        self.kill_with(signal.SIGSEGV)

    def test_a_failed_assertion_leaves_the_terminal_in_order(self):
        self.kill_with(signal.SIGABRT)

    def test_what_is_typed_is_not_shown_and_waits_for_the_shell(self):
        screen = self.waiting()
        before = masked(screen.lines())
        screen.type(b"abc\r\rdef")
        screen.read(0.5)
        self.assertEqual(masked(screen.lines()), before)
        self.finish(screen)

    def test_ctrl_z_gives_the_terminal_back_and_going_on_takes_it_again(self):
        script = "import os, signal, subprocess, sys\n" \
                 "signal.signal(signal.SIGTTOU, signal.SIG_IGN)\n" \
                 "p = subprocess.Popen(sys.argv[1:], process_group=0)\n" \
                 "os.tcsetpgrp(0, p.pid)\n" \
                 "while True:\n" \
                 "    _, status = os.waitpid(p.pid, os.WUNTRACED)\n" \
                 "    if not os.WIFSTOPPED(status): break\n" \
                 "    os.tcsetpgrp(0, os.getpgrp())\n" \
                 "    print('the shell', flush=True)\n" \
                 "    input()\n" \
                 "    os.tcsetpgrp(0, p.pid)\n" \
                 "    os.kill(p.pid, signal.SIGCONT)\n" \
                 "sys.exit(os.waitstatus_to_exitcode(status))\n"
        self.write("shell.py", script)
        screen = self.show_program([sys.executable, "shell.py", HONE, "run", "study.yaml"])
        screen.until_text("2/4")
        screen.type(b"\x1a")
        screen.until_text("the shell")
        self.expect_terminal_in_order(screen)
        self.assertNotIn("running", screen.text())
        screen.type(b"\r")
        screen.until_text("running")
        self.assertTrue(screen.cursor_is_hidden())
        self.assertFalse(screen.echoes())
        self.finish(screen)
        self.expect_terminal_in_order(screen)

    def test_a_terminal_that_takes_no_output_holds_nothing_up(self):
        self.write("go", "")
        screen = self.show("run", "study.yaml")
        screen.until_text("trial 0")
        screen.type(b"\x13")  # Ctrl-S
        def ended():
            done = self.hone("status", "finetune", "--json")
            return '"finished"' in done.out
        self.until(ended, "the study's end")
        screen.type(b"\x11")
        self.assertEqual(screen.wait(), 0)
        self.expect_terminal_in_order(screen)

    def test_attach_shows_the_same_and_ends_with_the_study(self):
        self.start("run", "study.yaml")
        self.until_running("finetune")
        screen = self.show("attach", "finetune")
        screen.until(lambda lines: any(re.search(r"\b4 +running +2/4", line) for line in lines), "trial 4 at epoch 2")
        self.expect_screen("attach_80x24", screen)
        self.finish(screen)
        self.assertIn("Best of 6 trials: trial 0", screen.text())
        self.assertNotIn("vs best", screen.text())
        self.expect_terminal_in_order(screen)

    def test_ctrl_c_ends_the_watching_only(self):
        run = self.start("run", "study.yaml")
        self.until_running("finetune")
        screen = self.show("attach", "finetune")
        screen.until_text("running")
        screen.type(b"\x03")
        self.assertEqual(screen.wait(), 130)
        self.assertIn("The study goes on unwatched", screen.text())
        self.expect_terminal_in_order(screen)
        self.write("go", "")
        self.assertEqual(self.wait(run), 0)


if __name__ == "__main__":
    main()
