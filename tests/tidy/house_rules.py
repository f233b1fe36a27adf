"""The house rules that a program can check, as functions from a file's path and text to findings.

The table of includes is the one of ARCHITECTURE.md. A rule never looks outside of the file that it
is given, but for `known`, the set of all paths of the repository.
"""

import re
from pathlib import PurePosixPath

# Folder under hone/ -> folders whose headers it may include, beside its own.
_BELOW = {
    "base": "",
    "math": "base",
    "space": "base",
    "study": "base space",
    "surrogate": "base math space study",
    "sampler": "base math space study surrogate",
    "scheduler": "base math space study surrogate",
    "detector": "base math study",
    "store": "base study",
    "runner": "base study",
    "tracking": "base study",
    "analysis": "base math space study surrogate",
    "finetune": "base space study",
    "tuner": "base math space study surrogate sampler scheduler detector store runner tracking",
    "mlflow": "base runner",
    "server": "base space study store tracking analysis finetune",
}
MAY_INCLUDE = {folder: set(below.split()) | {folder} for folder, below in _BELOW.items()}
MAY_INCLUDE["cli"] = set(MAY_INCLUDE) | {"cli"}

MAX_LINES = 800

# Headers that cost every including file a second or more to compile, or that tie it to a library.
HEAVY = re.compile(
    r"#\s*include\s*[<\"](nlohmann/|CLI/|yaml-cpp/|sqlite3\.h|libpq|postgresql/|Eigen/|unsupported/Eigen|httplib|spdlog/"
    r"|toml\+\+|re2/)"
)

# Other systems' layouts, mirrored so that programs find what they import.
MIRRORED = ("hone/runner/wandb/standin/", "tests/integration/wandb_programs/")
# Recorded or made-up inputs: they are what they are.
DATA = ("tests/data/", "tests/studyfile/", "docs/images/")

SOURCE = {".cc", ".h", ".c"}
TEXT = SOURCE | {
    ".py",
    ".md",
    ".txt",
    ".cmake",
    ".in",
    ".sql",
    ".yaml",
    ".yml",
    ".json",
    ".toml",
    ".sh",
    ".ts",
    ".js",
    ".css",
    ".html",
    "",
}


def suffix(path):
    return PurePosixPath(path).suffix


def _lines(text):
    return enumerate(text.splitlines(), 1)


def _is_test_source(path):
    """Tests, contracts and fixtures: they may reach for what the folder itself may not."""
    return (
        path.startswith("tests/")
        or re.search(
            r"_(test|fuzz|contract|contract_test|contract_worker_test|fixture|test_support)\.(cc|h)$",
            path,
        )
        is not None
    )


def include_direction(path, text, known=()):
    """A folder includes only those below it; nothing but tests includes tests."""
    match = re.match(r"hone/(\w+)/", path)
    if not match or suffix(path) not in SOURCE:
        return []
    folder = match.group(1)
    if folder not in MAY_INCLUDE:
        return [(1, "the folder hone/%s is not in the table of tests/tidy/house_rules.py" % folder)]
    found = []
    for number, line in _lines(text):
        include = re.match(r"\s*#\s*include\s*\"(hone|tests|bench|examples)/(\w+)/", line)
        if not include:
            continue
        tree, other = include.groups()
        if tree != "hone":
            if not _is_test_source(path):
                found.append((number, "hone/ includes nothing of %s/" % tree))
        elif other not in MAY_INCLUDE[folder]:
            found.append(
                (
                    number,
                    "%s may not include %s (it may: %s)"
                    % (
                        folder,
                        other,
                        ", ".join(sorted(MAY_INCLUDE[folder] - {folder})) or "nothing",
                    ),
                )
            )
    return found


def file_length(path, text, known=()):
    """No source file is longer than 800 lines."""
    if (
        suffix(path) not in SOURCE | {".py", ".cmake", ".sql", ".ts", ".js", ".sh"}
        and path != "dev"
    ):
        return []
    count = len(text.splitlines())
    return [(count, "%d lines; the most are %d" % (count, MAX_LINES))] if count > MAX_LINES else []


def opening_comment(path, text, known=()):
    """A file opens by saying what it does; x.cc and x_test.cc leave that to x.h or x.cc."""
    kind = suffix(path)
    if (
        kind not in SOURCE | {".py", ".sql", ".sh"}
        or path.startswith(MIRRORED + DATA)
        or not text.strip()
    ):
        return []
    if kind == ".cc":
        stem = path[:-3]
        for end in ("_contract_test", "_test"):
            if stem.endswith(end):
                stem = stem[: -len(end)]
                break
        if stem + ".h" in known or stem + ".cc" in known - {path}:
            return []
    first = next(
        (line for line in text.splitlines() if line.strip() and not line.startswith("#!")), ""
    )
    begins = {".py": ('"""', 'r"""', "#"), ".sql": ("--",), ".sh": ("#",)}.get(kind, ("//", "/*"))
    return (
        []
        if first.startswith(begins)
        else [(1, "does not open with a comment that says what it does")]
    )


def header_guard(path, text, known=()):
    """Headers have #pragma once."""
    if suffix(path) != ".h" or "#pragma once" in text.splitlines():
        return []
    return [(1, "no #pragma once")]


