// A table of trials for tests, made from plain rows.
import type { Column, Columns } from "../api/columns";
import type { Value } from "../api/types";
import { TrialTable } from "./table";

export type PlainRow = Record<string, Value | undefined>;

/** Columns as a decoded answer has them. Columns of numbers only are numbers, all others have dictionaries. */
export function plain_columns(rows: PlainRow[], version = 1): Columns {
  const keys = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const columns = new Map<string, Column>();
  for (const key of keys) {
    const values = rows.map((row) => row[key]);
    if (values.every((value) => value === undefined || typeof value === "number")) {
      columns.set(key, {
        kind: "numbers",
        values: Float64Array.from(values, (value) => (typeof value === "number" ? value : NaN)),
        nans: new Set(values.flatMap((value, i) => (Number.isNaN(value) ? [i] : []))),
      });
      continue;
    }
    const dictionary = [...new Set(values.filter((value) => value !== undefined))] as Value[];
    columns.set(key, { kind: "codes", dictionary, codes: Int32Array.from(values, (value) => (value === undefined ? -1 : dictionary.indexOf(value))) });
  }
  return { head: { version, since: 0, rows: rows.length, trials: rows.length, base_s: 0, columns: [] }, columns };
}

export function plain_table(rows: PlainRow[]): TrialTable {
  const table = new TrialTable();
  table.replace(plain_columns(rows.map((row, i) => ({ "trial number": i, ...row }))));
  return table;
}
