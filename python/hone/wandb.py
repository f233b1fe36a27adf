"""`from hone import wandb`: the installed wandb, else hone's stand-in for it.

In a program that hone launched both report to the trial, and so does a plain `import wandb`. Outside of
hone the stand-in lets a program run where wandb is not installed; what it logs goes nowhere then.
"""
import importlib
import importlib.util
import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))
# In an installed package or build folder; in the repository.
_PLACES = (os.path.join(_HERE, "_standin"),
           os.path.join(_HERE, "..", "..", "hone", "runner", "wandb", "standin"))
_HOOKS = (os.path.join(_HERE, "_standin", "hone_wandb.py"),
          os.path.join(_HERE, "..", "..", "hone", "runner", "wandb", "hook", "hone_wandb.py"))


def _standin():
    """The stand-in as the module `wandb`, with hone's hook where there is a trial to report to."""
    folder = next(place for place in _PLACES if os.path.isdir(place))
    sys.path.insert(0, folder)
    try:
        module = importlib.import_module("wandb")
    finally:
        sys.path.remove(folder)
    if os.environ.get("HONE_METRICS"):
        path = next(path for path in _HOOKS if os.path.isfile(path))
        spec = importlib.util.spec_from_file_location("hone_wandb", path)
        hook = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(hook)
        hook.install(module)
    return module


def _module():
    try:
        module = importlib.import_module("wandb")
        if hasattr(module, "init"):
            return module
        del sys.modules["wandb"]  # a folder of earlier runs' files
    except ModuleNotFoundError as error:
        if error.name != "wandb":
            raise  # an installed one that lacks something
    return _standin()


sys.modules[__name__] = _module()
