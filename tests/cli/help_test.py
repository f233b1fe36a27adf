"""Shell completion in the shells that are installed, and the committed reference pages."""
import os
import shutil
import subprocess
import unittest

from harness import HONE, Case, main

REFERENCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs/reference")


class Reference(Case):
    def test_the_committed_pages_are_what_the_program_writes(self):
        self.good("help", "--markdown", "pages")
        written = sorted(os.listdir(self.path("pages")))
        self.assertEqual(written, sorted(os.listdir(REFERENCE)), "docs/reference is out of date: run ./dev docs")
        for name in written:
            with open(os.path.join(REFERENCE, name), encoding="utf-8") as file:
                self.assertEqual(file.read(), self.read("pages/" + name), name + " is out of date: run ./dev docs")

    def test_a_folder_that_cannot_be_written_is_told(self):
        self.write("file", "")
        done = self.hone("help", "--markdown", "file/pages")
        self.assertEqual(done.code, 1)
        self.assertIn("cannot write file/pages", done.err)


class Completion(Case):
    def setUp(self):
        super().setUp()
        os.mkdir(self.path("bin"))
        os.symlink(HONE, self.path("bin/hone"))
        self.good("run", "study.yaml", "--trials", "1", "--quiet")

    def shell(self, name, script):
        if shutil.which(name) is None:
            self.skipTest("there is no %s" % name)
        flags = {"bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"]}[name]
        env = self.environment(PATH=self.path("bin") + ":" + os.environ["PATH"])
        done = subprocess.run([name, *flags, "-c", script], cwd=self.folder, env=env, text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        return done.stdout.split()

    def bash(self, *words):
        line = "source <(hone completion bash); COMP_WORDS=(hone %s); COMP_CWORD=%d; _hone; echo ${COMPREPLY[@]}"
        return self.shell("bash", line % (" ".join("'%s'" % word for word in words), len(words)))

    def zsh(self, *words):
        # The functions that would fill the menu print instead.
        line = """autoload -U compinit; compinit -u -D; source <(hone completion zsh); [[ $_comps[hone] == _hone ]] || exit 3
_describe() { print -l -- ${${(P)2}%%:*}; }; compadd() { print -l -- ${(P)@[-1]}; }; _files() { :; }
words=(hone %s); CURRENT=%d; PREFIX=${words[-1]}; _hone"""
        found = self.shell("zsh", line % (" ".join("'%s'" % word for word in words), len(words) + 1))
        return [name for name in found if name.startswith(words[-1])]

    def fish(self, *words):
        lines = self.shell("fish", "hone completion fish | source; complete -C 'hone %s' | string split -f1 \\t; true" % " ".join(words))
        return [name for name in lines if name.startswith(words[-1])]

    def check(self, complete):
        self.assertEqual(complete("sta"), ["status"])
        self.assertEqual(complete("run", "--tri"), ["--trials"])
        self.assertEqual(complete("help", "placeh"), ["placeholders"])
        self.assertEqual(complete("status", "stu"), ["study"])
        self.assertEqual(complete("completion", "z"), ["zsh"])

    def test_bash_completes(self):
        self.check(self.bash)

    def test_zsh_completes(self):
        self.check(self.zsh)

    def test_fish_completes(self):
        self.check(self.fish)


if __name__ == "__main__":
    main()
