import assert from "node:assert/strict";
import { test } from "node:test";
import { ColumnsError, decode_columns } from "./columns";

/** Bytes as the server writes them: head, padding, then the arrays at their offsets. */
export function encoded(head: object, ...arrays: (Float64Array | Float32Array | Uint8Array | Uint32Array)[]): ArrayBuffer {
  let text = JSON.stringify(head);
  while ((12 + text.length) % 8 !== 0) text += " ";
  const sizes = arrays.map((array) => Math.ceil(array.byteLength / 8) * 8);
  const bytes = new Uint8Array(12 + text.length + sizes.reduce((sum, size) => sum + size, 0));
  bytes.set(new TextEncoder().encode("HONECOL1"));
  // The head's length is that with its padding; texts here are ASCII.
  new DataView(bytes.buffer).setUint32(8, text.length, true);
  bytes.set(new TextEncoder().encode(text), 12);
  let at = 12 + text.length;
  arrays.forEach((array, i) => {
    bytes.set(new Uint8Array(array.buffer), at);
    at += sizes[i]!;
  });
  return bytes.buffer;
}

const head = { version: 7, since: 0, rows: 3, trials: 3, base_s: 100 };

test("numbers of every width arrive as they were sent", () => {
  const { columns } = decode_columns(
    encoded(
      {
        ...head,
        columns: [
          { kind: "metric", name: "loss", type: "f64", offset: 0, is_nan: [2] },
          { kind: "trial", name: "busy", type: "f32", offset: 24 },
          { kind: "trial", name: "flags", type: "u8", offset: 40 },
          { kind: "trial", name: "number", type: "u32", range: 5 },
          { kind: "trial", name: "reached", type: "f64", constant: "NaN" },
        ],
      },
      Float64Array.of(0.1, -2, NaN),
      Float32Array.of(1.5, 2, 3),
      Uint8Array.of(1, 0, 255),
    ),
  );
  const numbers = (key: string): number[] => {
    const column = columns.get(key)!;
    assert.equal(column.kind, "numbers");
    return column.kind === "numbers" ? [...column.values] : [];
  };
  assert.deepEqual(numbers("metric loss"), [0.1, -2, NaN]);
  assert.deepEqual(numbers("trial busy"), [1.5, 2, 3]);
  assert.deepEqual(numbers("trial flags"), [1, 0, 255]);
  assert.deepEqual(numbers("trial number"), [5, 6, 7]);
  assert.deepEqual(numbers("trial reached"), [NaN, NaN, NaN]);
  const loss = columns.get("metric loss")!;
  assert.ok(loss.kind === "numbers" && loss.nans.has(2));
});

test("a dictionary's indices become codes, and its mark of absence -1, whatever its size", () => {
  const { columns } = decode_columns(
    encoded(
      {
        ...head,
        columns: [
          { kind: "param", name: "opt", type: "u8", offset: 0, dictionary: ["adam", "<b>"], absent: 255 },
          { kind: "param", name: "wide", type: "u32", offset: 8, dictionary: [true], absent: 4294967295 },
        ],
      },
      Uint8Array.of(1, 255, 0),
      Uint32Array.of(0, 4294967295, 0),
    ),
  );
  const opt = columns.get("param opt")!;
  assert.ok(opt.kind === "codes");
  assert.deepEqual([...opt.codes], [1, -1, 0]);
  assert.deepEqual(opt.dictionary, ["adam", "<b>"]);
  const wide = columns.get("param wide")!;
  assert.ok(wide.kind === "codes");
  assert.deepEqual([...wide.codes], [0, -1, 0]);
});

test("what is cut or no table is refused", () => {
  const whole = encoded({ ...head, columns: [{ kind: "metric", name: "a", type: "f64", offset: 0 }] }, Float64Array.of(1, 2, 3));
  for (let bytes = 0; bytes < whole.byteLength; bytes++) {
    assert.throws(() => decode_columns(whole.slice(0, bytes)), ColumnsError, `${bytes} bytes`);
  }
  const foreign = whole.slice(0);
  new Uint8Array(foreign)[0] = 0x78;
  assert.throws(() => decode_columns(foreign), ColumnsError);
  const beyond = encoded({ ...head, columns: [{ kind: "param", name: "o", type: "u8", offset: 0, dictionary: ["a"], absent: 255 }] }, Uint8Array.of(0, 1, 0));
  assert.throws(() => decode_columns(beyond), /names no entry/);
  const misplaced = encoded({ ...head, columns: [{ kind: "metric", name: "a", type: "f64", offset: 4 }] }, Float64Array.of(1, 2, 3, 4));
  assert.throws(() => decode_columns(misplaced), ColumnsError);
});
