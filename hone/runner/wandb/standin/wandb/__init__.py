"""hone's stand-in for wandb, used where the real package is not installed.

It has the calls that training programs make: init, config, log, summary, define_metric, finish,
and the types that are logged (Image, Table and so on), which are accepted and not kept. Nothing is
sent and no run file is written: hone's hook (../../hook/hone_wandb.py) takes what is logged, as it
does with the real package. What needs W&B's server (sweep, agent, Api, use_artifact and so on)
raises an error that says so. Python 3.7 and later, no dependencies.
"""
from . import data_types, errors, helper, plot, sdk, util  # noqa: F401
from ._config import Config
from ._media import (  # noqa: F401
    Artifact, ArtifactTTL, Audio, Classes, EvalTable, Graph, Histogram, Html, Image, JoinedTable,
    Molecule, Object3D, Plotly, Table, Video, box3d)
from ._run import (  # noqa: F401
    AlertLevel, Run, Settings, agent, controller, finish, init, login, restore, setup, sweep,
    teardown, unset_globals)
from .errors import CommError, Error, UsageError  # noqa: F401
from .errors.term import termerror, termlog, termwarn  # noqa: F401
from .plot import plot_table, visualize  # noqa: F401

__version__ = "0.31.0+hone.standin"

join = finish
patched = {"tensorboard": [], "keras": [], "gym": []}
unset_globals()  # run, config, log, summary and the like, until init() is called


def require(*_args, **_kwargs):
    """Accepted, without effect."""


def ensure_configured():
    """Accepted, without effect."""


class Api:
    """W&B's public interface; it lives on the server."""

    def __init__(self, *_args, **_kwargs):
        raise errors.needs_server("wandb.Api()")


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    raise AttributeError(
        "wandb.%s is not part of hone's stand-in for wandb, which is used because wandb is not "
        "installed for this Python; install it: pip install wandb" % name)
