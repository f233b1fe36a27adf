"""wandb's messages on stderr, silent when WANDB_SILENT is set."""
import os
import sys

_shown = set()


def _print(prefix, text, repeat):
    if os.environ.get("WANDB_SILENT", "").lower() in ("1", "true", "yes", "on"):
        return
    line = "wandb: %s%s\n" % (prefix, text)
    if not repeat and line in _shown:
        return
    if not repeat:
        _shown.add(line)
    sys.stderr.write(line)


def termlog(string="", newline=True, repeat=True, prefix=True):
    """Prints a message."""
    _print("", string, repeat)


def termwarn(string="", newline=True, repeat=True, prefix=True):
    """Prints a warning."""
    _print("WARNING ", string, repeat)


def termerror(string="", newline=True, repeat=True, prefix=True):
    """Prints an error."""
    _print("ERROR ", string, repeat)
