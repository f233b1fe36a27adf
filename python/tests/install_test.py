"""pip install . in a fresh virtual environment brings the package and the program.

Takes the build's tools from PyPI, so it runs where HONE_PIP_TEST is set (./dev test does it). With the
compiler by the names that the other builds use, ccache gives what they have compiled.
"""
import os
import subprocess
import sys
import tempfile
import unittest
import venv

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    assert done.returncode == 0, "%s\n%s%s" % (command, done.stdout[-4000:], done.stderr[-4000:])
    return done.stdout


class Installed(unittest.TestCase):
    def test_package_and_program_work_together(self):
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        with tempfile.TemporaryDirectory() as folder:
            venv.create(os.path.join(folder, "venv"), with_pip=True)
            programs = os.path.join(folder, "venv", "bin")
            run(os.path.join(programs, "python"), "-m", "pip", "install", "--no-input",
                "--disable-pip-version-check", ROOT,
                env=dict(environment, CC="cc", CXX="c++"), timeout=1500)
            script = ("import hone\n"
                      "study = hone.Study({'x': {'min': 0.0, 'max': 1.0}}, store='.', name='tried')\n"
                      "study.optimize(lambda trial: trial['x'], n_trials=4)\n"
                      "print(hone.__version__, hone.__file__)")
            said = run(os.path.join(programs, "python"), "-c", script, cwd=folder,
                       env=environment, timeout=120).split()
            self.assertTrue(said[1].startswith(folder), said)
            program = os.path.join(programs, "hone")
            self.assertEqual(run(program, "version").split()[1], said[0])
            self.assertIn("tried", run(program, "list", "--store", ".", cwd=folder))


if __name__ == "__main__":
    if not os.environ.get("HONE_PIP_TEST"):
        print("skipped: HONE_PIP_TEST is not set")
        sys.exit(77)
    unittest.main()
