import assert from "node:assert/strict";
import { test } from "node:test";
import type { Value } from "../api/types";
import { plain_columns, plain_table, type PlainRow } from "./made_up_table";
import { TrialTable } from "./table";

const cells = (table: TrialTable, key: string): (Value | undefined)[] => Array.from({ length: table.rows }, (_, row) => table.value(key, row));

test("a value, the NaN that a program reported, and nothing are three things", () => {
  const table = plain_table([{ "param lr": 0.1, "param opt": "adam" }, { "param lr": NaN }, {}]);
  assert.deepEqual(cells(table, "param lr"), [0.1, "NaN", undefined]);
  assert.deepEqual(cells(table, "param opt"), ["adam", undefined, undefined]);
});

test("changed rows are replaced by their numbers, new ones are added", () => {
  const table = plain_table([{ "trial state": "running", "metric loss": 1 }, { "trial state": "running" }]);
  table.merge(plain_columns([{ "trial number": 1, "trial state": "complete", "metric loss": 0.5 }, { "trial number": 2, "trial state": "queued" }], 9));
  assert.equal(table.version, 9);
  assert.deepEqual(cells(table, "trial state"), ["running", "complete", "queued"]);
  assert.deepEqual(cells(table, "metric loss"), [1, 0.5, undefined]);
});

test("a value that is gone is gone: a column that a changed row lacks is absent there", () => {
  const table = plain_table([{ "trial failure": "nan", "param a": 1 }, { "trial failure": "lost", "param a": 2 }]);
  table.merge(plain_columns([{ "trial number": 0, "param a": 1 }]));
  assert.deepEqual(cells(table, "trial failure"), [undefined, "lost"]);
});

test("a column of numbers takes words, and one with a dictionary takes numbers", () => {
  const table = plain_table([{ "param a": 1, "param b": "x" }, { "param a": 2, "param b": "y" }]);
  table.merge(plain_columns([{ "trial number": 1, "param a": "auto", "param b": 7 }]));
  assert.deepEqual(cells(table, "param a"), [1, "auto"]);
  assert.deepEqual(cells(table, "param b"), ["x", 7]);
});

test("thousand small changes leave what one large table holds", () => {
  let seed = 1;
  const next = (): number => (seed = (seed * 48271) % 2147483647) / 2147483647;
  const truth = new Map<number, PlainRow>();
  const table = new TrialTable();
  table.replace(plain_columns([]));
  for (let i = 0; i < 1000; i++) {
    const changed = new Map<number, PlainRow>();
    for (let k = 0; k < 1 + next() * 3; k++) {
      const number = next() < 0.5 ? truth.size : Math.floor(next() * truth.size);
      const row: PlainRow = { "trial number": number, "trial state": next() < 0.5 ? "running" : "complete" };
      if (next() < 0.7) row["metric loss"] = next() < 0.1 ? NaN : next();
      if (next() < 0.7) row["param m"] = next() < 0.2 ? "word" : Math.floor(next() * 5);
      changed.set(number, row);
      truth.set(number, row);
    }
    table.merge(plain_columns([...changed.values()].sort((a, b) => Number(a["trial number"]) - Number(b["trial number"]))));
  }
  assert.equal(table.rows, truth.size);
  for (const [number, row] of truth) {
    for (const key of ["trial state", "metric loss", "param m"]) {
      const expected = Number.isNaN(row[key]) ? "NaN" : row[key];
      assert.deepEqual(table.value(key, table.row(number)), expected, `${key} of ${number}`);
    }
  }
});
