"""Programs that only use wandb, run unchanged under hone's hook: with the real package, offline and
without a network, and with hone's stand-in for it. Both must see the same parameters and give the
same lines of $HONE_METRICS.

The tests with the real package need the environment variable HONE_WANDB_PYTHON to name a Python
that has it (and numpy); else they are skipped. The others run with the Python that runs this file,
or with HONE_STANDIN_PYTHON, which must not have wandb.

    python3 tests/integration/wandb_hook_test.py
"""
import ctypes
import fcntl
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
HOOK = os.path.join(ROOT, "hone", "runner", "wandb", "hook")
PROGRAMS = os.path.join(HERE, "wandb_programs")
STANDIN_PYTHON = os.environ.get("HONE_STANDIN_PYTHON") or sys.executable
WANDB_PYTHON = os.environ.get("HONE_WANDB_PYTHON")
TIMEOUT_S = 120

PARAMETERS = {"lr": 0.001, "layers": 3, "act": "relu", "optim": {"name": "adam", "momentum": 0.9}}


def parameter_text(values):
    """The file for WANDB_SWEEP_PARAM_PATH, as hone writes it: JSON that YAML 1.1 reads alike."""
    text = json.dumps({name: {"value": value} for name, value in values.items()},
                      ensure_ascii=False)
    return re.sub(r"(?<![\w.\"])(-?\d+)(e[-+]\d+)", r"\1.0\2", text)


def cut_network():
    """Leaves the calling process with a loopback device and no other; false where not allowed."""
    libc = ctypes.CDLL(None, use_errno=True)
    new_user, new_network = 0x10000000, 0x40000000
    if libc.unshare(new_network) != 0 and libc.unshare(new_user | new_network) != 0:
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
        set_flags, up_running = 0x8914, 0x1 | 0x40
        fcntl.ioctl(device, set_flags, struct.pack("16sh14x", b"lo", up_running) + bytes(8))
    return True


def network_can_be_cut():
    code = "import sys; sys.path.insert(0, %r); import wandb_hook_test as t; sys.exit(0 if " \
           "t.cut_network() else 1)" % HERE
    return subprocess.run([sys.executable, "-c", code], stderr=subprocess.DEVNULL).returncode == 0


class Trial:
    """A folder of its own for one run of a program, as hone would make it."""

    def __init__(self, parameters=None):
        self.folder = tempfile.mkdtemp(prefix="hone-wandb-")
        self.metrics = os.path.join(self.folder, "metrics.jsonl")
        self.path = [HOOK]
        self.env = {"HONE_METRICS": self.metrics, "HONE_TRIAL_DIR": self.folder}
        parameters = PARAMETERS if parameters is None else parameters
        file = os.path.join(self.folder, "wandb.yaml")
        with open(file, "w", encoding="utf-8") as out:
            out.write(parameter_text(parameters))
        with open(os.path.join(self.folder, "config.json"), "w", encoding="utf-8") as out:
            json.dump(parameters, out)
        self.env["WANDB_SWEEP_PARAM_PATH"] = file

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, python, *command, offline=False):
        """Runs `python command…` in the trial's folder.

        Output goes to files: the service of a killed program holds pipes open for a while.
        """
        env = {"PATH": os.environ.get("PATH", ""), "HOME": self.folder, "LANG": "C.UTF-8",
               "PYTHONPATH": os.pathsep.join(self.path), "PYTHONDONTWRITEBYTECODE": "1",
               "WANDB_MODE": "offline", "WANDB_DIR": self.folder, "WANDB_SILENT": "true",
               "WANDB_ERROR_REPORTING": "false"}
        env.update(self.env)
        env = {name: value for name, value in env.items() if value is not None}
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            done = subprocess.run([python] + list(command), cwd=self.folder, env=env,
                                  stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                  timeout=TIMEOUT_S, preexec_fn=cut_network if offline else None)
            out.seek(0)
            err.seek(0)
            done.stdout, done.stderr = out.read(), err.read()
        return done

    def lines(self):
        """The lines of $HONE_METRICS; each must be whole."""
        if not os.path.exists(self.metrics):
            return []
        with open(self.metrics, encoding="ascii") as file:
            text = file.read()
        assert text.endswith("\n"), "the last line has no end: %r" % text[-80:]
        return [json.loads(line) for line in text.splitlines()]


