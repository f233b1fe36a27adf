// What the API answers (hone/server/openapi.yaml), as far as the page reads it. A member that is optional there is optional here.

/** A number; NaN and the infinities come as text. */
export type Num = number | "NaN" | "Infinity" | "-Infinity";

/** A value of a parameter: null is a value, absence is inactivity. */
export type Value = number | string | boolean | null | Value[] | { [key: string]: Value };
export type Config = Record<string, Value>;

export type TrialState = "queued" | "running" | "paused" | "complete" | "stopped" | "failed" | "cancelled";
export type StudyState = "open" | "paused" | "finished";
export type Purpose = "search" | "confirm" | "reproduce" | "check";

export interface Session {
  role: "none" | "read" | "admin";
  login: boolean;
  page_token?: string;
  server?: { version: string; store?: string; now_s: number };
}

export interface Metric {
  name: string;
  role: "objective" | "constraint" | "guard" | "cost" | "fidelity" | "tracked" | "system";
  goal: "minimize" | "maximize";
  target?: number;
  min?: number;
  max?: number;
}

export interface Parameter {
  name: string;
  kind: "real" | "integer" | "choice" | "expression" | "fixed";
  law?: "uniform" | "log_uniform" | "logit_uniform" | "normal" | "log_normal" | "beta";
  low?: Num;
  high?: Num;
  step?: number;
  values?: Value[];
  ordered?: boolean;
  feature?: boolean;
  conditional?: boolean;
  default?: Value;
}

export interface StudyRow {
  id: number;
  name: string;
  project: string;
  title: string;
  state: StudyState;
  led: boolean;
  trials: number;
  version: number;
  created_s: number;
  objectives: Metric[];
  best?: { trial: number; value: Num };
  error?: string;
}

/** What is known of a study before its record has been read: how far that is. */
export interface StudyReading extends StudyRow {
  counts: Record<TrialState | "total", number>;
  reading: { version: number; of: number };
}

export interface Best {
  trial: number;
  value: Num;
  sd?: Num;
  count: number;
  complete: boolean;
  confirmed: boolean;
  interval?: Num[];
  config: Config;
}

export interface Gain {
  default_trial: number;
  default_value: Num;
  difference: Num;
  share?: Num;
  share_sd?: Num;
  better: boolean;
  text?: string;
}

export type BudgetKey = "trials" | "time" | "cpu" | "gpu" | "cost" | "fidelity";

export interface Budget {
  key: BudgetKey;
  what: string;
  used: number;
  limit: number;
  text: string;
}

export interface Study {
  id: number;
  name: string;
  project: string;
  title: string;
  description: string;
  state: StudyState;
  reason: string;
  led: boolean;
  leader?: { host?: string; pid?: number };
  version: number;
  /** What headline, budget and failures tell of; below `version` while they are made anew. */
  summary_version: number;
  spec_version: number;
  created_s: number;
  changed_s: number;
  now_s: number;
  metrics: Metric[];
  parameters: Parameter[];
  fidelity: { name: string; declared: boolean; min?: number; max?: number };
  sampler: string;
  scheduler: string;
  parallel?: number;
  seed?: number;
  counts: Record<TrialState | "total", number>;
  counted: number;
  runs: { running: number; waiting: number };
  headline: { best?: Best; gain?: Gain; front?: number[]; steps_saved?: number; left_s?: number };
  budget: Budget[];
  active_s: number;
  failures: { kind: string; text: string; count: number }[];
  warnings: Record<string, number[]>;
}

export interface Result {
  metric: string;
  value: Num;
  at?: Num;
  count: number;
  sd?: Num;
}

export interface Labels {
  note?: string;
  tags: string[];
  star: boolean;
}

export interface Change {
  version: number;
  at_s: number;
  kind: string;
  trial?: number;
  run?: number;
  state?: string;
  failure?: string;
  verdict?: string;
  rule?: string;
  reason?: string;
  outcome?: string;
  purpose?: Purpose;
  metric?: string;
  fidelity?: Num;
  value?: Num;
  late?: boolean;
  note?: string;
  detector?: string;
}

export interface Run {
  run: number;
  state: "waiting" | "claimed" | "running" | "ended";
  purpose: Purpose;
  replicate: number;
  segment: number;
  attempt: number;
  seed: number;
  resume_from?: string;
  started_s?: number;
  ended_s?: number;
  outcome?: string;
  failure?: string;
  exit_code?: number;
  signal?: number;
  detail?: string;
  busy_s?: number;
  peak_bytes?: number;
  peak_gpu_bytes?: number;
  pid?: number;
  argv?: string[];
  folder?: string;
  environment?: Record<string, Value>;
}

export interface Trial {
  number: number;
  state: TrialState;
  origin: string;
  parent?: number;
  config: Config;
  results: Result[];
  newest?: Num;
  reached?: Num;
  target?: Num;
  failure?: string;
  reason?: string;
  infeasible?: boolean;
  busy_s: number;
  created_s: number;
  started_s?: number;
  ended_s?: number;
  uid: string;
  bracket: number;
  proposed?: string;
  info?: Record<string, Value>;
  detail?: string;
  command?: string;
  confirmed?: Num[];
  events: Change[];
  warnings: { detector: string; reason: string; version?: number }[];
  runs: Run[];
  lineage: { trial: number; from: Num; config: Config }[];
  children: number[];
  labels: Labels;
}

export interface Series {
  metric: string;
  run: number;
  purpose: Purpose;
  replicate: number;
  segment?: number;
  declared: boolean;
  total: number;
  step: Num[];
  value: Num[];
  busy_s?: number[];
  late_from?: number;
}

export interface Curves {
  metric: string;
  fidelity: string;
  version: number;
  curves: { trial: number; fidelity: Num[]; value: Num[] }[];
}

export interface LogFile {
  run: number;
  name: "stdout" | "stderr";
  bytes: number;
  ended: boolean;
}

export interface Artifact {
  path: string;
  bytes: number;
  modified_s: number;
}

export interface StudyLabels {
  study: Labels;
  trials: Record<string, Labels>;
}

export interface Outcome {
  outcome: string;
  led: boolean;
  hint?: string;
  trial?: number;
}

export interface StudyChange {
  budget?: Partial<Record<"trials" | "time_s" | "cpu_s" | "gpu_s" | "cost" | "fidelity", number | null>>;
  parallel?: number;
}

/** One column of GET /studies/{study}/columns, as its head describes it. */
export interface ColumnHead {
  kind: "trial" | "metric" | "param";
  name: string;
  type: "f64" | "f32" | "i32" | "u32" | "u16" | "u8";
  offset?: number;
  constant?: Num;
  range?: number;
  dictionary?: Value[];
  absent?: number;
  is_nan?: number[];
}

export interface ColumnsHead {
  version: number;
  since: number;
  rows: number;
  trials: number;
  base_s: number;
  columns: ColumnHead[];
}

/** NaN and the infinities as the numbers that they are; undefined stays. */
export function num(value: Num): number;
export function num(value: Num | undefined): number | undefined;
export function num(value: Num | undefined): number | undefined {
  return value === undefined ? undefined : Number(value);
}
