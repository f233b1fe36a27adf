// What a study taught, as the API tells it (hone/server/openapi.yaml, tag analysis). It is found beside the requests: an answer says
// of which version it is, and there may be none yet.
import { get_or_coming } from "./client";
import type { Num, Value } from "./types";

export interface Estimate {
  value: number;
  low: number;
  high: number;
}

export interface Analysed {
  version: number;
  /** One of a newer version is being made. */
  computing: boolean;
}

export interface Statement {
  kind: "matters" | "best_region" | "best_value" | "bound" | "interaction" | "hardly_matters" | "failures";
  parameter: string;
  second?: string;
  text: string;
  evidence: Record<string, Value>;
}

export interface Findings extends Analysed {
  trials: number;
  needed: number;
  enough: boolean;
  explained: number;
  statements: Statement[];
}

export interface ImportanceRow {
  parameter: string;
  share?: Estimate;
  p?: number;
  fanova?: Estimate;
  fanova_where_active?: Estimate;
  fanova_near?: Estimate;
  ped_anova?: Estimate;
  ped_anova_near?: Estimate;
  active: number;
}

export interface Importance extends Analysed {
  metric: string;
  trials: number;
  needed: number;
  explained: number;
  forest_explained: number;
  by_order: boolean;
  parameters: ImportanceRow[];
}

/** Means by value; null where the space has nothing. */
export interface Dependence {
  values: Value[];
  encoded: number[];
  mean: (number | null)[];
  low: (number | null)[];
  high: (number | null)[];
}

export interface Interactions extends Analysed {
  metric: string;
  enough: boolean;
  trials: number;
  needed: number;
  by_order: boolean;
  explained: number;
  parameters: { parameter: string; share: Estimate; active: number; where_active: Estimate; dependence: Dependence }[];
  pairs: { first: string; second: string; share: Estimate; active: number }[];
}

export interface PairMeans extends Analysed {
  metric: string;
  by_order: boolean;
  first: string;
  second: string;
  share: Estimate;
  /** A list of means for each value of the first. */
  dependence: { first_values: Value[]; second_values: Value[]; mean: (number | null)[][] };
}

export interface Seeds extends Analysed {
  metric: string;
  trials: { trial: number; values: Num[]; mean: number; sd: number; interval: Estimate }[];
}

export interface Front {
  version: number;
  objectives: string[];
  computing?: boolean;
  dominated?: { version: number; hypervolume?: number; over_trials: { trial: number; position: number; hypervolume: number }[] };
}

const path = (id: number, what: string, query: Record<string, string> = {}): string => {
  const text = new URLSearchParams(query).toString();
  return `/studies/${id}/${what}${text === "" ? "" : `?${text}`}`;
};

// Undefined: nothing was found yet.
export const findings = (id: number): Promise<Findings | undefined> => get_or_coming(path(id, "findings"));
export const importance = (id: number, metric: string): Promise<Importance | undefined> => get_or_coming(path(id, "importance", { metric }));
export const interactions = (id: number, metric: string): Promise<Interactions | undefined> => get_or_coming(path(id, "interactions", { metric }));
export const pair_means = (id: number, metric: string, first: string, second: string): Promise<PairMeans | undefined> =>
  get_or_coming(path(id, "interactions", { metric, first, second }));
export const seeds = (id: number): Promise<Seeds | undefined> => get_or_coming(path(id, "seeds"));
/** The share that a front dominates, as far as it was found. */
export async function dominated(id: number): Promise<(Analysed & NonNullable<Front["dominated"]>) | undefined> {
  const front = await get_or_coming<Front>(path(id, "front"));
  return front?.dominated && { ...front.dominated, computing: front.computing ?? false };
}