def numbers(lines):
    """The lines that hold metrics, as text, so that NaN equals NaN."""
    return [json.dumps(line) for line in lines
            if "hone.summary" in line or not any(key.startswith("hone.") for key in line)]


def others(lines, key):
    return [line[key] for line in lines if key in line]


class Programs:
    """The programs of wandb_programs, with what they must see and give."""

    python = None
    offline = False
    version = None

    def check(self, name, reports, config=None, code=0, stderr=None):
        """Runs wandb_programs/`name`.py; `config` is what it prints about its parameters."""
        trial = Trial()
        self.addCleanup(trial.close)
        done = trial.run(self.python, os.path.join(PROGRAMS, name + ".py"), offline=self.offline)
        self.assertEqual(done.returncode, code, done.stderr)
        if stderr is None:
            self.assertNotIn("Traceback", done.stderr)
        else:
            self.assertIn(stderr, done.stderr)
        self.assertNotIn("the hook for wandb failed", done.stderr)
        self.assertNotIn("hone: wandb: ", done.stderr)
        lines = trial.lines()
        self.assertEqual(numbers(lines), [json.dumps(line) for line in reports], done.stderr)
        if config is not None:
            self.assertEqual(done.stdout.strip(), "config: " + config)
        for run in others(lines, "hone.wandb"):
            self.assertRegex(run["version"], self.version)
        return lines

    def test_parameters_arrive_as_attributes(self):
        lr = 0.001
        lines = self.check(
            "config_attribute",
            [{"step": i, "val_loss": lr * (i + 1), "epoch": i} for i in range(3)],
            '{"lr": 0.001, "layers": 3, "act": "relu"}')
        self.assertEqual(others(lines, "hone.finish"), [{"exit_code": 0}])
        self.assertEqual(len(others(lines, "hone.wandb")), 1)

    def test_parameters_arrive_as_a_map_and_a_run_need_not_be_finished(self):
        lines = self.check("config_mapping", [{"step": 0, "val_loss": 0.003}],
                           '{"lr": 0.001, "layers": 3, "missing": 7, "has": true, '
                           '"rest": ["act", "optim"]}')
        self.assertLessEqual(len(others(lines, "hone.finish")), 1)

    def test_the_studys_values_win_over_defaults_and_updates(self):
        self.check("defaults", [{"step": 0, "val_loss": 0.001}],
                   '{"lr": 0.001, "layers": 3, "batch": 32, "seed": 3, "momentum": 0.9, '
                   '"dropout": 0.25, "changed": "ConfigError"}')

    def test_nested_parameters_merge_with_nested_defaults(self):
        self.check("nested_config", [{"step": 0, "val_loss": 0.9}],
                   '{"optim": {"name": "adam", "momentum": 0.9, "nesterov": true}, "same": 0.9}')

    def test_steps_count_as_in_wandb(self):
        self.check("steps", [
            {"step": 0, "loss": 1.0}, {"step": 1, "loss": 0.9}, {"step": 1, "val_loss": 0.8},
            {"step": 10, "loss": 0.7}, {"step": 10, "val_loss": 0.6}, {"step": 11, "loss": 0.5},
            {"step": 12, "loss": 0.4}, {"_step": 13, "step": 400, "loss": 0.3}], "14")

    def test_a_summary_without_log_arrives(self):
        lines = self.check("summary_only", [
            {"hone.summary": True, "val_loss": 0.25},
            {"hone.summary": True, "best.epoch": 3, "best.val_loss": 0.125},
            {"hone.summary": True, "accuracy": 0.75},
            {"hone.summary": True, "size": 12}], "0.75")
        self.assertEqual(others(lines, "hone.unread"), [{"note": "str"}])

    def test_define_metric_is_told(self):
        lines = self.check("define_metric", [
            {"step": 0, "epoch": 0, "val_loss": 0.5}, {"step": 1, "epoch": 1, "val_loss": 0.25},
            {"step": 2, "epoch": 2, "val_loss": 0.375}], "0.25")
        self.assertEqual(others(lines, "hone.define_metric"), [
            {"name": "epoch"}, {"name": "val_*", "step_metric": "epoch", "summary": "min"}])

    def test_runs_as_contexts_and_nested_maps(self):
        self.check("context_manager", [
            {"step": 0, "fold": 0, "val.loss": 0.5, "val.top.1": 0.5},
            {"step": 0, "fold": 1, "val.loss": 0.25, "val.top.1": 0.5}], "[0.001, 0.001] None")

    def test_worker_processes_report_too(self):
        self.check("worker_processes", [
            {"step": 0, "loss": 1.0}, {"forked/loss": 1.0}, {"step": 0, "spawned/loss": 1.0},
            {"step": 1, "loss": 0.5}], "[0, 0]")

    def test_scalars_of_array_libraries_are_numbers_and_the_rest_is_named(self):
        lines = self.check("scalars", [
            {"step": 0, "a": 0.5, "b": 3, "nan": float("nan"), "big": 2 ** 60},
            {"step": 1, "inf": float("inf"), "neg": float("-inf")}, {"step": 2, "a": 0.1}], "done")
        unread = {}
        for line in others(lines, "hone.unread"):
            self.assertFalse(set(line) & set(unread), "told twice")
            unread.update(line)
        self.assertEqual(sorted(unread), ["c", "flag", "list", "several", "text"])

    def test_media_are_accepted(self):
        lines = self.check("media", [{"step": 0, "loss": 0.5}], "[2, 4] renamed")
        unread = {}
        for line in others(lines, "hone.unread"):
            unread.update(line)
        self.assertEqual(unread, {"table": "Table", "page": "Html", "chart": "CustomChart"})

    def test_a_program_that_raises_keeps_its_code_and_its_values(self):
        lines = self.check("raises", [{"step": 0, "loss": 0.5}], code=1,
                           stderr="ValueError: the training failed")
        self.assertIn(others(lines, "hone.finish"), ([], [{"exit_code": 1}]))

    def test_a_program_that_exits_keeps_its_code_and_its_values(self):
        self.check("exits", [{"step": 0, "loss": 0.5}], code=7)

    def test_a_killed_program_loses_no_value(self):
        self.check("killed", [{"step": i, "loss": 1.0 / (i + 1)} for i in range(50)],
                   code=-signal.SIGKILL)

    def test_several_runs_and_the_online_and_disabled_modes(self):
        lines = self.check("several_runs", [
            {"step": 0, "loss": 1.0}, {"step": 1, "loss": 0.5}, {"step": 0, "loss": 0.25},
            {"step": 0, "loss": 0.125}, {"step": 1, "loss": 0.0625}], "True False 0.001")
        self.assertEqual([run["mode"] for run in others(lines, "hone.wandb")],
                         ["offline", "offline", "disabled"])

    def test_what_wandb_refuses_is_refused_and_not_reported(self):
        self.check("refused", [], "['Error', 'Error', 'type', 'type', 'Error', 'UsageError']")

    def test_parameters_of_every_kind_are_read_as_they_are(self):
        values = {"tiny": 1e-05, "huge": 1e+22, "minus": -2e-07, "plain": 0.1, "int": -3,
                  "zero": 0.0, "long": 123456789012345678, "yes": "yes", "text_number": "1e-05",
                  "true": True, "none": None, "text": "caf\u00e9 \"q\" \\ : # - \U0001f600\t",
                  "list": [1, 2.5, "x", None], "map": {"a.b": {"c-d": 1e-09}}, "empty": ""}
        trial = Trial(values)
        self.addCleanup(trial.close)
        done = trial.run(self.python, "-c", "import json, wandb; r = wandb.init()\n"
                         "print(json.dumps(dict(r.config.items())))", offline=self.offline)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout), values)

    def test_a_hook_that_cannot_write_says_so_once_and_lets_the_program_be(self):
        trial = Trial()
        self.addCleanup(trial.close)
        trial.env["HONE_METRICS"] = os.path.join(trial.folder, "missing", "metrics")
        done = trial.run(self.python, os.path.join(PROGRAMS, "define_metric.py"),
                         offline=self.offline)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.strip(), "config: 0.25")
        told = [line for line in done.stderr.splitlines() if "could not be taken" in line]
        self.assertEqual(len(told), 1, done.stderr)


