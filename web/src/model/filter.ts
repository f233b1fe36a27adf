// A filter's tree to a predicate over the rows of a TrialTable. A test of a column with a dictionary is decided once per entry of
// the dictionary, not per row, so that 10^5 rows cost about a millisecond.
//
// A row without a value passes no comparison but != and !~, which are the negations of = and ~.
import type { Value } from "../api/types";
import type { Column } from "../api/columns";
import { type Filter, FilterError, type Literal, type Name, type Operator, parse_filter, type Term } from "./filter_parser";
import { show_value } from "./format";
import { kFlagDefault, kFlagInfeasible, kFlagWarned, type TrialTable } from "./table";

export type Predicate = (row: number) => boolean;

/** Names of the filter language to keys of columns; a parameter hides a metric, a metric a column of the trial. */
export function filter_columns(table: TrialTable): Map<string, string> {
  const names = new Map<string, string>();
  for (const kind of ["trial", "metric", "param"]) {
    for (const key of table.keys()) {
      if (!key.startsWith(`${kind} `)) continue;
      const name = key.slice(kind.length + 1);
      names.set(name, key);
      names.set(`${kind}.${name}`, key);
    }
  }
  return names;
}

const kFlags: Record<string, number> = {
  default: kFlagDefault,
  infeasible: kFlagInfeasible,
  warned: kFlagWarned,
};

/** Names that need no value: what a row is or has. */
export const kFlagNames = [...Object.keys(kFlags), "best", "starred"];

/** Throws FilterError where the text is none, or names what is not there. */
export function compile_filter(text: string, table: TrialTable): Predicate | undefined {
  const filter = parse_filter(text);
  return filter && compile(filter, table, filter_columns(table));
}

/** The rows that pass; all of them without a predicate. */
export function matching_rows(table: TrialTable, predicate: Predicate | undefined): Uint32Array {
  const rows = new Uint32Array(table.rows);
  let count = 0;
  for (let row = 0; row < table.rows; row++) {
    if (!predicate || predicate(row)) rows[count++] = row;
  }
  return rows.slice(0, count);
}

function compile(filter: Filter, table: TrialTable, names: Map<string, string>): Predicate {
  switch (filter.kind) {
    case "and": {
      const parts = filter.parts.map((part) => compile(part, table, names));
      return (row) => parts.every((part) => part(row));
    }
    case "or": {
      const parts = filter.parts.map((part) => compile(part, table, names));
      return (row) => parts.some((part) => part(row));
    }
    case "not": {
      const part = compile(filter.part, table, names);
      return (row) => !part(row);
    }
    case "is":
      return has(filter.name, table, names);
    case "compare":
      return compare(filter.name, filter.operator, filter.term, table, names);
    case "in": {
      const parts = filter.terms.map((term) => compare(filter.name, "=", term, table, names));
      return (row) => parts.some((part) => part(row));
    }
    case "between": {
      const low = compare(filter.name, ">=", filter.low, table, names);
      const high = compare(filter.name, "<=", filter.high, table, names);
      return (row) => low(row) && high(row);
    }
  }
}

/** A bare name: a flag, or "there is a value", or, of a column of truths, "it is true". */
function has(name: Name, table: TrialTable, names: Map<string, string>): Predicate {
  const key = names.get(name.text);
  if (key === undefined) {
    const bit = kFlags[name.text];
    if (bit !== undefined) return (row) => (table.flags(row) & bit) !== 0;
    if (name.text === "best") return (row) => table.best.has(table.number(row));
    if (name.text === "starred") return (row) => table.labels.get(table.number(row))?.star === true;
    throw unknown_name(name, names);
  }
  return (row) => {
    const value = table.value(key, row);
    return value !== undefined && value !== false;
  };
}

