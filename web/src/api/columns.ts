// Decodes the answer of GET /studies/{study}/columns: a head in JSON and typed arrays behind it (layout: openapi.yaml).
//
// Columns without dictionary become Float64Array (NaN: no value), those with one become codes (kAbsent: no value).
import type { ColumnHead, ColumnsHead, Value } from "./types";

export const kAbsent = -1;

export interface NumberColumn {
  kind: "numbers";
  values: Float64Array;
  /** Rows whose value is the NaN that a program reported. */
  nans: Set<number>;
}

export interface CodeColumn {
  kind: "codes";
  codes: Int32Array;
  dictionary: Value[];
}

export type Column = NumberColumn | CodeColumn;

export interface Columns {
  head: ColumnsHead;
  /** By "kind name", e.g. "trial state", "param lr". */
  columns: Map<string, Column>;
}

/** The answer is no such table, or it is cut. */
export class ColumnsError extends Error {}

const kMagic = "HONECOL1";
const kDataBegin = 12;

const kArrays = {
  f64: Float64Array,
  f32: Float32Array,
  i32: Int32Array,
  u32: Uint32Array,
  u16: Uint16Array,
  u8: Uint8Array,
} as const;

/** Throws ColumnsError. Typed arrays are little-endian on every machine that browsers run on. */
export function decode_columns(buffer: ArrayBuffer): Columns {
  const bytes = new Uint8Array(buffer);
  if (bytes.length < kDataBegin || String.fromCharCode(...bytes.subarray(0, 8)) !== kMagic) {
    throw new ColumnsError("the table of trials does not begin as one");
  }
  const length = new DataView(buffer).getUint32(8, true);
  const data = kDataBegin + length;
  if (data > bytes.length || data % 8 !== 0) throw new ColumnsError("the table of trials is cut in its head");
  let head: ColumnsHead;
  try {
    head = JSON.parse(new TextDecoder().decode(bytes.subarray(kDataBegin, data))) as ColumnsHead;
  } catch {
    throw new ColumnsError("the head of the table of trials is no JSON");
  }
  const columns = new Map<string, Column>();
  for (const column of head.columns) {
    columns.set(`${column.kind} ${column.name}`, decode_column(buffer, data, head.rows, column));
  }
  return { head, columns };
}

function decode_column(buffer: ArrayBuffer, data: number, rows: number, head: ColumnHead): Column {
  const raw = raw_numbers(buffer, data, rows, head);
  if (!head.dictionary) return { kind: "numbers", values: Float64Array.from(raw), nans: new Set(head.is_nan ?? []) };
  const codes = new Int32Array(rows);
  const size = head.dictionary.length;
  for (let i = 0; i < rows; i++) {
    const code = raw[i]!;
    if (code === head.absent) codes[i] = kAbsent;
    else if (code < 0 || code >= size) throw new ColumnsError(`${head.name}: row ${i} names no entry of the dictionary`);
    else codes[i] = code;
  }
  return { kind: "codes", codes, dictionary: head.dictionary };
}

function raw_numbers(buffer: ArrayBuffer, data: number, rows: number, head: ColumnHead): ArrayLike<number> {
  if (head.constant !== undefined) return new Float64Array(rows).fill(Number(head.constant));
  if (head.range !== undefined) return Float64Array.from({ length: rows }, (_, i) => head.range! + i);
  const array = kArrays[head.type];
  if (!array || head.offset === undefined) throw new ColumnsError(`${head.name}: a type that this page does not know`);
  const begin = data + head.offset;
  if (begin % array.BYTES_PER_ELEMENT !== 0 || begin + rows * array.BYTES_PER_ELEMENT > buffer.byteLength) {
    throw new ColumnsError(`${head.name}: the table of trials is cut`);
  }
  return new array(buffer, begin, rows);
}
