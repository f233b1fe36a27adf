"""The two texts of the example, read from where Debian installs them.

The model is pre-trained on "An Anarchist FAQ" (package anarchism: 7 MB of English prose) and
fine-tuned on the joke dictionary of the fortune program (package fortunes, file definitions: 180 KB
of short entries such as "Bagdikian's Observation:" with their own vocabulary and layout).

The entries of the dictionary are divided into training, validation and test text by a hash of their
words, so the division depends on neither file order nor chance, no entry is in two parts, and an
entry that is printed twice with other spacing or capitals counts once.
"""

import gzip
import hashlib
import re
from pathlib import Path

PRETRAIN_DIR = Path("/usr/share/doc/anarchism/markdown")
FINETUNE_DIR = Path("/usr/share/games/fortunes")
FINETUNE_FILE = "definitions"

# Parts in hundredths of the entries: the first part is the test text, the second validation, the
# rest training.
TEST_PERCENT = 30
VALIDATION_PERCENT = 20
SEPARATOR = "\n%\n"


class MissingText(Exception):
    """A text is not installed. The message says which package to install."""


def _missing(path, package):
    return MissingText(
        f"{path}: not found. Install it: apt-get install --no-install-recommends {package}\n"
        "(Some images leave out /usr/share/doc: look for path-exclude in /etc/dpkg/dpkg.cfg.d.)"
    )


def pretraining_text(directory=PRETRAIN_DIR):
    """Returns the prose as (training, validation) bytes; every 20th section is validation."""
    # Sections only: bibliography, link lists and indexes are no prose.
    paths = sorted(
        p for p in Path(directory).glob("*.md*") if re.match(r"(sec[A-J]|append)\d", p.name)
    )
    if not paths:
        raise _missing(directory, "anarchism")
    parts = ([], [])
    for number, path in enumerate(paths):
        opener = gzip.open if path.suffix == ".gz" else open
        with opener(path, "rt", encoding="utf-8", errors="replace") as file:
            parts[number % 20 == 19].append(_clean_markdown(file.read()))
    return tuple("\n\n".join(part).encode() for part in parts)


def _clean_markdown(text):
    text = re.sub(r"\[([^\]\n]*)\]\([^)\n]*\)", r"\1", text)  # links: keep the words
    text = re.sub(r"[*_#>]+", "", text)  # emphasis, headings, quotations
    text = re.sub(r"[ \t]+", " ", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def finetuning_entries(directory=FINETUNE_DIR):
    """Returns {"train", "validation", "test"}: lists of entries, always in the same order."""
    path = Path(directory) / FINETUNE_FILE
    if not path.is_file():
        raise _missing(path, "fortunes")
    entries = path.read_text(encoding="utf-8", errors="replace").split(SEPARATOR)
    by_words = {}
    for entry in entries:
        words = re.sub(r"[^a-z0-9]+", "", entry.lower())
        if words:
            by_words.setdefault(words[:80], entry.strip("\n").expandtabs(8))
    parts = {"train": [], "validation": [], "test": []}
    hashed = sorted(
        (hashlib.sha256(words.encode()).digest(), entry) for words, entry in by_words.items()
    )
    for digest, entry in hashed:
        hundredth = int.from_bytes(digest[-8:], "big") % 100
        if hundredth < TEST_PERCENT:
            parts["test"].append(entry)
        elif hundredth < TEST_PERCENT + VALIDATION_PERCENT:
            parts["validation"].append(entry)
        else:
            parts["train"].append(entry)
    return parts


def finetuning_text(part, directory=FINETUNE_DIR):
    """Returns one part (train, validation or test) as bytes, joined as in the fortune file."""
    return (SEPARATOR.join(finetuning_entries(directory)[part]) + SEPARATOR).encode()
