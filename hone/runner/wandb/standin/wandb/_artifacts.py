"""Files that a program saves: copied below the trial's folder `artifacts`, where there is one."""
import glob
import os
import shutil

from .errors.term import termwarn


def folder():
    """Where artifacts of this trial are kept; None outside of hone."""
    given = os.environ.get("HONE_ARTIFACTS")
    trial = os.environ.get("HONE_TRIAL_DIR")
    return given or (os.path.join(trial, "artifacts") if trial else None)


def _plain(name):
    """`name` as a path that stays below a folder."""
    parts = [part for part in str(name).replace(os.sep, "/").split("/") if part not in ("", ".", "..")]
    return os.path.join(*parts) if parts else ""


def keep(source, name):
    """Copies a file; the path of the copy, or None where nothing is kept. Never raises: a copy that
    fails is told and does not end a training."""
    root = folder()
    name = _plain(name)
    if root is None or not name or not os.path.isfile(source):
        return None
    target = os.path.join(root, name)
    try:
        if os.path.abspath(target) == os.path.abspath(source):
            return target
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copyfile(source, target + ".copied")
        os.replace(target + ".copied", target)
        return target
    except OSError as error:
        termwarn("%s could not be kept: %s" % (source, error), repeat=False)
        return None


def keep_below(source, name):
    """The same for a file, or for a folder with all files in it."""
    if os.path.isfile(source):
        return [path for path in [keep(source, name)] if path]
    kept = []
    for at, _, names in os.walk(source):
        for each in sorted(names):
            path = os.path.join(at, each)
            kept.append(keep(path, os.path.join(name, os.path.relpath(path, source))))
    return [path for path in kept if path]


def save(pattern, base=None):
    """What save() takes: a path or a pattern. Names below `base`, else the files' own names."""
    kept = []
    for path in sorted(glob.glob(os.fspath(pattern))):
        name = os.path.relpath(path, base) if base else os.path.basename(path)
        kept += keep_below(path, name)
    return kept
