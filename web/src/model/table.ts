// All trials of a study as columns: filled by the first answer of /columns, kept current by those with `since`.
//
// Rows lie in the order of their numbers. A row keeps its place for ever: trials are not deleted one by one.
import { kAbsent, type Column, type Columns } from "../api/columns";
import type { Labels, Num, TrialState, Value } from "../api/types";

/** Bits of the column "trial flags". */
export const kFlagDefault = 1;
export const kFlagInfeasible = 2;
export const kFlagWarned = 4;

export class TrialTable {
  version = 0;
  rows = 0;
  base_s = 0;
  /** Rises with every change, for whoever keeps what it has computed from the table. */
  revision = 0;
  labels = new Map<number, Labels>();
  /** Numbers of the best trial, or of those of the front. */
  best = new Set<number>();
  private readonly columns = new Map<string, Column>();
  private row_of = new Map<number, number>();
  private capacity = 0;

  column(key: string): Column | undefined {
    return this.columns.get(key);
  }

  keys(): string[] {
    return [...this.columns.keys()];
  }

  /** Numbers of a column; where it has a dictionary, its numbers and NaN for all else. */
  numbers(key: string): Float64Array | undefined {
    const column = this.columns.get(key);
    if (!column) return undefined;
    if (column.kind === "numbers") return column.values.subarray(0, this.rows);
    const of_code = Float64Array.from(column.dictionary, (value) => (typeof value === "number" ? value : NaN));
    const values = new Float64Array(this.rows);
    for (let i = 0; i < this.rows; i++) values[i] = column.codes[i]! < 0 ? NaN : of_code[column.codes[i]!]!;
    return values;
  }

  /** What a cell holds: undefined where there is nothing; NaN as the text "NaN". */
  value(key: string, row: number): Value | undefined {
    const column = this.columns.get(key);
    if (!column || row < 0 || row >= this.rows) return undefined;
    if (column.kind === "codes") {
      const code = column.codes[row]!;
      return code === kAbsent ? undefined : column.dictionary[code];
    }
    const value = column.values[row]!;
    if (!Number.isNaN(value)) return value;
    return column.nans.has(row) ? ("NaN" satisfies Num) : undefined;
  }

  number(row: number): number {
    return Number(this.value("trial number", row));
  }

  state(row: number): TrialState {
    return this.value("trial state", row) as TrialState;
  }

  flags(row: number): number {
    const value = this.value("trial flags", row);
    return typeof value === "number" ? value : 0;
  }

  /** The row of a trial, or -1. */
  row(number: number): number {
    return this.row_of.get(number) ?? -1;
  }

  /** Forgets all and takes the rows of a whole table. */
  replace(all: Columns): void {
    this.columns.clear();
    this.row_of = new Map();
    this.rows = 0;
    this.capacity = 0;
    this.merge(all);
  }

  /** Takes changed and new rows. A column that was not there before is absent in all older rows. */
  merge(delta: Columns): void {
    const numbers = delta.columns.get("trial number");
    if (!numbers || numbers.kind !== "numbers") return;
    const rows = delta.head.rows;
    const target = new Int32Array(rows);
    let end = this.rows;
    for (let i = 0; i < rows; i++) {
      const number = numbers.values[i]!;
      let row = this.row_of.get(number);
      if (row === undefined) {
        row = end++;
        this.row_of.set(number, row);
      }
      target[i] = row;
    }
    this.grow(end);
    for (const [key, column] of delta.columns) this.merge_column(key, column, target, rows);
    for (const [key, column] of this.columns) {
      if (!delta.columns.has(key)) clear_rows(column, target);
    }
    this.rows = end;
    this.version = delta.head.version;
    this.base_s = delta.head.base_s;
    this.revision++;
  }

  private grow(end: number): void {
    if (end <= this.capacity) return;
    this.capacity = Math.max(end, Math.ceil(this.capacity * 1.5), 64);
    for (const column of this.columns.values()) {
      if (column.kind === "numbers") column.values = enlarged(column.values, this.capacity, NaN);
      else column.codes = enlarged(column.codes, this.capacity, kAbsent);
    }
  }

  private merge_column(key: string, delta: Column, target: Int32Array, rows: number): void {
    let own = this.columns.get(key);
    if (!own) {
      own =
        delta.kind === "numbers"
          ? { kind: "numbers", values: new Float64Array(this.capacity).fill(NaN), nans: new Set() }
          : { kind: "codes", codes: new Int32Array(this.capacity).fill(kAbsent), dictionary: [] };
      this.columns.set(key, own);
    }
    if (own.kind === "numbers" && delta.kind === "numbers") {
      for (let i = 0; i < rows; i++) {
        const row = target[i]!;
        own.values[row] = delta.values[i]!;
        if (delta.nans.has(i)) own.nans.add(row);
        else if (own.nans.size > 0) own.nans.delete(row);
      }
      return;
    }
    if (own.kind === "numbers") {
      own = as_codes(own);
      this.columns.set(key, own);
    }
    const code_of = new Map(own.dictionary.map((value, code) => [JSON.stringify(value), code]));
    const code = (value: Value): number => {
      const text = JSON.stringify(value);
      let found = code_of.get(text);
      if (found === undefined) {
        found = own.dictionary.length;
        own.dictionary.push(value);
        code_of.set(text, found);
      }
      return found;
    };
    if (delta.kind === "codes") {
      const mapped = delta.dictionary.map(code);
      for (let i = 0; i < rows; i++) own.codes[target[i]!] = delta.codes[i]! < 0 ? kAbsent : mapped[delta.codes[i]!]!;
      return;
    }
    for (let i = 0; i < rows; i++) {
      const value = delta.values[i]!;
      own.codes[target[i]!] = !Number.isNaN(value) ? code(value) : delta.nans.has(i) ? code("NaN") : kAbsent;
    }
  }
}

function clear_rows(column: Column, target: Int32Array): void {
  for (const row of target) {
    if (column.kind === "numbers") {
      column.values[row] = NaN;
      column.nans.delete(row);
    } else {
      column.codes[row] = kAbsent;
    }
  }
}

function enlarged<T extends Float64Array | Int32Array>(old: T, size: number, filler: number): T {
  const larger = new (old.constructor as new (size: number) => T)(size);
  larger.fill(filler);
  larger.set(old);
  return larger;
}

/** The same column with a dictionary: a later answer had other values than numbers. */
function as_codes(column: Extract<Column, { kind: "numbers" }>): Extract<Column, { kind: "codes" }> {
  const dictionary: Value[] = [];
  const code_of = new Map<Value, number>();
  const codes = new Int32Array(column.values.length).fill(kAbsent);
  column.values.forEach((number, row) => {
    const value: Value | undefined = !Number.isNaN(number) ? number : column.nans.has(row) ? "NaN" : undefined;
    if (value === undefined) return;
    let code = code_of.get(value);
    if (code === undefined) {
      code = dictionary.length;
      dictionary.push(value);
      code_of.set(value, code);
    }
    codes[row] = code;
  });
  return { kind: "codes", codes, dictionary };
}
