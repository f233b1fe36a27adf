"""What `hone export` writes as Parquet is what DuckDB reads, cell for cell what CSV and JSON lines say.

Needs HONE (the program) and HONE_TRACKERS_PYTHON (a Python with duckdb); without the latter the tests are skipped.

    HONE=build/release/hone HONE_TRACKERS_PYTHON=build/venv/bin/python python3 tests/integration/parquet_test.py
"""
import json
import os

from trackers import TrackerCase, main

PROGRAM = """
import os, sys
number = int(os.environ["HONE_TRIAL"])
if number == 1:
    sys.exit("no luck: \\u00e4\\u4e2d\\U0001f680")
print({"epoch": 1, "val_loss": 1.0 / (number + 3)}, flush=True)
if number == 0:
    with open(os.environ["HONE_METRICS"], "a") as file:
        file.writelines('{"step": %d, "aux": %r}\\n' % (i, i / 3) for i in range(70000))
"""

STUDY = """
program: train.py
method: random
metric: {name: val_loss, goal: minimize}
parameters:
  lr: {min: 0.001, max: 1.0}
  layers: {min: 1, max: 9}
  net: {values: [small, "wide, \\"deep\\"", größer]}
  bias: {values: [true, false]}
  mixed: {values: [1, none, 2.5]}
  only: {values: [1, 2], when: "net == 'small'"}
budget: {trials: 12}
limits: {retries: 0}
parallel: 2
seed: 4
"""

READER = """
import duckdb, json, sys
table = duckdb.sql("select * from '%s'" % sys.argv[1])
rows = [dict(zip(table.columns, row)) for row in table.fetchall()]
print(json.dumps({"types": dict(zip(table.columns, map(str, table.types))), "rows": rows}))
"""


class Parquet(TrackerCase):
    def test_tables_are_those_of_json_lines(self):
        self.write("train.py", PROGRAM)
        self.write("study.yaml", STUDY)
        done = self.hone("export", "study", "--what", "points", "--output", "none.parquet")
        self.assertEqual(done.code, 2)
        self.good("run", "study.yaml")
        for what in ("trials", "reports", "points"):
            self.good("export", "study", "--what", what, "--output", what + ".parquet")
            table = self.read_by(READER, what + ".parquet")
            wanted = self.rows(what)
            rows = [{key: value for key, value in row.items() if value is not None} for row in table["rows"]]
            if what == "trials":
                self.assertEqual(table["types"]["param.layers"], "BIGINT")
                self.assertEqual(table["types"]["param.bias"], "BOOLEAN")
                self.assertEqual(table["types"]["param.lr"], "DOUBLE")
                self.assertEqual(table["types"]["param.mixed"], "VARCHAR")
                self.assertTrue(any("param.only" not in row for row in rows) and any("param.only" in row for row in rows))
                for row in wanted:  # a column of several kinds is text
                    mixed = row["param.mixed"]
                    row["param.mixed"] = mixed if isinstance(mixed, str) else json.dumps(mixed)
            self.assertEqual(rows, wanted)
        self.assertEqual(len(wanted), 70000)  # more than one row group

    def test_what_makes_no_file_is_said(self):
        self.good("run", "study.yaml")
        done = self.hone("export", "study", "--what", "points", "--output", "none.parquet")
        self.assertEqual(done.code, 2)
        self.assertIn("has no points yet", done.err)
        self.assertFalse(os.path.exists(self.path("none.parquet")))
        self.assertEqual(self.hone("export", "study", "--tensorboard", "x", "--format", "csv").code, 2)


if __name__ == "__main__":
    main()
