"""What the comparisons with peers share: virtual environments below build/peers, spans of seeds, the revision measured."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def span(text):
    """`0-4` as a range; `3` is one seed."""
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def environment(name, requirements):
    """The Python of an environment, made when its requirements changed."""
    folder = ROOT / "build/peers" / name
    wanted = Path(requirements)
    made = folder / "requirements.txt"
    if not made.exists() or made.read_text() != wanted.read_text():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        subprocess.run([str(folder / "bin/python"), "-m", "pip", "install", "--quiet", "-r", str(wanted)], check=True)
        made.write_text(wanted.read_text())
    return folder / "bin/python"


def revision():
    """Short hash and date of the newest commit."""
    done = subprocess.run(["git", "-C", str(ROOT), "log", "-1", "--format=%h of %cs"], capture_output=True, text=True)
    return done.stdout.strip()
