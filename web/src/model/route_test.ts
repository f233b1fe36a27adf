import assert from "node:assert/strict";
import { test } from "node:test";
import { kHome, parse_route, show_route, type Route } from "./route";

test("a view and its address are one", () => {
  const routes: Route[] = [
    kHome,
    { ...kHome, study: 3 },
    {
      ...kHome,
      study: 3,
      trial: 0,
      compare: [4, 7],
      filter: "lr < 1e-3 and opt in (`a b`, \"&=#?+%\")",
      brushes: [{ key: "param weight decay..x", low: -Infinity, high: 1e-3 }, { key: "metric loss", low: -2, high: -1 }],
      sort: { key: "metric val_loss", descending: true },
      columns: ["trial number", "param a b"],
      diff: true,
      over: "time",
      pair: ["a b", "c&d"],
      map: "ranks",
      smooth: 0.6,
      log: true,
    },
    { ...kHome, study: 1, columns: [] },
  ];
  for (const route of routes) assert.deepEqual(parse_route(show_route(route)), route);
});

test("a foreign address shows what can be understood of it", () => {
  assert.deepEqual(parse_route("#/nonsense"), kHome);
  assert.deepEqual(parse_route("#/study/2?trial=x&brush=what&pair=a&smooth=7&compare=a,1,1"), { ...kHome, study: 2, compare: [1] });
});
