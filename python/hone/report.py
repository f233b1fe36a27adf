"""Talks to hone from a training program: parameters in, metrics out.

    import hone
    lr = hone.params({"lr": 1e-3})["lr"]
    for epoch in range(10):
        hone.report(step=epoch, val_loss=train(lr))
        if hone.should_stop():
            break

One file, pure Python 3.7 and later, no dependencies: it may be copied beside a program and used as
`import report`. Outside of hone the functions give defaults and do nothing, so a program runs
unchanged on its own.
"""
import json
import os
import sys

__all__ = ["params", "report", "should_stop", "checkpoint_dir", "resume_from", "trial_number",
           "seed"]

_write_failed = False
_line_is_open = False  # the last write ended within a line


def params(defaults=None):
    """The parameters of this trial, by name; nested parameters are nested dicts.

    `defaults` fills in what the study does not set, and is all there is outside of hone.
    Raises RuntimeError when hone's file cannot be read: a trial must not run with other values.
    """
    values = json.loads(json.dumps(defaults)) if defaults else {}
    folder = os.environ.get("HONE_TRIAL_DIR")
    if not folder:
        return values
    path = os.path.join(folder, "config.json")
    try:
        with open(path, encoding="utf-8") as file:
            given = json.load(file)
    except (OSError, ValueError) as error:
        raise RuntimeError("hone: the trial's parameters could not be read from %s: %s"
                           % (path, error)) from error
    return _merged(values, given)


def report(step=None, **metrics):
    """Reports metrics, each a number or a scalar of numpy, torch, jax or TensorFlow.

    `step` is the fidelity (epoch, training step); without it hone counts the reports. Names that
    are no identifiers go as `report(3, **{"val/loss": 0.4})`. Outside of hone nothing happens.
    Raises TypeError for a value that is no number.
    """
    record = {} if step is None else {"step": _number("step", step)}
    for name, value in metrics.items():
        record[name] = _number(name, value)
    path = os.environ.get("HONE_METRICS")
    if path and metrics:
        _append(path, record)


def should_stop():
    """Whether hone has decided that this trial ends or pauses. Never blocks; False elsewhere."""
    folder = os.environ.get("HONE_TRIAL_DIR")
    if not folder:
        return False
    try:
        with open(os.path.join(folder, "verdict"), "rb") as file:
            return file.read(16).strip() in (b"stop", b"pause")
    except OSError:
        return False


def checkpoint_dir(default=None):
    """The folder for this trial's checkpoints, which exists; `default` outside of hone."""
    folder = os.environ.get("HONE_CHECKPOINT_DIR")
    if not folder:
        return default
    os.makedirs(folder, exist_ok=True)
    return folder


def resume_from():
    """The checkpoint to go on from, or None to begin anew."""
    return os.environ.get("HONE_RESUME_FROM") or None


def trial_number():
    """The number of this trial in its study, or None outside of hone."""
    return _integer("HONE_TRIAL")


def seed(default=None):
    """The seed of this run, which differs between replicates; `default` outside of hone."""
    given = _integer("HONE_SEED")
    return default if given is None else given


def _integer(name):
    text = os.environ.get(name)
    if not text:
        return None
    try:
        return int(text)
    except ValueError:
        raise RuntimeError("hone: the variable %s is %r, not a whole number"
                           % (name, text)) from None


def _merged(into, values):
    for key, value in values.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _merged(into[key], value)
        else:
            into[key] = value
    return into


def _number(name, value):
    kind = type(value)
    if kind is float or kind is int:
        return value
    given = value
    if not isinstance(value, (bool, str, bytes)):
        try:
            if not hasattr(value, "item") and hasattr(value, "numpy"):
                value = value.numpy()
            value = value.item() if hasattr(value, "item") else value
        except (TypeError, ValueError, RuntimeError):
            value = None  # an array of several elements
        if isinstance(value, int) and not isinstance(value, bool):
            return int(value)
        if isinstance(value, float):
            return float(value)
    raise TypeError("hone.report: %s must be a number, not %s (%.60r)"
                    % (name, type(given).__name__, given))


def _append(path, record):
    """Appends one line with one write, so that lines of several processes never mix."""
    global _write_failed, _line_is_open
    data = json.dumps(record).encode("ascii") + b"\n"
    if _line_is_open:
        data = b"\n" + data
    try:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
        descriptor = os.open(path, flags, 0o644)
        try:
            _line_is_open = os.write(descriptor, data) != len(data)
        finally:
            os.close(descriptor)
        failure = "the disk is full" if _line_is_open else None
    except OSError as error:
        failure = str(error)
    if failure and not _write_failed:
        _write_failed = True
        sys.stderr.write("hone: metrics cannot be written to %s: %s\n" % (path, failure))
