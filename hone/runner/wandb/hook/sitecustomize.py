"""Runs at the start of every Python that hone starts: its folder comes first on PYTHONPATH.

It runs the sitecustomize that would have run otherwise, and puts a finder in front of the import
system that waits for the module `wandb`. Nothing else happens until a program imports wandb, so the
start of Python is not slowed: nothing is imported here that Python has not loaded already. The work
itself is in hone_wandb.py, loaded then.

Where wandb is not installed, `import wandb` finds the stand-in (../standin). The question whether
wandb is installed (importlib.util.find_spec) is still answered truthfully, so that libraries which
report to wandb whenever it is there do not start to.

The syntax is that of every Python since 2.7, since PYTHONPATH reaches whatever a program starts in
its turn; from 3.7 on the finder is put in.
"""
import os
import sys


class _WandbFinder(object):
    """A meta path finder for `wandb`: the installed one with hone's hook, else the stand-in."""

    def __init__(self, folder):
        self._folder = folder
        self._standin = os.path.join(os.path.dirname(folder), "standin")

    def find_spec(self, name, path=None, target=None):
        """The spec of `wandb`; None for other modules and when the hook cannot be put in."""
        if name != "wandb":
            if name.startswith("wandb."):
                self._refuse_what_the_standin_lacks(name, path)
            return None
        try:
            return self._spec(name)
        except Exception as error:
            _tell_failure(error)
            return None

    def _spec(self, name):
        spec = self._installed(name)
        if spec is None:
            if _is_a_question():
                return None
            spec = _path_finder().find_spec(name, [self._standin], None)
            if spec is None or spec.loader is None:
                return None
        _call_after_import(spec)
        return spec

    def _installed(self, name):
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            if finder is self or find is None:
                continue
            spec = find(name, None, None)
            # A folder `wandb` without __init__.py holds the files of earlier runs: no module.
            if spec is not None and spec.loader and spec.origin not in (None, "namespace"):
                return spec
        return None

    def _refuse_what_the_standin_lacks(self, name, path):
        if not path or os.path.join(self._standin, "wandb") not in path or _is_a_question():
            return
        if _path_finder().find_spec(name, path) is None:
            raise ModuleNotFoundError(
                "No module named %r: wandb is not installed for this Python, and hone's stand-in "
                "has no such part; install it: pip install wandb" % name, name=name)


def _path_finder():
    return [f for f in sys.meta_path if getattr(f, "__name__", "") == "PathFinder"][0]


def _tell_failure(error):
    sys.stderr.write("hone: the hook for wandb failed (%s: %s); values are not taken as they come\n"
                     % (type(error).__name__, error))


def _is_a_question():
    """Whether importlib.util.find_spec asks, and not an import statement."""
    frame = sys._getframe(1)
    for _ in range(12):
        if frame is None:
            return False
        name = frame.f_code.co_name
        if name == "find_spec" and frame.f_globals.get("__name__") == "importlib.util":
            return True
        if name == "_find_and_load_unlocked":
            return False
        frame = frame.f_back
    return False


def _call_after_import(spec):
    """Has hone_wandb.install called when the module of `spec` has been executed."""
    loader = spec.loader
    execute = loader.exec_module

    def exec_module(module):
        try:
            del loader.exec_module
        except AttributeError:
            pass
        execute(module)
        try:
            import hone_wandb
            hone_wandb.install(module)
        except Exception as error:
            _tell_failure(error)

    loader.exec_module = exec_module


def _run_the_next_sitecustomize(folder):
    """Imports the sitecustomize that this file hides, with this folder off the path meanwhile."""
    mine = sys.modules.pop("sitecustomize", None)
    hidden = [entry for entry in sys.path if os.path.abspath(entry) == folder]
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != folder]
    try:
        __import__("sitecustomize")
    except ImportError as error:
        # Python 2 has no name in the error; its text ends in that of the module.
        missing = getattr(error, "name", None) or str(error).split(" ")[-1]
        if missing != "sitecustomize":
            raise
    finally:
        sys.path[:0] = hidden[:1]
        if mine is not None:
            sys.modules.setdefault("sitecustomize", mine)


_FOLDER = os.path.dirname(os.path.abspath(__file__))
if sys.version_info >= (3, 7) and os.environ.get("HONE_METRICS"):
    sys.meta_path.insert(0, _WandbFinder(_FOLDER))
_run_the_next_sitecustomize(_FOLDER)
