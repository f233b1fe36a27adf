"""The Python in docs/python.md and the README runs as it is written, and so does examples/python.

What needs Optuna runs where HONE_OPTUNA_PYTHON names a Python that has it.
"""
import os
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def blocks(page):
    with open(os.path.join(ROOT, page), encoding="utf-8") as file:
        text = file.read()
    return [(text.count("\n", 0, m.start()) + 1, m.group(1), m.group(2))
            for m in re.finditer(r"^```python([^\n]*)\n(.*?)^```", text, re.M | re.S)]


class Pages(unittest.TestCase):
    def run_page(self, page):
        found = blocks(page)
        self.assertTrue(found)
        for line, needs, code in found:
            python = os.environ.get("HONE_OPTUNA_PYTHON") if needs else sys.executable
            if not python:
                continue
            with self.subTest(page=page, line=line), tempfile.TemporaryDirectory() as folder:
                done = subprocess.run([python, "-B", "-c", code], cwd=folder, timeout=300,
                                      capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_the_page_about_python(self):
        self.run_page("docs/python.md")

    def test_the_readme(self):
        self.run_page("README.md")

    def test_the_example_finds_much_better_than_the_defaults_and_goes_on(self):
        script = os.path.join(ROOT, "examples", "python", "tune.py")
        with tempfile.TemporaryDirectory() as folder:
            store = os.path.join(folder, "store.sqlite")
            for trials in (25, 50):
                done = subprocess.run([sys.executable, "-B", script, store], timeout=300,
                                      capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, done.stderr)
                found = re.search(r"defaults: ([\d.]+) +the best of (\d+) trials: ([\d.]+)",
                                  done.stdout)
                self.assertEqual(int(found.group(2)), trials)
                self.assertLess(float(found.group(3)), 0.2 * float(found.group(1)))


if __name__ == "__main__":
    unittest.main()
