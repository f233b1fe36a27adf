"""Runs of the stand-in: init() begins one, log() takes what it is given, finish() ends it.

hone's hook wraps log, define_metric, finish and _summary_update_callback, as with the real package;
that is where values go. Here only what the program can read back is kept: config, summary, step.
"""
import os
import sys
import tempfile
import time
from collections.abc import Mapping

from . import _artifacts
from ._config import Config, study_parameters
from ._summary import Metric, Summary
from .errors import Error, UsageError, needs_server
from .errors.term import termlog, termwarn
from .helper import parse_config
from .util import generate_id

_active = []  # runs of this process that are not finished, the newest last
_announced = False


class AlertLevel:
    """Levels of alert()."""
    INFO = "INFO"
    WARN = "WARN"
    ERROR = "ERROR"


class Settings:
    """Holds whatever it is given."""

    def __init__(self, **kwargs):
        self.__dict__.update(kwargs)

    def update(self, other=None, **kwargs):
        self.__dict__.update(other or {}, **kwargs)


class Run:
    """One run, as init() gives it."""

    def __init__(self, config, project, entity, run_id, name, notes, tags, group, job_type,
                 folder, settings):
        self._pid = os.getpid()
        self._is_finished = False
        self._step = 0
        self._metrics = []
        self._config = Config()
        self._config.update(config, allow_val_change=True)
        self._config._set_study_values(study_parameters())
        self.summary = Summary(lambda record: self._summary_update_callback(record))
        self.id = run_id
        self.name = name or os.environ.get("WANDB_NAME") or run_id
        self.notes = notes if notes is not None else os.environ.get("WANDB_NOTES")
        self.tags = tuple(tags or ())
        self.group = group or os.environ.get("WANDB_RUN_GROUP", "")
        self.job_type = job_type or os.environ.get("WANDB_JOB_TYPE", "")
        self.project = project or os.environ.get("WANDB_PROJECT", "uncategorized")
        self.entity = entity or os.environ.get("WANDB_ENTITY", "")
        self.sweep_id = os.environ.get("WANDB_SWEEP_ID")
        self.start_time = time.time()
        self.starting_step = 0
        self.resumed = False
        self.offline = True
        self.disabled = False
        self.url = self.project_url = self.sweep_url = None
        self.settings = settings
        self._folder = folder

    @property
    def config(self):
        return self._config

    @property
    def config_static(self):
        return self._config

    @property
    def step(self):
        return self._step

    @property
    def dir(self):
        """The folder for the program's files; it exists."""
        os.makedirs(self._folder, exist_ok=True)
        return self._folder

    @property
    def path(self):
        return "/".join(part for part in (self.entity, self.project, self.id) if part)

    def log(self, data, step=None, commit=None, sync=None):
        """Takes values; unless `step` or commit=False says otherwise, the step ends with them."""
        if self._is_finished:
            raise UsageError("Run (%s) is finished. The call to `log` will be ignored. Please make "
                             "sure that you are using an active run." % self.id)
        if not isinstance(data, Mapping):
            raise TypeError("wandb.log must be passed a dictionary")
        if any(not isinstance(key, str) for key in data):
            raise TypeError("Key values passed to `wandb.log` must be strings.")
        if step is not None and int(step) < self._step:
            termwarn("Tried to log to step %d that is less than the current step %d. Steps must be "
                     "monotonically increasing, so this data will be ignored." % (step, self._step),
                     repeat=False)
            return
        if step is not None:
            self._step = int(step)
        self.summary.take_logged(data, self._metrics)
        if commit or (step is None and commit is None):
            self._step += 1

    def define_metric(self, name, step_metric=None, step_sync=None, hidden=None, summary=None,
                      goal=None, overwrite=None):
        """Says how a metric is summed up."""
        if not name:
            raise Error("define_metric() requires non-empty name argument")
        metric = Metric(name, getattr(step_metric, "name", step_metric), summary)
        self._metrics.append(metric)
        return metric

    def finish(self, exit_code=None, quiet=None):
        """Ends the run."""
        if self._is_finished:
            return
        self._is_finished = True
        if self in _active:
            _active.remove(self)
        if sys.modules["wandb"].run is self:
            unset_globals()

    join = finish

    def _summary_update_callback(self, record):
        """Called with what the program sets in the summary."""

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.finish(exit_code=0 if kind is None else 1)

    def log_artifact(self, artifact_or_path, name=None, type=None, aliases=None, **_kwargs):
        """Copies the files of an artifact to the trial's artifacts, below its name."""
        from ._media import Artifact
        if isinstance(artifact_or_path, Artifact):
            artifact_or_path._keep()
            return artifact_or_path
        path = os.fspath(artifact_or_path).rstrip("/")
        artifact = Artifact(name or os.path.basename(path), type or "unspecified")
        if os.path.isdir(path):
            artifact.add_dir(path)
        elif os.path.isfile(path):
            artifact.add_file(path)
        artifact._keep()
        return artifact

    upsert_artifact = finish_artifact = log_artifact

    def use_artifact(self, *_args, **_kwargs):
        raise needs_server("use_artifact()")

    def use_model(self, *_args, **_kwargs):
        raise needs_server("use_model()")

    def restore(self, *_args, **_kwargs):
        raise needs_server("restore()")

    def save(self, glob_str=None, base_path=None, policy="live"):
        """Copies files to the trial's artifacts; their paths there. Once, whatever the policy."""
        return _artifacts.save(glob_str, base_path) if glob_str is not None else []

    def log_model(self, path, name=None, aliases=None, **_kwargs):
        """Copies a model's file or folder to the trial's artifacts."""
        return self.log_artifact(path, name=name, type="model")

    def watch(self, *_args, **_kwargs):
        """Accepted, without effect."""

    unwatch = alert = mark_preempting = log_code = link_artifact = link_model = watch
    write_logs = status = display = pin_config_keys = _label = watch

    def to_html(self, *_args, **_kwargs):
        return ""

    def get_url(self):
        return None

    get_project_url = get_sweep_url = get_url

    def project_name(self):
        return self.project


