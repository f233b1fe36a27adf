import assert from "node:assert/strict";
import { test } from "node:test";
import { category_scale, central_range, linear_scale, log_scale, parameter_scale, time_scale } from "./scale";
import { ranks_of, unbiased_ratio } from "./strength";

test("a place and its value are inverse on every scale", () => {
  for (const scale of [linear_scale(-3, 5), log_scale(1e-5, 1), time_scale(0, 7200), linear_scale(2, 2), log_scale(3, 3)]) {
    for (const place of [0, 0.25, 1]) assert.ok(Math.abs(scale.place(scale.value(place)) - place) < 1e-9);
    const ticks = scale.ticks(5);
    assert.ok(ticks.length >= 2 && ticks.length <= 20, JSON.stringify(ticks));
    for (const tick of ticks) assert.ok(tick.at >= -1e-6 && tick.at <= 1 + 1e-6);
  }
  const choice = category_scale(["a", "b", "c"]);
  assert.deepEqual([0, 1, 2].map((i) => choice.value(choice.place(i))), [0, 1, 2]);
  assert.ok(Number.isNaN(choice.place(NaN)));
  assert.ok(Number.isNaN(log_scale(1, 10).place(-1)));
});

test("ticks of whole numbers are whole", () => {
  for (const tick of linear_scale(1, 4, true).ticks(20)) assert.match(tick.label, /^\d+$/);
});

test("a parameter's axis is that of its law and holds what was seen beyond it", () => {
  const lr = { name: "lr", kind: "real", law: "log_uniform", low: 1e-4, high: 1e-1 } as const;
  assert.equal(parameter_scale(lr, undefined).kind, "log");
  assert.equal(parameter_scale(lr, [1e-5, 1e-2]).low, 1e-5);
  assert.equal(parameter_scale({ ...lr, law: "normal", low: "-Infinity", high: "Infinity" }, [-2, 3]).low, -2);
});

test("a diverged trial does not flatten the others", () => {
  const values = [...Array.from({ length: 50 }, (_, i) => 1 + i / 50), 1e9, NaN];
  assert.ok(central_range(values, "minimize")![1] < 10);
  assert.equal(central_range(values, "minimize")![0], 1);
  assert.equal(central_range(values, "maximize")![1], 1e9);
});

test("the unbiased ratio is 1 for a cause, and about 0 for noise", () => {
  let seed = 5;
  const next = (): number => (seed = (seed * 48271) % 2147483647) / 2147483647;
  const bins = Float64Array.from({ length: 400 }, () => Math.floor(next() * 8));
  assert.ok(unbiased_ratio(bins, bins.map((bin) => (bin - 3.5) ** 2)) > 0.999);
  // Its standard deviation for noise is about 0.01 here.
  assert.ok(Math.abs(unbiased_ratio(bins, bins.map(() => next()))) < 0.05);
  assert.equal(unbiased_ratio(new Float64Array(5), Float64Array.of(1, 2, 3, 4, 5)), 0);
  assert.deepEqual([...ranks_of(Float64Array.of(3, 1, 3, NaN))], [1.5, 0, 1.5, 3]);
});
