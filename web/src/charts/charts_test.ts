// What charts compute without a document.
import assert from "node:assert/strict";
import { test } from "node:test";
import { improvements } from "../model/study_view";
import { share_text } from "./bars";
import { cell_edges } from "./contour";
import { smoothed } from "./curves";
import { escaped, SvgSurface } from "./surface";
import { packed, packed_by } from "./timeline";

test("smoothing is debiased: a constant stays, and gaps stay gaps", () => {
  assert.deepEqual([...smoothed(Float64Array.of(2, 2, 2), 0.9)].map((value) => Number(value.toFixed(9))), [2, 2, 2]);
  const curve = smoothed(Float64Array.of(1, NaN, 3), 0.5);
  assert.equal(curve[0], 1);
  assert.ok(Number.isNaN(curve[1]!));
  // (0.5·0.5·1 + 0.5·3) / (1 − 0.5²)
  assert.ok(Math.abs(curve[2]! - 1.75 / 0.75) < 1e-12);
});

test("the course of the best holds only what was better", () => {
  const values = Float64Array.of(3, 4, NaN, 2, 2, 1);
  assert.deepEqual(improvements(values, [0, 1, 2, 3, 4, 5], "minimize"), [0, 3, 5]);
  assert.deepEqual(improvements(values, [0, 1, 2, 3, 4, 5], "maximize"), [0, 1]);
});

test("bars that overlap lie in lanes of their own", () => {
  assert.deepEqual(packed([0, 1, 2, 5], [4, 3, 6, 7]), [0, 1, 2, 0]);
});

test("an SVG file holds names as text", () => {
  const surface = new SvgSurface(10, 10, "#fff", () => 1);
  surface.text(1, 2, '<script>alert("x")</script>&', { colour: "#000" });
  const file = surface.file("a<b");
  assert.ok(!file.includes("<script") && file.includes("&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&amp;"));
  assert.ok(file.includes("<title>a&lt;b</title>"));
  assert.equal(escaped("a\u0000b\u001b"), "a\ufffdb\ufffd");
});

test("cells of a map meet half way between their values and end with the axis", () => {
  assert.deepEqual(cell_edges([0.25, 0.75]), [[0, 0.5], [0.5, 1]]);
  assert.deepEqual(cell_edges([0.5]), [[0, 1]]);
  assert.deepEqual(cell_edges([0, 0.2, 1]).map(([low, high]) => [Number(low.toFixed(9)), Number(high.toFixed(9))]), [[0, 0.1], [0.1, 0.6], [0.6, 1]]);
});

test("a share is told with its interval", () => {
  assert.equal(share_text({ value: 0.683, low: 0.614, high: 0.751 }), "68\u202f% (61–75)");
  assert.equal(share_text({ value: 0.003, low: 0, high: 0.021 }), "< 1\u202f% (0–2)");
  assert.equal(share_text({ value: 0, low: 0, high: 0 }), "0\u202f% (0–0)");
  assert.equal(share_text(undefined), "–");
});

test("workers have lanes of their own, one behind the other", () => {
  const { lanes, first } = packed_by([7, 3, 7, 3], [0, 0, 1, 5], [4, 4, 3, 6]);
  assert.deepEqual(lanes, [1, 0, 2, 0]);
  assert.deepEqual([...first], [[3, 0], [7, 1]]);
});