def light_headers(path, text, known=()):
    """Heavy libraries are included by sources only."""
    if suffix(path) != ".h":
        return []
    return [
        (n, "a header includes %s" % line.split("include", 1)[1].strip())
        for n, line in _lines(text)
        if HEAVY.match(line)
    ]


def determinism(path, text, known=()):
    """Random numbers come from hone/base/rng.h, instants from the Clock, but for examples/."""
    if suffix(path) not in SOURCE or path.startswith("examples/"):
        return []
    banned = [
        (
            r"std::random_device|std::mt19937|std::default_random_engine|\bstd::rand\b",
            "use hone/base/rng.h",
        ),
        (r"std::\w+_distribution\b", "the standard leaves its algorithm open: use hone/base/rng.h"),
    ]
    if path != "hone/base/clock.cc":
        banned.append(
            (
                r"\bsystem_clock\b|\bgettimeofday\b|\bstd::time\(",
                "instants come from hone/base/clock.h",
            )
        )
    found = []
    for number, line in _lines(text):
        code = line.split("//", 1)[0]
        found += [
            (number, "%s: %s" % (match.group(0), why))
            for pattern, why in banned
            for match in [re.search(pattern, code)]
            if match
        ]
    return found


def threads(path, text, known=()):
    """No detached threads."""
    if suffix(path) not in SOURCE:
        return []
    return [
        (n, "a detached thread outlives what it uses")
        for n, line in _lines(text)
        if re.search(r"\.detach\(\)", line.split("//", 1)[0])
    ]


def machine_paths(path, text, known=()):
    """No path of somebody's machine; made-up homes in tests belong to me, ann or user."""
    if (
        suffix(path) not in TEXT
        or path.startswith(DATA)
        or path in ("LICENSE", "tests/tidy/tidy_test.py")
    ):
        return []
    pattern = re.compile(
        r"(?<![\w./$}-])/(?:work|root|Users|srv|scratch|home/(?!(?:me|ann|user)\b)[\w.-]+)/[\w.-]"
    )
    return [
        (n, "a path of one machine: %s" % match.group(0))
        for n, line in _lines(text)
        for match in [pattern.search(line)]
        if match
    ]


def white_space(path, text, known=()):
    """No blanks at the end of a line, no carriage returns, one line end at the end of the file."""
    if suffix(path) not in TEXT or path.startswith(DATA) or path == "LICENSE":
        return []
    found = [
        (n, "blanks at the end of the line")
        for n, line in _lines(text)
        if line != line.rstrip(" \t")
    ]
    if "\r" in text:
        found.append((1, "carriage returns"))
    if text and not text.endswith("\n"):
        found.append((len(text.splitlines()), "no line end at the end of the file"))
    elif text.endswith("\n\n"):
        found.append((len(text.splitlines()), "empty lines at the end of the file"))
    return found


def test_names(path, text, known=()):
    """Tests live in x_test.cc beside what they test; contracts may live in headers."""
    if not path.startswith("hone/") or suffix(path) not in {".cc", ".h"}:
        return []
    has_tests = re.search(r"^(TEST|TEST_F|TEST_P|TYPED_TEST)\(", text, re.M) is not None
    name = PurePosixPath(path).name
    if has_tests and not name.endswith("_test.cc") and "_contract" not in name:
        return [(1, "has tests and is not named x_test.cc")]
    if not name.endswith("_test.cc"):
        return []
    # What only tests link with is named so too, since the build takes *_test.cc for them; it has a header.
    if (
        not has_tests
        and "INSTANTIATE_TEST_SUITE_P" not in text
        and path[: -len("_test.cc")] + ".h" not in known
    ):
        return [(1, "is named as a test and has none")]
    folder = str(PurePosixPath(path).parent)
    tested = name[: -len("_test.cc")]
    stems = {
        PurePosixPath(other).stem
        for other in known
        if str(PurePosixPath(other).parent) == folder
        and suffix(other) in SOURCE
        and not other.endswith("_test.cc")
    }
    near = any(
        tested == stem or tested.startswith(stem + "_") or stem.startswith(tested + "_")
        for stem in stems
    )
    if near or tested.startswith(PurePosixPath(folder).name):
        return []
    return [(1, "there is nothing named %s in %s that it could test" % (tested, folder))]


def file_names(path, text, known=()):
    """Names say what is in a file: none is called util, helper, manager, common or misc."""
    if path.startswith(MIRRORED + DATA):
        return []
    parts = re.split(r"[/_.\-]", path.lower())
    bad = [
        part
        for part in parts
        if re.fullmatch(r"utils?|utilities|helpers?|managers?|common|misc", part)
    ]
    return [(1, "'%s' in a name says nothing" % bad[0])] if bad else []


def lock_files(path, text, known=()):
    """Files that fix versions name no download address."""
    name = PurePosixPath(path).name
    if name not in ("package-lock.json", "requirements.txt", "npm-shrinkwrap.json"):
        return []
    return [
        (n, "a download address")
        for n, line in _lines(text)
        if re.search(r"https?://|\"resolved\"", line) and "funding" not in line
    ]


RULES = [
    include_direction,
    file_length,
    opening_comment,
    header_guard,
    light_headers,
    determinism,
    threads,
    machine_paths,
    white_space,
    test_names,
    file_names,
    lock_files,
]
