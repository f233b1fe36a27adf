"""Copies what a program gives to wandb to the file $HONE_METRICS, at once, one JSON object a line.

wandb's offline mode keeps what is logged in memory for seconds, and loses it when the program is
killed; hone needs the values as they come. So Run.log, Run.define_metric, Run.finish and updates of
the summary are wrapped: a line is written, then wandb's own method runs. Values are numbers only,
nested maps with dots: `{"step": 3, "val_loss": 0.41}`; NaN, Infinity and -Infinity stand as such.
Lines for other purposes carry a key that begins with "hone.", and may be ignored:

  {"hone.wandb": {"version", "run", "mode", "file"}}     a run began; file: wandb's run file
  {"hone.define_metric": {"name", "step_metric", ...}}   as given
  {"hone.summary": true, "best": 0.3}                    values set in the summary
  {"hone.unread": {"samples": "Table"}}                  no number; told once for each name
  {"hone.finish": {"exit_code": 0}}                      the program finished the run

A failure here is told once on stderr and never reaches the program. Python 3.7 and later; the same
code serves hone's stand-in for wandb.
"""
import functools
import json
import os
import sys
from collections.abc import Mapping

_MAX_DEPTH = 16        # of nested maps in one call
_MAX_NUMBERS = 20000   # in one line; more are left out
_MAX_UNREAD = 1000     # names told in "hone.unread" lines
_INTERNAL_KEYS = frozenset(["_step", "_timestamp", "_runtime", "_wandb"])
_OFFLINE_MODES = frozenset(["offline", "dryrun", "disabled"])

_path = os.environ.get("HONE_METRICS", "")
_told = set()
_unread = set()        # names told in "hone.unread" lines
_new_unread = {}       # names to tell, with the type of their value
_line_is_open = False  # the last write ended within a line


def install(wandb):
    """Wraps the methods of the freshly imported module `wandb`."""
    run_class = getattr(wandb, "Run", None) or wandb.sdk.wandb_run.Run
    notes = (("log", _note_log), ("define_metric", _note_define_metric), ("finish", _note_finish))
    for owner in [run_class] + run_class.__subclasses__():
        for name, note in notes:
            if name in vars(owner):
                setattr(owner, name, _noting(vars(owner)[name], note))
    on_update = "_summary_update_callback"
    if on_update in vars(run_class):
        setattr(run_class, on_update, _noting(vars(run_class)[on_update], _note_summary))
    else:
        _tell("summary", "this version keeps its summary elsewhere; it is read when the run ends")
    _wrap_init(wandb)


def _tell(kind, text):
    if kind in _told:
        return
    _told.add(kind)
    try:
        sys.stderr.write("hone: wandb: %s\n" % text)
    except Exception:
        pass


def _guarded(note):
    """`note` with every failure told once instead of raised."""
    @functools.wraps(note)
    def guarded(*args, **kwargs):
        try:
            return note(*args, **kwargs)
        except Exception as error:
            _tell("note", "what is logged could not be taken as it came (%s: %s)"
                  % (type(error).__name__, error))
            return None
    return guarded


def _noting(original, note):
    """The method `original`, with `note` called first."""
    note = _guarded(note)

    @functools.wraps(original)
    def method(self, *args, **kwargs):
        note(self, *args, **kwargs)
        return original(self, *args, **kwargs)
    return method


# ---- lines

def write_line(record):
    """Appends `record` as one line with one write, so that lines of several processes never mix.

    The file is opened anew for each line: a descriptor kept open could be closed by the program
    (daemons close all of them) and its number given to another file.
    """
    global _line_is_open
    data = json.dumps(record).encode("ascii") + b"\n"
    if _line_is_open:
        data = b"\n" + data
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
    descriptor = os.open(_path, flags, 0o644)
    try:
        written = os.write(descriptor, data)
    finally:
        os.close(descriptor)
    _line_is_open = written != len(data)
    if _line_is_open:
        raise OSError("only %d of %d bytes were written to %s" % (written, len(data), _path))


def number(value):
    """`value` as int or float, also a scalar of numpy, torch, jax or TensorFlow; else None."""
    kind = type(value)
    if kind is float or kind is int:
        return value
    if isinstance(value, (bool, str, bytes, Mapping, list, tuple)):
        return None
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    size = getattr(value, "numel", None) or getattr(value, "size", 1)
    if callable(size):
        size = size()
    if size != 1:
        return None
    if hasattr(value, "item"):
        value = value.item()
    elif hasattr(value, "numpy"):
        value = value.numpy().item()
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    return None


def flatten(values, prefix="", depth=0, into=None):
    """The numbers in `values`, by names joined with dots."""
    into = {} if into is None else into
    for key, value in values.items():
        if len(into) >= _MAX_NUMBERS:
            _tell("many", "of more than %d numbers in one call the others are left out"
                  % _MAX_NUMBERS)
            break
        if not isinstance(key, str) or (not prefix and key in _INTERNAL_KEYS):
            continue
        if isinstance(value, Mapping):
            if depth < _MAX_DEPTH:
                flatten(value, prefix + key + ".", depth + 1, into)
            continue
        try:
            scalar = number(value)
        except Exception as error:
            _tell("number", "%s%s could not be read as a number (%s)" % (prefix, key, error))
            continue
        if scalar is not None:
            into[prefix + key] = scalar
        elif value is not None and prefix + key not in _unread and len(_unread) < _MAX_UNREAD:
            _new_unread[prefix + key] = type(value).__name__
    return into


