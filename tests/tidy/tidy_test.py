"""Checks the whole repository against the house rules, and the rules against made-up files.

python3 tests/tidy/tidy_test.py            # or: ./dev check
"""

import os
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import house_rules  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
SKIPPED_FOLDERS = {".git", "build", ".hone", ".cache", "__pycache__", "dist", "node_modules"}


def repository():
    """Every text file of the repository that git would keep, path -> text."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
    )
    if listed.returncode == 0:
        paths = sorted(set(listed.stdout.decode().split("\0")) - {""})
    else:  # no clone, or one that git does not trust
        paths = []
        for folder, folders, names in os.walk(ROOT):
            folders[:] = sorted(set(folders) - SKIPPED_FOLDERS)
            paths += [str((Path(folder) / name).relative_to(ROOT)) for name in sorted(names)]
    files = {}
    for path in paths:
        try:
            files[path] = (ROOT / path).read_bytes().decode("utf-8")
        except (UnicodeDecodeError, OSError):
            continue  # binary data, or just being written or removed
    return files


class OfTheRepository(unittest.TestCase):
    """One test a rule, made below."""

    files = None


def _rule_test(rule):
    def test(self):
        if OfTheRepository.files is None:
            OfTheRepository.files = repository()
        files = OfTheRepository.files
        self.assertGreater(len(files), 100, "the repository's files were not found")
        known = set(files)
        found = [
            "%s:%d: %s" % (path, line, message)
            for path, text in files.items()
            for line, message in rule(path, text, known)
        ]
        if found:
            self.fail("%d found:\n%s" % (len(found), "\n".join(found)))

    test.__doc__ = rule.__doc__
    return test


for _rule in house_rules.RULES:
    setattr(OfTheRepository, "test_" + _rule.__name__, _rule_test(_rule))


class OfTheRules(unittest.TestCase):
    """Each rule finds what it is for, and leaves alone what is right."""

    def finds(self, rule, path, text, known=()):
        self.assertTrue(
            rule(path, text, set(known)), "%s found nothing in %s" % (rule.__name__, path)
        )

    def accepts(self, rule, path, text, known=()):
        self.assertEqual(rule(path, text, set(known)), [])

    def test_the_include_table_has_a_direction(self):
        table = house_rules.MAY_INCLUDE
        for folder, below in table.items():
            for other in below - {folder}:
                self.assertNotIn(
                    folder, table[other], "%s and %s include each other" % (folder, other)
                )
        self.assertNotIn("scheduler", table["sampler"])
        self.assertNotIn("sampler", table["scheduler"])
        self.assertNotIn("sampler", table["store"])
        self.assertNotIn("store", table["runner"])
        for folder in set(table) - {"cli"}:
            self.assertFalse({"cli", "server"} & (table[folder] - {folder}), folder)

    def test_finds_includes_against_the_direction(self):
        rule = house_rules.include_direction
        self.finds(rule, "hone/sampler/a.cc", '#include "hone/scheduler/rungs.h"\n')
        self.finds(rule, "hone/store/a.h", '#include "hone/sampler/sampler.h"\n')
        self.finds(rule, "hone/runner/a.cc", '  #  include "hone/store/store.h"\n')
        self.finds(rule, "hone/runner/formats/a.cc", '#include "hone/tuner/tuner.h"\n')
        self.finds(rule, "hone/base/a.cc", '#include "tests/fuzz/fuzz_driver.h"\n')
        self.finds(rule, "hone/novel/a.cc", "int a;\n")
        self.accepts(rule, "hone/tuner/a.cc", '#include "hone/store/store.h"\n#include <vector>\n')
        self.accepts(rule, "hone/base/a_fuzz.cc", '#include "tests/fuzz/fuzz_driver.h"\n')

    def test_finds_long_files(self):
        self.finds(house_rules.file_length, "hone/base/a.cc", "\n" * 801)
        self.accepts(house_rules.file_length, "hone/base/a.cc", "\n" * 800)
        self.accepts(house_rules.file_length, "tests/data/logs/a.log", "\n" * 5000)

    def test_finds_files_that_do_not_say_what_they_do(self):
        rule = house_rules.opening_comment
        self.finds(rule, "hone/base/a.h", "#pragma once\n// late\n")
        self.finds(rule, "hone/base/a.cc", '#include "b.h"\n', {"hone/base/a.cc"})
        self.finds(rule, "python/hone/a.py", "import os\n")
        self.accepts(
            rule,
            "hone/base/a.cc",
            '#include "hone/base/a.h"\n',
            {"hone/base/a.cc", "hone/base/a.h"},
        )
        self.accepts(rule, "hone/base/a_test.cc", '#include "hone/base/a.h"\n', {"hone/base/a.h"})
        self.accepts(rule, "tests/a.py", '#!/usr/bin/env python3\n"""What it does."""\n')

    def test_finds_headers_without_guard_and_heavy_headers(self):
        self.finds(house_rules.header_guard, "hone/base/a.h", "// A.\n#ifndef A\n")
        self.finds(house_rules.light_headers, "hone/base/a.h", "#include <nlohmann/json.hpp>\n")
        self.finds(house_rules.light_headers, "hone/math/a.h", "#include <Eigen/Dense>\n")
        self.accepts(house_rules.light_headers, "hone/base/a.cc", "#include <nlohmann/json.hpp>\n")

    def test_finds_what_is_not_deterministic(self):
        rule = house_rules.determinism
        self.finds(rule, "hone/base/a.cc", "std::random_device seed;\n")
        self.finds(rule, "hone/base/a.cc", "std::normal_distribution<double> d;\n")
        self.finds(rule, "hone/tuner/a.cc", "auto t = std::chrono::system_clock::now();\n")
        self.accepts(rule, "hone/base/clock.cc", "auto t = std::chrono::system_clock::now();\n")
        self.accepts(
            rule, "hone/base/rng.h", "// No std::random_device, no std::normal_distribution.\n"
        )
        self.finds(house_rules.threads, "hone/store/a.cc", "thread.detach();\n")

    def test_finds_paths_of_a_machine(self):
        rule = house_rules.machine_paths
        self.finds(rule, "docs/a.md", "see /home/jane/hone/a\n")
        self.finds(rule, "dev", "cd /" + "root/hone\n")
        self.accepts(rule, "hone/store/open_test.cc", 'folder = "/home/me/work";\n')
        self.accepts(rule, "docs/a.md", "examples/home/x/y and $HOME/w/a and /usr/bin/python3\n")

    def test_finds_blanks_at_the_end_of_lines(self):
        rule = house_rules.white_space
        self.finds(rule, "docs/a.md", "a \n")
        self.finds(rule, "hone/base/a.h", "a\t\n")
        self.finds(rule, "hone/base/a.h", "a")
        self.finds(rule, "hone/base/a.h", "a\n\n")
        self.finds(rule, "hone/base/a.h", "a\r\n")
        self.accepts(rule, "hone/base/a.h", "a\n\n  b\n")

    def test_finds_tests_by_other_names(self):
        rule = house_rules.test_names
        known = {"hone/base/a.h", "hone/base/a.cc", "hone/base/a_test.cc", "hone/base/clock.h"}
        one = "TEST(A, DoesIt) {}\n"
        self.finds(rule, "hone/base/a.cc", one, known)
        self.finds(rule, "hone/base/b_test.cc", one, known)
        self.finds(rule, "hone/base/clock_slow_test.cc", "int a;\n", known)
        self.accepts(rule, "hone/base/a_test.cc", one, known)
        self.accepts(rule, "hone/base/a_hostile_test.cc", one, known)
        self.accepts(rule, "hone/base/base_test.cc", one, known)

    def test_finds_names_that_say_nothing(self):
        self.finds(house_rules.file_names, "hone/base/string_utils.h", "")
        self.finds(house_rules.file_names, "hone/common/a.h", "")
        self.accepts(house_rules.file_names, "hone/study/command_line_space.h", "")

    def test_finds_download_addresses(self):
        self.finds(house_rules.lock_files, "web/package-lock.json", '  "resolved": "x",\n')
        self.finds(house_rules.lock_files, "tests/requirements.txt", "a @ https://host/a.whl\n")
        self.accepts(house_rules.lock_files, "tests/requirements.txt", "numpy==2.0.0\n")


if __name__ == "__main__":
    unittest.main()
