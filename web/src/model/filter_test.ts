import assert from "node:assert/strict";
import { test } from "node:test";
import { compile_filter, matching_rows, nearest } from "./filter";
import { FilterError, filter_name, filter_value, parse_filter } from "./filter_parser";
import { plain_table } from "./made_up_table";
import type { TrialTable } from "./table";

const table = plain_table([
  { "trial state": "complete", "metric loss": 0.5, "param lr": 1e-4, "param opt": "adam", "param deep": true, "trial busy": 30, "trial flags": 1 },
  { "trial state": "failed", "param lr": 1e-2, "param opt": "sgd", "param deep": false, "trial busy": 700, "trial flags": 2 },
  { "trial state": "complete", "metric loss": NaN, "param lr": 5e-4, "param opt": "8bit", "param wd decay": 3, "trial busy": 7200, "trial flags": 4 },
  { "trial state": "running", "metric loss": 0.2, "param lr": 1e-3, "param size": 8, "trial busy": 5, "trial flags": 0 },
]);
table.labels.set(1, { star: true, tags: ["Base line", "x"], note: "restart it" });
table.best.add(3);

const rows = (text: string, of: TrialTable = table): number[] => [...matching_rows(of, compile_filter(text, of))];

test("comparisons, ranges, lists and their combinations find the rows that they mean", () => {
  const cases: [string, number[]][] = [
    ["", [0, 1, 2, 3]],
    ["lr < 1e-3", [0, 2]],
    ["lr <= 1e-3 and state = complete", [0, 2]],
    ["lr<1e-3&&state==complete", [0, 2]],
    ["lr < 1e-3 and state = complete and opt in (adam, sgd)", [0]],
    ["opt not in (adam, sgd)", [2, 3]],
    ["opt = 8bit", [2]],
    ["loss in 0.1..0.3", [3]],
    ["loss in 0.5 .. 0.5", [0]],
    ["not (lr < 1e-3 or state = running)", [1]],
    ["! state = complete", [1, 3]],
    ["state = complete or lr > 5e-3 and deep", [0, 2]],
    ["(state = complete or lr > 5e-3) and deep = false", [1]],
    ["deep", [0]],
    ["loss", [0, 2, 3]],
    ["loss = nan", [2]],
    ["opt ~ AD", [0]],
    ["opt !~ ad", [1, 2, 3]],
    ["opt != adam", [1, 2, 3]],
    ["busy > 10m", [1, 2]],
    ["busy >= 2h", [2]],
    ["number in (0, 3)", [0, 3]],
    ["`wd decay` = 3", [2]],
    ["param.size = '8'", [3]],
    ["tag = 'Base line'", [1]],
    ["tag ~ base", [1]],
    ["note ~ \"Restart\"", [1]],
    ["starred", [1]],
    ["best", [3]],
    ["default or infeasible or warned", [0, 1, 2]],
    ["STATE = complete OR state = running".replace("STATE", "state"), [0, 2, 3]],
    ["lr > -1", [0, 1, 2, 3]],
    ["lr < inf", [0, 1, 2, 3]],
  ];
  for (const [text, expected] of cases) assert.deepEqual(rows(text), expected, text);
});

test("a mistake names its place and what was meant", () => {
  const cases: [string, number, number, RegExp][] = [
    ["lrr < 1", 0, 3, /no column 'lrr'; did you mean 'lr'/],
    ["lr < 1 and stat = complete", 11, 15, /did you mean 'state'/],
    ["state = complet", 8, 15, /did you mean 'complete'/],
    ["lr < fast", 5, 9, /lr is a number; 'fast' is none/],
    ["lr <", 4, 5, /expected a value; the filter ends here/],
    ["lr 3", 3, 4, /expected 'and', 'or' or the end; found '3'/],
    ["lr is 3", 3, 5, /expected =, <, > or 'in' behind lr; found 'is'/],
    ["(lr < 3", 7, 8, /expected \); the filter ends here/],
    ["lr < 3)", 6, 7, /there is no \( that this closes/],
    ["lr < 3 and", 10, 11, /expected a column/],
    ["opt = 'adam", 6, 11, /the closing ' is missing/],
    ["opt in adam", 11, 12, /expected \( and values/],
    ["opt in (adam sgd)", 13, 16, /expected , or \)/],
    ["lr ? 3", 3, 4, /'\?' has no meaning here/],
    ["starred = 1", 0, 11, /starred stands alone/],
    ["tag < x", 0, 7, /compared by = or ~/],
    ["3 < lr", 0, 1, /expected a column/],
  ];
  for (const [text, begin, end, message] of cases) {
    try {
      compile_filter(text, table);
      assert.fail(`'${text}' was accepted`);
    } catch (error) {
      assert.ok(error instanceof FilterError, `${text}: ${String(error)}`);
      assert.deepEqual([error.begin, error.end], [begin, end], text);
      assert.match(error.message, message);
    }
  }
});

test("foreign text is refused, never a crash", () => {
  let seed = 7;
  const next = (limit: number): number => (seed = (seed * 48271) % 2147483647) % limit;
  const pieces = ["lr", "state", "and", "or", "not", "in", "(", ")", "..", "<", "=", "~", "1e-3", "'x'", "`", '"', "complete", ",", "!", "&&", "é", "\u0000", "1m", "\\"];
  for (let i = 0; i < 20_000; i++) {
    const text = Array.from({ length: next(9) }, () => pieces[next(pieces.length)]).join(next(2) ? " " : "");
    try {
      compile_filter(text, table);
    } catch (error) {
      assert.ok(error instanceof FilterError, `${text}: ${String(error)}`);
    }
  }
  assert.throws(() => parse_filter("(".repeat(500)), FilterError);
  assert.throws(() => parse_filter("not ".repeat(500)), FilterError);
  assert.throws(() => parse_filter("a".repeat(6000)), FilterError);
});

test("names and values are written so that they are read back", () => {
  for (const name of ["lr", "weight decay", "a.b/c", "and", "x`y\\", "3d", "größe"]) {
    const filter = parse_filter(`${filter_name(name)} = 1`);
    assert.ok(filter?.kind === "compare" && filter.name.text === name, name);
  }
  for (const value of ["adam", 'say "x"', "true", "in", "3", "a\\b", "with blank", 3.5, true, null]) {
    const filter = parse_filter(`x = ${filter_value(value)}`);
    assert.ok(filter?.kind === "compare", String(value));
    assert.deepEqual(filter.term.value, value);
  }
});

test("the nearest word is told only where it is near", () => {
  assert.equal(nearest("optimiser", ["optimizer", "lr"]), "optimizer");
  assert.equal(nearest("zzz", ["lr", "state"]), undefined);
});
