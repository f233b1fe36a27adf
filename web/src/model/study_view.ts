// What charts and table of a study share: which rows are shown (filter and brushes), and columns in the users' order.
import type { Metric, Study } from "../api/types";
import { kAbsent } from "../api/columns";
import { compile_filter, matching_rows } from "./filter";
import { FilterError } from "./filter_parser";
import type { Brush, Route } from "./route";
import { parameter_scale, range_of, type Scale, category_scale, linear_scale } from "./scale";
import { kFlagDefault, type TrialTable } from "./table";

export interface StudyView {
  study: Study;
  table: TrialTable;
  /** Rows that filter and brushes leave, in the order of their numbers. */
  rows: Uint32Array;
  /** Of each row of the table: it is among `rows`. */
  shown: Uint8Array;
  filter_error: FilterError | undefined;
  /** The objective that charts draw: the first. */
  objective: Metric | undefined;
}

export function study_view(study: Study, table: TrialTable, route: Route): StudyView {
  let filter_error: FilterError | undefined;
  let predicate;
  try {
    predicate = compile_filter(route.filter, table);
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    filter_error = error;
  }
  let rows = matching_rows(table, predicate);
  for (const brush of route.brushes) rows = brushed(study, table, rows, brush);
  const shown = new Uint8Array(table.rows);
  for (const row of rows) shown[row] = 1;
  return { study, table, rows, shown, filter_error, objective: study.metrics.find((metric) => metric.role === "objective") };
}

function brushed(study: Study, table: TrialTable, rows: Uint32Array, brush: Brush): Uint32Array {
  const values = axis_values(study, table, brush.key);
  return rows.filter((row) => values[row]! >= brush.low && values[row]! <= brush.high);
}

/** A column as numbers for an axis: of a choice the index of the value in the study file. NaN: no value. */
export function axis_values(study: Study, table: TrialTable, key: string): Float64Array {
  const parameter = key.startsWith("param ") ? study.parameters.find((one) => `param ${one.name}` === key) : undefined;
  const column = table.column(key);
  if (!column) return new Float64Array(table.rows).fill(NaN);
  if (parameter?.kind !== "choice" && parameter?.kind !== "fixed") return table.numbers(key)!;
  const place_of = new Map((parameter.values ?? []).map((value, index) => [JSON.stringify(value), index]));
  const values = new Float64Array(table.rows);
  if (column.kind === "codes") {
    const places = column.dictionary.map((value) => place_of.get(JSON.stringify(value)) ?? NaN);
    for (let i = 0; i < values.length; i++) values[i] = column.codes[i] === kAbsent ? NaN : places[column.codes[i]!]!;
  } else {
    for (let i = 0; i < values.length; i++) values[i] = place_of.get(String(column.values[i])) ?? NaN;
  }
  return values;
}

/** The scale of a column, from the study file where it says one. */
export function axis_scale(study: Study, table: TrialTable, key: string, values: Float64Array): Scale {
  const seen = range_of(values);
  const parameter = key.startsWith("param ") ? study.parameters.find((one) => `param ${one.name}` === key) : undefined;
  if (parameter) return parameter_scale(parameter, seen);
  const column = table.column(key);
  if (column?.kind === "codes") return category_scale(column.dictionary);
  return linear_scale(...(seen ?? [0, 1]));
}

/** A column's name for people: "lr", "val_loss"; of the trial's own in words. */
export function column_title(key: string): string {
  const name = key.replace(/^(trial|metric|param|label) /, "");
  const words: Record<string, string> = {
    "trial number": "trial",
    "trial busy": "time",
    "trial reached": "steps",
    "trial newest": "newest",
    "trial created": "added",
    "label star": "★",
    "label tags": "tags",
  };
  return words[key] ?? name;
}

/** Parameters that can differ, in the order of the study file. */
export function searched_parameters(study: Study): Study["parameters"] {
  return study.parameters.filter((one) => one.kind !== "fixed" && !one.feature);
}

/** Number of the trial with the default configuration, if the study has run one. */
export function default_trial(table: TrialTable): number | undefined {
  for (let row = 0; row < table.rows; row++) if (table.flags(row) & kFlagDefault) return table.number(row);
  return undefined;
}

/** Running best over rows in a given order: the rows at which the objective became better. */
export function improvements(values: ArrayLike<number>, order: ArrayLike<number>, goal: Metric["goal"]): number[] {
  const better: number[] = [];
  let best = NaN;
  for (let i = 0; i < order.length; i++) {
    const value = values[order[i]!]!;
    if (!Number.isFinite(value)) continue;
    if (Number.isNaN(best) || (goal === "minimize" ? value < best : value > best)) {
      best = value;
      better.push(order[i]!);
    }
  }
  return better;
}