@unittest.skipUnless(WANDB_PYTHON, "HONE_WANDB_PYTHON names no Python with wandb")
class RealPackage(Programs, unittest.TestCase):
    python = WANDB_PYTHON
    version = r"^\d+\.\d+\.\d+$"

    @classmethod
    def setUpClass(cls):
        code = "import wandb, numpy; print(wandb.__version__)"
        found = subprocess.run([WANDB_PYTHON, "-c", code], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, universal_newlines=True)
        if found.returncode != 0:
            raise unittest.SkipTest("%s has no wandb and numpy: %s"
                                    % (WANDB_PYTHON, found.stderr.strip().splitlines()[-1]))
        cls.offline = network_can_be_cut()
        sys.stderr.write("wandb %s, network %s\n" % (
            found.stdout.strip(), "cut" if cls.offline else "not cut (not allowed here)"))

    def test_the_run_file_is_named(self):
        lines = self.check("exits", [{"step": 0, "loss": 0.5}], code=7)
        file = others(lines, "hone.wandb")[0]["file"]
        self.assertRegex(file, r"/wandb/offline-run-.*/run-\w+\.wandb$")


class StandIn(Programs, unittest.TestCase):
    python = STANDIN_PYTHON
    version = r"^\d+\.\d+\.\d+\+hone\.standin$"

    @classmethod
    def setUpClass(cls):
        code = "import importlib.util as u; print(u.find_spec('wandb') is None)"
        found = subprocess.run([STANDIN_PYTHON, "-c", code], stdout=subprocess.PIPE,
                               universal_newlines=True, cwd="/")
        if found.stdout.strip() != "True":
            raise unittest.SkipTest("%s has wandb; name a Python without it in "
                                    "HONE_STANDIN_PYTHON" % STANDIN_PYTHON)