def _write_unread():
    """One line about the names that were met since the last one and hold no numbers."""
    if _new_unread:
        _unread.update(_new_unread)
        record = {"hone.unread": dict(_new_unread)}
        _new_unread.clear()
        write_line(record)


# ---- what is noted

class _Steps:
    """wandb's counter of steps, which each call that commits moves on by one."""

    def __init__(self, first):
        self.pid = os.getpid()
        self.next = first

    def take(self, step, commit):
        """The step of this call; None when wandb ignores the call: a step behind the current."""
        if step is not None:
            step = int(step)
            if step < self.next:
                return None
            self.next = step
        taken = self.next
        if commit or (step is None and commit is None):
            self.next += 1
        return taken


def _steps_of(run):
    steps = vars(run).get("_hone_steps")
    if steps is None:
        try:
            first = int(run.starting_step)
        except Exception:
            first = 0
        steps = _Steps(first)
        vars(run)["_hone_steps"] = steps
    return steps


def _note_log(run, data=None, step=None, commit=None, *_args, **_kwargs):
    if not isinstance(data, Mapping) or vars(run).get("_is_finished"):
        return  # wandb raises
    numbers = flatten(data)
    steps = _steps_of(run)
    if steps.pid == os.getpid():
        at = steps.take(step, commit)
        if at is None:
            return
    else:
        # A forked worker logs to its parent's run, whose counter only wandb's service knows.
        at = None if step is None else int(step)
    record = {}
    if at is not None:
        # A metric of the program's own that is called "step" keeps its name.
        record["_step" if "step" in numbers else "step"] = at
    if numbers:
        record.update(numbers)
        write_line(record)
    _write_unread()


def _note_define_metric(_run, name=None, step_metric=None, step_sync=None, hidden=None,
                        summary=None, goal=None, overwrite=None, **_kwargs):
    given = {"name": name, "step_metric": getattr(step_metric, "name", step_metric),
             "step_sync": step_sync, "hidden": hidden, "summary": summary, "goal": goal,
             "overwrite": overwrite}
    plain = {key: value for key, value in given.items() if isinstance(value, (str, bool, int))}
    write_line({"hone.define_metric": plain})


def _note_summary(_run, record, *_args, **_kwargs):
    values = {}
    for item in record.update:
        prefix = "".join(part + "." for part in item.key[:-1])
        flatten({item.key[-1]: item.value}, prefix, 0, values)
    if values:
        line = {"hone.summary": True}
        line.update(values)
        write_line(line)
    _write_unread()


def _note_finish(run, exit_code=None, *_args, **_kwargs):
    if not vars(run).get("_is_finished") and not vars(run).get("_hone_finished"):
        vars(run)["_hone_finished"] = True
        write_line({"hone.finish": {"exit_code": exit_code if isinstance(exit_code, int) else 0}})


@_guarded
def _note_init(wandb, run):
    if vars(run).get("_hone_steps") is not None:
        return  # init() gave back a run that is known already
    _steps_of(run)
    told = {"version": str(getattr(wandb, "__version__", ""))}
    for key, read in (("run", lambda: run.id), ("mode", lambda: run.settings.mode or "disabled"),
                      ("file", lambda: os.path.abspath(run.settings.sync_file))):
        try:
            told[key] = str(read())
        except Exception:
            pass
    if told.get("mode") == "disabled" or not told.get("file", "").endswith(".wandb"):
        told.pop("file", None)  # none is written
    write_line({"hone.wandb": told})
    log = vars(run).get("log")
    if log is not None:
        # mode="disabled" in older versions: methods of the object hide those of the class.
        noting = _noting(lambda _run, *args, **kwargs: log(*args, **kwargs), _note_log)
        vars(run)["log"] = functools.partial(noting, run)
        if wandb.run is run:
            wandb.log = run.log


# ---- init

@_guarded
def _keep_offline(kwargs):
    """Makes `mode="online"` of init() offline, where the environment says offline."""
    if os.environ.get("WANDB_MODE", "") not in _OFFLINE_MODES:
        return
    mode = kwargs.get("mode")
    if mode is None and kwargs.get("settings") is not None:
        settings = kwargs["settings"]
        is_map = isinstance(settings, Mapping)
        mode = settings.get("mode") if is_map else getattr(settings, "mode", None)
    if mode in ("online", "run", "shared"):
        kwargs["mode"] = "offline"


def _wrap_init(wandb):
    original = wandb.init

    @functools.wraps(original)
    def init(*args, **kwargs):
        _keep_offline(kwargs)
        run = original(*args, **kwargs)
        _note_init(wandb, run)
        return run

    wandb.init = init
    for module in (getattr(wandb, "sdk", None), sys.modules.get("wandb.sdk.wandb_init")):
        if module is not None and getattr(module, "init", None) is original:
            module.init = init
