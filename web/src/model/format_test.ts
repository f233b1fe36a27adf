import assert from "node:assert/strict";
import { test } from "node:test";
import { csv_rows, show_ago, show_bytes, show_duration, show_number, show_share, show_value } from "./format";

test("numbers have the digits that say something", () => {
  const cases: [number, string][] = [
    [0, "0"], [0.0031, "3.1e-3"], [0.5, "0.5"], [2.71828, "2.718"], [-2.5, "−2.5"], [12345, "12\u202f345"], [1234, "1234"],
    [1e9, "1e9"], [-1e-9, "−1e-9"], [NaN, "NaN"], [Infinity, "∞"], [99999.7, "100\u202f000"], [0.99999, "1"],
  ];
  for (const [value, text] of cases) assert.equal(show_number(value), text, String(value));
  assert.equal(show_number(undefined), "–");
  assert.equal(show_number(0.123456789, 6), "0.123457");
});

test("durations, shares and sizes have units", () => {
  assert.equal(show_duration(3), "3 s");
  assert.equal(show_duration(0.25), "0.3 s");
  assert.equal(show_duration(252), "4 m 12 s");
  assert.equal(show_duration(7200), "2 h");
  assert.equal(show_duration(90061), "1 d 1 h");
  assert.equal(show_duration(86400 + 60), "1 d");
  assert.equal(show_duration(NaN), "–");
  assert.equal(show_ago(2), "now");
  assert.equal(show_ago(130), "2 m ago");
  assert.equal(show_share(0.0712), "7.1\u202f%");
  assert.equal(show_share(0.68), "68\u202f%");
  assert.equal(show_bytes(1536), "1.5 KiB");
});

test("values are text, whatever they are", () => {
  assert.equal(show_value("<script>"), "<script>");
  assert.equal(show_value(null), "null");
  assert.equal(show_value([1, "a"]), '[1,"a"]');
});

test("fields of CSV are quoted where they must be", () => {
  assert.equal(csv_rows([["a", "b,c"], ['say "x"', undefined], [1e-7, true]]), 'a,"b,c"\r\n"say ""x""",\r\n1e-7,true\r\n');
});
