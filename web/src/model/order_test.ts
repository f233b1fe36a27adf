import assert from "node:assert/strict";
import { test } from "node:test";
import { plain_table } from "./made_up_table";
import { sort_by_keys, sorted_rows } from "./order";

test("sorts as a stable comparison sort does, with rows without a value last", () => {
  let seed = 3;
  const next = (): number => (seed = (seed * 48271) % 2147483647) / 2147483647;
  const kinds = [() => (next() - 0.5) * 10 ** Math.floor(next() * 600 - 300), () => Math.floor(next() * 4), () => NaN, () => -0, () => 0, () => Infinity, () => -Infinity];
  for (let round = 0; round < 200; round++) {
    const keys = Float64Array.from({ length: Math.floor(next() * 60) }, () => kinds[Math.floor(next() * kinds.length)]!());
    const rows = Uint32Array.from(keys.keys());
    for (const descending of [false, true]) {
      const expected = [...rows].sort((a, b) => {
        const [x, y] = [keys[a]!, keys[b]!];
        if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
        return x === y ? 0 : (x < y ? -1 : 1) * (descending ? -1 : 1);
      });
      assert.deepEqual([...sort_by_keys(rows, keys, descending)], expected, `${[...keys]} ${descending}`);
    }
  }
});

test("words sort by the alphabet behind numbers", () => {
  const table = plain_table([{ "param a": "b" }, { "param a": 10 }, {}, { "param a": "a" }, { "param a": 9 }]);
  const all = Uint32Array.of(0, 1, 2, 3, 4);
  assert.deepEqual([...sorted_rows(table, all, { key: "param a", descending: false })], [4, 1, 3, 0, 2]);
  assert.deepEqual([...sorted_rows(table, all, { key: "param a", descending: true })], [0, 3, 1, 4, 2]);
});