_METHODS = ("log", "define_metric", "save", "watch", "unwatch", "alert", "log_artifact",
            "log_model", "use_artifact", "use_model", "link_model", "mark_preempting",
            "pin_config_keys")


class _BeforeInit:
    """wandb.config and wandb.summary before init()."""

    def __init__(self, name):
        object.__setattr__(self, "_name", name)

    def _refuse(self, *_args):
        raise Error("You must call wandb.init() before %s is used" % self._name)

    __getitem__ = __setitem__ = __setattr__ = _refuse

    def __getattr__(self, key):
        if key.startswith("_"):
            raise AttributeError(key)
        return self._refuse()


def _before_init(name):
    def refuse(*_args, **_kwargs):
        raise Error("You must call wandb.init() before wandb.%s()" % name)
    refuse.__name__ = name
    return refuse


def unset_globals():
    """Puts wandb.run, wandb.log and the like back to what they are before init()."""
    wandb = sys.modules["wandb"]
    wandb.run = None
    wandb.config = _BeforeInit("wandb.config")
    wandb.summary = _BeforeInit("wandb.summary")
    for name in _METHODS:
        setattr(wandb, name, _before_init(name))


def _set_globals(run):
    wandb = sys.modules["wandb"]
    wandb.run = run
    wandb.config = run.config
    wandb.summary = run.summary
    for name in _METHODS:
        setattr(wandb, name, getattr(run, name))


def _run_folder(given, run_id):
    """Where wandb would keep the run's files: in `dir`, $WANDB_DIR or the current folder."""
    root = str(given or os.environ.get("WANDB_DIR") or os.environ.get("HONE_TRIAL_DIR") or ".")
    if not os.access(root, os.W_OK):
        root = tempfile.gettempdir()
    name = "offline-run-%s-%s" % (time.strftime("%Y%m%d_%H%M%S"), run_id)
    return os.path.join(os.path.abspath(root), "wandb", name, "files")


def _announce():
    global _announced
    if not _announced:
        _announced = True
        sys.stderr.write("hone: wandb is not installed for %s; hone's stand-in %s\n" % (
            sys.executable or "this Python",
            "takes what is logged" if os.environ.get("HONE_METRICS") else
            "lets the program run, and what it logs goes nowhere"))


def init(entity=None, project=None, dir=None, id=None, name=None, notes=None, tags=None,
         config=None, config_exclude_keys=None, config_include_keys=None, group=None, job_type=None,
         mode=None, reinit=None, settings=None, **_kwargs):
    """Begins a run, or gives back the one that is active."""
    _announce()
    mine = [run for run in _active if run._pid == os.getpid()]
    if mine and reinit in (True, "finish_previous"):
        for run in mine:
            run.finish()
    elif mine and reinit != "create_new":
        termlog("wandb.init() called while a run is active, so returning the previous run.")
        return mine[-1]
    config = parse_config(config or {}, config_exclude_keys, config_include_keys)
    run_id = id or os.environ.get("WANDB_RUN_ID") or generate_id()
    held = Settings(**(settings if isinstance(settings, Mapping) else vars(settings or Settings())))
    held.mode = mode if mode == "disabled" else "offline"
    held.run_id = run_id
    run = Run(config, project, entity, run_id, name, notes, tags, group, job_type,
              _run_folder(dir, run_id), held)
    run.disabled = held.mode == "disabled"
    _active.append(run)
    if reinit != "create_new":
        _set_globals(run)
    return run


def finish(exit_code=None, quiet=None):
    """Ends the active run, if there is one."""
    run = sys.modules["wandb"].run
    if run is not None:
        run.finish(exit_code=exit_code)


def login(*_args, **_kwargs):
    """There is no account to log in to: False, as in wandb's offline mode."""
    return False


def setup(*_args, **_kwargs):
    """Accepted, without effect."""


def teardown(*_args, **_kwargs):
    """Accepted, without effect."""


def restore(*_args, **_kwargs):
    raise needs_server("wandb.restore()")


def sweep(*_args, **_kwargs):
    raise UsageError(
        "wandb.sweep() cannot be used under hone, which runs the trials itself: write the sweep's "
        "dictionary to a YAML file and start it with: hone run FILE.yaml")


def agent(*_args, **_kwargs):
    raise UsageError(
        "wandb.agent() cannot be used under hone, which runs the trials itself: call the training "
        "function once, with its values from wandb.config, and start the sweep's file with: "
        "hone run FILE.yaml")


def controller(*_args, **_kwargs):
    raise UsageError("wandb.controller() cannot be used under hone, which runs the trials itself")
