"""hone from Python.

For training programs that hone launched: `hone.params()`, `hone.report(...)` and the others of
hone/report.py; these need nothing but Python. For programs that tune something themselves:
`hone.Study` (hone/study.py) and `hone.optuna.HoneSampler` (hone/optuna.py), which use the engine,
the compiled module hone._core.
"""
from .report import (
    checkpoint_dir, params, report, resume_from, seed, should_stop, trial_number)

__all__ = ["Error", "Stopped", "Study", "StudyOver", "Trial", "Trials", "checkpoint_dir",
           "errors", "params", "report", "resume_from", "seed", "should_stop", "trial_number"]

_FROM = {"Study": "study", "Trial": "study", "Trials": "study", "Stopped": "study",
         "Error": "errors", "StudyOver": "errors", "__version__": None}


def __getattr__(name):
    """Loads the engine when it is first asked for: training programs never do."""
    import importlib
    if name in ("errors", "study", "optuna"):
        return importlib.import_module("." + name, __name__)
    if name not in _FROM:
        raise AttributeError("module 'hone' has no attribute %r" % name)
    try:
        if name == "__version__":
            return importlib.import_module("._core", __name__).version()
        return getattr(importlib.import_module("." + _FROM[name], __name__), name)
    except ImportError as error:
        if "_core" not in str(error):
            raise
        raise ImportError("hone.%s needs hone's engine, the compiled module hone._core, which is not "
                          "beside %s: pip install . in a copy of the repository builds it (%s)"
                          % (name, __file__, error)) from error


def __dir__():
    return sorted(set(globals()) | set(__all__) | {"__version__"})