class ImportHook(unittest.TestCase):
    """What the hook does around `import wandb`, and what it leaves alone."""

    def setUp(self):
        self.trial = Trial()
        self.addCleanup(self.trial.close)

    def output(self, code):
        done = self.trial.run(STANDIN_PYTHON, "-c", code)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.strip()

    def module(self, folder, name, text):
        path = os.path.join(self.trial.folder, folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)
        return os.path.join(self.trial.folder, folder)

    def test_an_existing_sitecustomize_still_runs(self):
        theirs = self.module("theirs", "sitecustomize.py", "import sys\nsys.theirs = 1\n")
        self.trial.path.append(theirs)
        self.assertEqual(
            self.output("import sys, sitecustomize as s; print(sys.theirs, s.__file__)"),
            "1 " + os.path.join(theirs, "sitecustomize.py"))

    def test_a_failing_sitecustomize_does_not_take_the_hook_with_it(self):
        self.trial.path.append(self.module("theirs", "sitecustomize.py", "raise ValueError(1)\n"))
        self.assertIn("WandbFinder", self.output("import sys; print(sys.meta_path[0])"))

    def test_the_start_of_python_imports_nothing_more(self):
        code = "import sys; print(sorted(set(sys.modules) - {'sitecustomize'}))"
        with_hook = self.output(code)
        self.trial.path = []
        self.assertEqual(with_hook, self.output(code))

    def test_outside_of_hone_nothing_is_put_in(self):
        self.trial.env["HONE_METRICS"] = None
        self.assertNotIn("WandbFinder", self.output("import sys; print(sys.meta_path)"))

    def test_an_installed_wandb_wins_over_the_standin(self):
        text = "__version__ = '9'\nclass Run:\n    id = 'x'\n    def log(self, data):\n" \
               "        print('logged', data)\ndef init():\n    return Run()\n"
        self.trial.path.append(self.module("site", "wandb/__init__.py", text))
        os.rename(os.path.join(self.trial.folder, "site", "wandb", "__init__.py"),
                  os.path.join(self.trial.folder, "site", "wandb.py"))
        out = self.output("import wandb; wandb.init().log({'a': 1})")
        self.assertEqual(out, "logged {'a': 1}")
        self.assertEqual(numbers(self.trial.lines()), ['{"step": 0, "a": 1}'])

    def test_a_folder_of_run_files_is_not_taken_for_the_package(self):
        os.makedirs(os.path.join(self.trial.folder, "wandb", "latest-run"))
        self.assertIn("standin", self.output("import wandb; print(wandb.__version__)"))

    def test_the_question_whether_wandb_is_installed_is_answered_truthfully(self):
        self.assertEqual(self.output("import importlib.util as u; print(u.find_spec('wandb'))"),
                         "None")

    def test_what_the_standin_lacks_says_what_to_install(self):
        code = "try:\n    import wandb.integration.keras\n" \
               "except ImportError as e:\n    print(e)\nimport wandb\ntry:\n    wandb.xgboost\nexcept AttributeError as e:\n    print(e)"
        for line in self.output(code).splitlines():
            self.assertIn("pip install wandb", line)

    def test_sweep_and_agent_of_the_standin_name_the_way_to_go(self):
        code = "import wandb\nfor f in (wandb.sweep, wandb.agent):\n    try:\n        f({})\n" \
               "    except wandb.Error as e:\n        print(e)"
        for line in self.output(code).splitlines():
            self.assertIn("hone run FILE.yaml", line)

    def test_files_that_the_standin_saves_are_artifacts_of_the_trial(self):
        code = "import os, wandb\nrun = wandb.init()\nos.makedirs('out/deep')\n" \
               "open('out/deep/a.txt', 'w').write('a')\nopen('model.bin', 'w').write('m')\n" \
               "art = wandb.Artifact('weights', type='model')\nart.add_dir('out')\n" \
               "art.add_file('model.bin', name='../best.bin')\nrun.log_artifact(art)\n" \
               "print(len(wandb.save('model.*')), len(wandb.save('none')))\n" \
               "run.log_model('out', name='net')\nrun.alert('title', text='x')\nrun.watch(None)"
        self.assertEqual(self.output(code), "1 0")
        artifacts = os.path.join(self.trial.folder, "artifacts")
        found = sorted(os.path.relpath(os.path.join(at, name), artifacts)
                       for at, _, names in os.walk(artifacts) for name in names)
        self.assertEqual(found, ["model.bin", "net/deep/a.txt", "weights/best.bin", "weights/deep/a.txt"])

    def test_lines_of_many_processes_do_not_mix(self):
        code = "import os, wandb\nwandb.init()\npids = []\nfor rank in range(6):\n" \
               "    pid = os.fork()\n    if pid == 0:\n        for i in range(200):\n" \
               "            wandb.log({'rank%d/%s' % (rank, 'x' * 300): i})\n" \
               "        os._exit(0)\n    pids.append(pid)\n" \
               "for pid in pids:\n    os.waitpid(pid, 0)"
        self.output(code)
        lines = [line for line in self.trial.lines() if not others([line], "hone.wandb")]
        self.assertEqual(len(lines), 1200)
        for rank in range(6):
            name = "rank%d/%s" % (rank, "x" * 300)
            self.assertEqual([line[name] for line in lines if name in line], list(range(200)))

    def test_descriptors_that_the_program_closes_are_not_missed(self):
        code = "import os, wandb\nr = wandb.init()\nr.log({'a': 1})\nos.closerange(3, 64)\n" \
               "f = open('mine', 'w')\nr.log({'a': 2})\nf.write('x')\nf.close()\n" \
               "print(open('mine').read())"
        self.assertEqual(self.output(code), "x")
        self.assertEqual(numbers(self.trial.lines()),
                         ['{"step": 0, "a": 1}', '{"step": 1, "a": 2}'])