function compare(name: Name, operator: Operator, term: Term, table: TrialTable, names: Map<string, string>): Predicate {
  if (operator === "!=" || operator === "!~") {
    const part = compare(name, operator === "!=" ? "=" : "~", term, table, names);
    return (row) => !part(row);
  }
  const key = names.get(name.text);
  if (key === undefined) return compare_label(name, operator, term, table, names);
  const column = table.column(key)!;
  if (column.kind === "codes") {
    check_word(name, operator, term, column);
    const passes = column.dictionary.map((value) => value_passes(value, operator, term.value));
    return (row) => column.codes[row]! >= 0 && passes[column.codes[row]!]!;
  }
  if (operator === "~") return (row) => value_passes(table.value(key, row), "~", term.value);
  if (term.value === "NaN" || term.value === "nan") return (row) => column.nans.has(row);
  // '8' in quotes is 8 here.
  const bound = typeof term.value === "string" && term.value.trim() !== "" ? Number(term.value) : term.value;
  if (typeof bound !== "number" || Number.isNaN(bound)) {
    throw new FilterError(`${name.text} is a number; '${String(term.value)}' is none`, term.begin, term.end);
  }
  const values = column.values;
  switch (operator) {
    case "=":
      return (row) => values[row] === bound;
    case "<":
      return (row) => values[row]! < bound;
    case "<=":
      return (row) => values[row]! <= bound;
    case ">":
      return (row) => values[row]! > bound;
    case ">=":
      return (row) => values[row]! >= bound;
  }
}

/** tag and note are no columns but labels. */
function compare_label(name: Name, operator: Operator, term: Term, table: TrialTable, names: Map<string, string>): Predicate {
  if (name.text !== "tag" && name.text !== "note") {
    if (kFlagNames.includes(name.text)) {
      throw new FilterError(`${name.text} stands alone, without ${operator}`, name.begin, term.end);
    }
    throw unknown_name(name, names);
  }
  if (operator !== "=" && operator !== "~") {
    throw new FilterError(`a ${name.text} is compared by = or ~ (contains)`, name.begin, term.end);
  }
  return (row) => {
    const labels = table.labels.get(table.number(row));
    if (!labels) return false;
    const texts = name.text === "tag" ? labels.tags : [labels.note ?? ""];
    return texts.some((text) => value_passes(text, operator, term.value));
  };
}

/** States and kinds of failure are known words: another one is a slip. */
function check_word(name: Name, operator: Operator, term: Term, column: Extract<Column, { kind: "codes" }>): void {
  const known = name.text.endsWith("state")
    ? ["queued", "running", "paused", "complete", "stopped", "failed", "cancelled"]
    : undefined;
  if (!known || operator !== "=" || typeof term.value !== "string" || known.includes(term.value)) return;
  if (column.dictionary.includes(term.value)) return;
  const near = nearest(term.value, known);
  throw new FilterError(
    `no state is called '${term.value}'${near ? `; did you mean '${near}'?` : `; there are ${known.join(", ")}`}`,
    term.begin,
    term.end,
  );
}

function value_passes(value: Value | undefined, operator: Operator, bound: Literal): boolean {
  if (value === undefined) return false;
  if (operator === "~") return show_text(value).toLowerCase().includes(String(bound).toLowerCase());
  if (operator === "=") {
    if (typeof value === "object" && value !== null) return show_text(value) === String(bound);
    // "8" finds 8 and "true" finds true: what people type is what they see.
    return value === bound || (typeof bound === "string" && show_text(value) === bound);
  }
  if (typeof value === "number" && typeof bound === "number") return ordered(value, bound, operator);
  if (typeof value === "string" && typeof bound === "string") return ordered(value, bound, operator);
  return false;
}

function ordered<T extends number | string>(a: T, b: T, operator: Operator): boolean {
  switch (operator) {
    case "<":
      return a < b;
    case "<=":
      return a <= b;
    case ">":
      return a > b;
    default:
      return a >= b;
  }
}

function show_text(value: Value): string {
  return typeof value === "number" ? String(value) : show_value(value);
}

function unknown_name(name: Name, names: Map<string, string>): FilterError {
  const all = [...names.keys(), ...kFlagNames, "tag", "note"];
  const near = nearest(name.text, all);
  const hint = near ? `did you mean '${near}'?` : `there are ${all.filter((one) => !one.includes(".")).slice(0, 12).join(", ")} …`;
  return new FilterError(`there is no column '${name.text}'; ${hint}`, name.begin, name.end);
}

/** The word that is within two slips (or a third of its length), if one is. */
export function nearest(word: string, words: string[]): string | undefined {
  let best: string | undefined;
  let fewest = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of words) {
    const slips = edit_distance(word.toLowerCase(), candidate.toLowerCase());
    if (slips < fewest && slips < candidate.length) {
      fewest = slips;
      best = candidate;
    }
  }
  return best;
}

function edit_distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}
