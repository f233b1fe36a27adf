"""hone importance, interactions, compare, plot and report on a study that has run."""
import ctypes.util
import csv
import html.parser
import io
import xml.etree.ElementTree as ElementTree

from harness import Case, main

# lr decides; a large batch runs out of memory; nothing else matters.
PROGRAM = """
import argparse, math
p = argparse.ArgumentParser()
p.add_argument("--lr", type=float)
p.add_argument("--batch", type=int)
p.add_argument("--decay", type=float)
a, _ = p.parse_known_args()
if a.batch >= 64:
    raise MemoryError("no room")
for epoch in (1, 2):
    print({"epoch": epoch, "val_loss": (math.log10(a.lr) + 3) ** 2 + 0.01 * a.decay + 1 / epoch}, flush=True)
"""

STUDY = """
program: program.py
method: random
metric: {name: val_loss, goal: minimize}
parameters:
  lr: {min: 1.0e-5, max: 1.0e-1, distribution: log_uniform_values}
  batch: {values: [8, 16, 32, 64], ordered: true}
  decay: {min: 0.0, max: 1.0}
scheduler: none
limits: {same_failures: 100}
budget: {trials: 60}
parallel: 2
seed: 1
"""

VOID = {"meta", "link", "br", "img", "input", "hr"}


class Page(html.parser.HTMLParser):
    """Counts tags and demands that they are closed in order."""

    def __init__(self):
        super().__init__()
        self.open = []
        self.seen = {}
        self.addresses = []

    def handle_starttag(self, tag, attrs):
        self.seen[tag] = self.seen.get(tag, 0) + 1
        self.addresses += [value for name, value in attrs if name in ("src", "href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen[tag] = self.seen.get(tag, 0) + 1

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, (tag, self.open[-3:])
        self.open.pop()


class Analysis(Case):
    def setUp(self):
        super().setUp()
        self.write("program.py", PROGRAM)
        self.write("study.yaml", STUDY)
        done = self.good("run", "study.yaml")
        self.assertRegex(done.out, "What mattered: .*lr ")
        self.end = done.out

    def test_everything(self):  # one study serves all: running it is what takes time
        self.importance()
        self.interactions()
        self.comparison()
        self.plots()
        self.report()
        self.mistakes()

    def importance(self):
        text = self.good("importance").out
        self.assertIn("What matters for val_loss", text)
        self.assertLess(text.index("lr "), text.index("decay"))
        row = self.good("importance", "study", "--json").rows[0]
        self.assertEqual(row["metric"], "val_loss")
        self.assertEqual({r["parameter"] for r in row["parameters"][:2]}, {"lr", "batch"})
        first = next(r for r in row["parameters"] if r["parameter"] == "lr")
        for method in ("share", "fanova", "fanova_near", "ped_anova"):
            self.assertLessEqual(first[method]["low"], first[method]["value"])
            self.assertLessEqual(first[method]["value"], first[method]["high"])
        table = list(csv.DictReader(io.StringIO(self.good("importance", "--csv").out)))
        self.assertEqual({r["parameter"] for r in table}, {"lr", "batch", "decay"})
        shares = {r["parameter"]: float(r["share"]) for r in table}
        self.assertEqual(shares["lr"], first["share"]["value"])
        findings = self.good("best", "--json").rows[0]["findings"]
        kinds = {(one["kind"], one["parameter"]) for one in findings}
        self.assertIn(("matters", "lr"), kinds)
        self.assertIn(("failures", "batch"), kinds)
        self.assertIn("with batch ≥ 64", self.end)

    def interactions(self):
        self.assertIn("lr × batch", self.good("interactions").out)
        pairs = self.good("interactions", "--json").rows[0]["pairs"]
        self.assertEqual(len(pairs), 3)
        curve = self.good("interactions", "study", "lr", "--json").rows[0]
        self.assertEqual(len(curve["values"]), len(curve["mean"]))
        grid = self.good("interactions", "study", "batch", "lr", "--json").rows[0]
        self.assertEqual((grid["first"], grid["second"]), ("lr", "batch"))
        self.assertEqual(len(grid["mean"]), len(grid["first_values"]))
        self.assertEqual(len(grid["mean"][0]), 4)
        self.assertIn("(down)", self.good("interactions", "study", "lr", "batch").out)

    def comparison(self):
        text = self.good("compare", "study", "1", "2").out
        self.assertIn("trial 1", text)
        self.assertIn("lr", text)
        row = self.good("compare", "study/1", "study/2", "study/1", "--json").rows[0]
        self.assertEqual(row["trials"], [1, 2, 1])
        self.assertEqual(len(row["curves"]), 3)
        self.write("other.yaml", STUDY.replace("seed: 1", "seed: 2").replace("trials: 60", "trials: 12"))
        self.good("run", "other.yaml", "--quiet")
        both = self.good("compare", "study", "other", "--json").rows[0]
        self.assertEqual([s["study"] for s in both["studies"]], ["study", "other"])
        self.assertIn("better", both["contrasts"][0])
        self.assertIn("after 10", self.good("compare", "study", "other").out)
        self.good("delete", "other", "--yes")

    def plots(self):
        for words in (["progress"], ["time"], ["importance"], ["slice", "lr"],
                      ["contour", "lr", "batch"], ["ranks", "lr", "decay"], ["parallel"], ["curves"]):
            self.good("plot", "study", *words, "--out", "x.svg")
            root = ElementTree.fromstring(self.read("x.svg"))
            self.assertTrue(root.tag.endswith("svg"))
            self.assertGreater(len(list(root.iter())), 15, words)
            shown = self.good("plot", "study", *words).out
            self.assertGreater(len(shown.splitlines()), 5)
        if ctypes.util.find_library("cairo"):
            self.good("plot", "study", "--out", "x.png")
            with open(self.path("x.png"), "rb") as file:
                self.assertEqual(file.read(8), b"\x89PNG\r\n\x1a\n")

    def report(self):
        self.good("report", "--out", "r.html")
        page = Page()
        text = self.read("r.html")
        page.feed(text)
        page.close()
        self.assertEqual(page.open, [])
        self.assertEqual(page.addresses, [], "the page loads nothing")
        self.assertNotIn("script", page.seen)
        self.assertGreater(page.seen["svg"], 6)
        self.assertIn("ran out of memory", text)
        self.good("report", "study", "--out", "r.md")
        self.assertIn("## What matters", self.read("r.md"))
        self.good("report", "study", "--out", "r.tex")
        self.assertIn("val\\_loss", self.read("r.tex"))
        self.good("report", "study", "--out", "r.csv")
        rows = list(csv.DictReader(io.StringIO(self.read("r.csv"))))
        self.assertEqual(set(rows[0]), {"section", "row", "column", "value"})

    def mistakes(self):
        for words, said in ((["report", "--out", "r.pdf"], ".html"),
                            (["plot", "study", "slize", "lr"], "plot"),
                            (["plot", "study", "slice"], "one of the study's parameters"),
                            (["plot", "study", "slice", "lrr"], "did you mean 'lr'"),
                            (["plot", "study", "contour", "lr", "lr"], "twice"),
                            (["interactions", "study", "batchh"], "did you mean 'batch'"),
                            (["importance", "--metric", "val_los"], "did you mean 'val_loss'"),
                            (["compare", "study"], "at least two")):
            done = self.hone(*words)
            self.assertEqual(done.code, 2, words)
            self.assertIn(said, done.err, words)


if __name__ == "__main__":
    main()