class HoneWandb(unittest.TestCase):
    """`from hone import wandb`: the installed one, or the stand-in, inside and outside of hone."""

    CODE = "from hone import wandb\nimport hone.wandb as again\nassert again is wandb\n" \
           "with wandb.init(config={'given': 1, 'lr': 9}) as run:\n" \
           "    wandb.define_metric('loss', summary='min')\n" \
           "    for i in range(3):\n        run.log({'loss': 2.0 - i, 'image': wandb.Image(None)})\n" \
           "    print(wandb.config.given, wandb.config['lr'], run is wandb.run, run.summary['loss']['min'], wandb.run.name == run.name)"

    def setUp(self):
        self.trial = Trial({"lr": 0.5})
        self.addCleanup(self.trial.close)

    def output(self):
        done = self.trial.run(STANDIN_PYTHON, "-c", self.CODE)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.strip()

    def logged(self):
        return [line["loss"] for line in self.trial.lines() if "loss" in line and "hone.summary" not in line]

    def test_in_a_trial_with_hones_hook(self):
        self.trial.path.append(os.path.join(ROOT, "python"))
        self.assertEqual(self.output(), "1 0.5 True 0.0 True")
        self.assertEqual(self.logged(), [2.0, 1.0, 0.0])

    def test_in_a_trial_whose_python_runs_no_sitecustomize(self):
        self.trial.path = [os.path.join(ROOT, "python")]
        os.makedirs(os.path.join(self.trial.folder, "wandb", "latest-run"))
        self.assertEqual(self.output(), "1 0.5 True 0.0 True")
        self.assertEqual(self.logged(), [2.0, 1.0, 0.0])

    def test_outside_of_hone_the_program_runs(self):
        self.trial.path = [os.path.join(ROOT, "python")]
        self.trial.env = {}
        self.assertEqual(self.output(), "1 9 True 0.0 True")
        self.assertEqual(self.trial.lines(), [])
        self.assertFalse(os.path.exists(os.path.join(self.trial.folder, "artifacts")))


