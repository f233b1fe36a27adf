// How much of the objective's order one parameter tells by itself: the correlation ratio η² of the objective's ranks over bins of
// the parameter, less what chance gives (Kelley's ε², "An unbiased correlation ratio measure", 1935). It chooses which charts come
// first; it is no analysis of importance.
import { searched_parameters, axis_values, type StudyView } from "./study_view";

const kBins = 8;
const kSample = 4000; // trials, at most

/** Names of the searched parameters, the most telling first. Ties, and studies without values, keep the study file's order. */
export function by_strength(view: StudyView): string[] {
  const parameters = searched_parameters(view.study);
  if (!view.objective) return parameters.map((one) => one.name);
  const z = axis_values(view.study, view.table, `metric ${view.objective.name}`);
  const judged = Uint32Array.from({ length: view.table.rows }, (_, row) => row).filter((row) => Number.isFinite(z[row]!));
  const every = Math.ceil(judged.length / kSample);
  const rows = judged.filter((_, i) => i % every === 0);
  const losses = ranks_of(Float64Array.from(rows, (row) => z[row]!));
  const scored = parameters.map((one) => {
    const x = axis_values(view.study, view.table, `param ${one.name}`);
    const values = Float64Array.from(rows, (row) => x[row]!);
    const bins = one.kind === "choice" ? values : ranks_of(values).map((rank, i) => (Number.isNaN(values[i]!) ? NaN : Math.floor((rank * kBins) / rows.length)));
    return { name: one.name, score: Math.max(0, unbiased_ratio(bins, losses)) };
  });
  return scored.sort((a, b) => b.score - a.score).map((one) => one.name);
}

/** ε² of values over bins; NaN is a bin of its own. 0 where there is nothing to tell. */
export function unbiased_ratio(bins: Float64Array, values: Float64Array): number {
  const groups = new Map<number, { count: number; sum: number }>();
  let sum = 0;
  let square = 0;
  values.forEach((value, i) => {
    const key = Number.isNaN(bins[i]!) ? -1 : bins[i]!;
    const group = groups.get(key) ?? { count: 0, sum: 0 };
    group.count++;
    group.sum += value;
    groups.set(key, group);
    sum += value;
    square += value * value;
  });
  const count = values.length;
  const total = square - (sum * sum) / count;
  if (count <= groups.size || groups.size < 2 || !(total > 0)) return 0;
  let within = square;
  for (const group of groups.values()) within -= (group.sum * group.sum) / group.count;
  return 1 - (within * (count - 1)) / (total * (count - groups.size));
}

/** Mean ranks, from 0; NaN last. */
export function ranks_of(values: Float64Array): Float64Array {
  const key = (i: number): number => (Number.isNaN(values[i]!) ? Infinity : values[i]!);
  const order = Uint32Array.from(values.keys()).sort((i, j) => key(i) - key(j) || 0);
  const ranks = new Float64Array(values.length);
  for (let i = 0; i < order.length; ) {
    let j = i;
    while (j + 1 < order.length && values[order[j + 1]!] === values[order[i]!]) j++;
    for (let k = i; k <= j; k++) ranks[order[k]!] = (i + j) / 2;
    i = j + 1;
  }
  return ranks;
}
