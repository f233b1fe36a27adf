import assert from "node:assert/strict";
import { test } from "node:test";
import { system_title } from "./trial_curves";
import { place_text } from "./trial_record";

test("a run's surroundings are one line", () => {
  const machine = { host: "node3", cpus: 8 };
  assert.equal(place_text({ machine, python: { version: "Python 3.9.2" }, git: { commit: "0123456789abcdef", dirty: true } }), "node3, Python 3.9.2, commit 0123456789 with changes");
  assert.equal(place_text({ machine, git: { commit: "abc", dirty: false } }), "node3, commit abc");
  assert.equal(place_text({}), "this machine");
});

test("curves of the system have units", () => {
  assert.equal(system_title("system/gpu0_power"), "gpu0 power (W)");
  assert.equal(system_title("system/disk_read"), "disk read (bytes/s)");
  assert.equal(system_title("system/cpu"), "cpu (processors)");
  assert.equal(system_title("system.other"), "other");
});