class PythonReport(unittest.TestCase):
    """python/hone/report.py, as a package and as a single file."""

    def setUp(self):
        self.trial = Trial()
        self.addCleanup(self.trial.close)
        self.trial.path = [os.path.join(ROOT, "python")]

    def output(self, code):
        done = self.trial.run(STANDIN_PYTHON, "-c", code)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr, "")
        return done.stdout.strip()

    def test_parameters_come_from_the_trial_and_fill_in_defaults(self):
        out = self.output("import json, hone; d = {'lr': 1, 'optim': {'momentum': 0, 'wd': 2}}\n"
                          "p = hone.params(d)\nprint(json.dumps([p, d['optim']['momentum']]))")
        wanted = json.loads(json.dumps(PARAMETERS))
        wanted["optim"]["wd"] = 2
        self.assertEqual(json.loads(out), [wanted, 0])

    def test_reports_are_lines(self):
        self.output("import hone\nhone.report(step=3, val_loss=0.41, n=2)\n"
                    "hone.report(val_loss=float('nan'))\nhone.report(4, **{'val/loss': 1e-300})")
        self.assertEqual(numbers(self.trial.lines()), [
            '{"step": 3, "val_loss": 0.41, "n": 2}', '{"val_loss": NaN}',
            '{"step": 4, "val/loss": 1e-300}'])

    def test_what_is_no_number_is_refused_by_name(self):
        out = self.output("import hone\nfor v in ('x', True, None, [1]):\n    try:\n"
                          "        hone.report(loss=v)\n    except TypeError as e:\n"
                          "        print(e)")
        self.assertEqual(len(out.splitlines()), 4)
        self.assertIn("loss must be a number, not str ('x')", out)
        self.assertEqual(self.trial.lines(), [])

    def test_the_verdict_is_read_without_waiting(self):
        code = "import os, hone\nout = [hone.should_stop()]\nfor v in ('', 'stop', 'pause\\n', " \
               "'continue'):\n    open(os.environ['HONE_TRIAL_DIR'] + '/verdict', 'w').write(v)\n" \
               "    out.append(hone.should_stop())\nprint(out)"
        self.assertEqual(self.output(code), "[False, False, True, True, False]")

    def test_what_hone_gives_is_known(self):
        folder = os.path.join(self.trial.folder, "ckpt")
        self.trial.env.update(HONE_CHECKPOINT_DIR=folder, HONE_RESUME_FROM="/c/9", HONE_TRIAL="17",
                              HONE_SEED="5")
        out = self.output("import hone, os; d = hone.checkpoint_dir(); print(d, os.path.isdir(d), "
                          "hone.resume_from(), hone.trial_number(), hone.seed())")
        self.assertEqual(out, folder + " True /c/9 17 5")

    def test_outside_of_hone_there_are_defaults_and_silence(self):
        self.trial.env = {}
        out = self.output("import hone; hone.report(1, loss=2.0)\nprint(hone.params({'a': 1}), "
                          "hone.params(), hone.should_stop(), hone.checkpoint_dir('d'), "
                          "hone.resume_from(), hone.trial_number(), hone.seed(4))")
        self.assertEqual(out, "{'a': 1} {} False d None None 4")

    def test_one_file_beside_the_program_is_enough(self):
        shutil.copy(os.path.join(ROOT, "python", "hone", "report.py"), self.trial.folder)
        self.trial.path = []
        self.output("import report; report.report(step=1, loss=0.5)")
        self.assertEqual(numbers(self.trial.lines()), ['{"step": 1, "loss": 0.5}'])

    def test_a_missing_parameter_file_is_an_error(self):
        os.remove(os.path.join(self.trial.folder, "config.json"))
        out = self.output("import hone\ntry:\n    hone.params()\nexcept RuntimeError as e:\n"
                          "    print(e)")
        self.assertIn("config.json", out)


if __name__ == "__main__":
    unittest.main()
