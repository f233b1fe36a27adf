"""A terminal for tests and pictures: a program in a pseudo-terminal, and the screen that it draws.

The screen is kept by pyte, an emulator of a VT100; it is not in the standard library (tests/requirements.txt). This process
reads what the program writes whenever the screen is asked for.
"""
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time

import pyte


def terminal_environment(environment, **more):
    """An environment with nothing in it that the terminal of a Screen is not."""
    env = {name: value for name, value in environment.items() if name not in ("LC_ALL", "LC_CTYPE", "COLUMNS", "LINES", "NO_COLOR")}
    return {**env, "TERM": "xterm-256color", "LANG": "C.UTF-8", **more}


class Screen:
    """A running program and its screen."""

    def __init__(self, argv, cwd, env, columns=80, rows=24):
        self.master, slave = pty.openpty()
        self.columns = columns
        self.rows = rows
        self._set_size()
        self.modes_before = termios.tcgetattr(slave)
        self.slave = slave  # kept open, so that the modes can be read after the program has ended
        self.cells = pyte.HistoryScreen(columns, rows, history=5000, ratio=0.001)
        self.stream = pyte.ByteStream(self.cells)
        self.written = b""
        self.writes = 0
        self.process = subprocess.Popen(argv, cwd=cwd, env=env, stdin=slave, stdout=slave, stderr=slave,
                                        start_new_session=True, preexec_fn=self._own_terminal)

    def _own_terminal(self):
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def _set_size(self):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", self.rows, self.columns, 0, 0))

    def read(self, wait_s=0.0):
        """Takes in what has been written; waits for the first of it."""
        while select.select([self.master], [], [], wait_s)[0]:
            try:
                data = os.read(self.master, 65536)
            except OSError:
                return
            if not data:
                return
            self.written += data
            self.writes += 1
            self.stream.feed(data)
            wait_s = 0

    def until(self, condition, what, limit_s=120):
        """Reads until `condition(lines of the screen)`."""
        end = time.monotonic() + limit_s
        while True:
            self.read(0.02)
            if condition(self.lines()):
                return
            if time.monotonic() > end:
                raise AssertionError("never came: %s\n%s" % (what, self.text()))

    def until_text(self, text):
        self.until(lambda lines: any(text in line for line in lines), repr(text))

    def resize(self, columns, rows):
        self.read()
        self.columns = columns
        self.rows = rows
        self.cells.resize(rows, columns)
        self._set_size()

    def type(self, data):
        os.write(self.master, data)

    def signal(self, number):
        os.kill(self.process.pid, number)

    def wait(self, limit_s=120):
        """The exit code, with everything read."""
        end = time.monotonic() + limit_s
        while self.process.poll() is None:
            self.read(0.02)
            if time.monotonic() > end:
                raise AssertionError("does not end:\n%s" % self.text())
        self.read(0.05)
        return self.process.returncode

    def lines(self):
        """The rows of the screen, without blanks at their ends."""
        return [line.rstrip() for line in self.cells.display]

    def scrolled(self):
        """The rows that have scrolled away."""
        top = self.cells.history.top
        return ["".join(row[x].data for x in range(self.columns)).rstrip() for row in top]

    def text(self):
        return "\n".join(self.lines()).rstrip()

    def cursor_is_hidden(self):
        return self.cells.cursor.hidden

    def modes(self):
        return termios.tcgetattr(self.slave)

    def echoes(self):
        return bool(self.modes()[3] & termios.ECHO)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)
        os.close(self.slave)
