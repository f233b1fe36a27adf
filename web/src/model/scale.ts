// Scales of axes: from values of data to the unit interval and back, with ticks.
import type { Parameter, Value } from "../api/types";
import { show_number, show_value } from "./format";

export interface Tick {
  at: number; // in [0, 1]
  label: string;
}

export interface Scale {
  kind: "linear" | "log" | "category";
  /** Place of a value in [0, 1]; NaN where it has none. */
  place(value: number): number;
  /** The value at a place. Of categories: the nearest index. */
  value(place: number): number;
  ticks(count: number): Tick[];
  low: number;
  high: number;
}

const kRound = [1, 2, 2.5, 5, 10];

/** With `whole`, ticks are whole numbers. */
export function linear_scale(low: number, high: number, whole = false): Scale {
  if (!(high > low)) {
    const half = Math.abs(low) > 0 ? Math.abs(low) * 0.05 : 0.5;
    [low, high] = [low - half, low + half];
  }
  const span = high - low;
  return {
    kind: "linear",
    low,
    high,
    place: (value) => (value - low) / span,
    value: (place) => low + place * span,
    ticks(count) {
      const raw = span / Math.max(1, count);
      const step = whole ? Math.max(1, Math.ceil(round_step(raw))) : round_step(raw);
      const ticks: Tick[] = [];
      const first = Math.ceil(low / step - 1e-9);
      for (let i = first; i * step <= high + step * 1e-9 && ticks.length < 50; i++) {
        const value = i * step;
        const digits = Math.max(1, Math.ceil(Math.log10(Math.max(Math.abs(low), Math.abs(high)) / step)) + 2);
        ticks.push({ at: (value - low) / span, label: show_number(Math.abs(value) < step * 1e-9 ? 0 : value, Math.min(digits, 12)) });
      }
      return ticks;
    },
  };
}

function round_step(raw: number): number {
  const power = 10 ** Math.floor(Math.log10(raw));
  return power * kRound.find((round) => round * power >= raw * (1 - 1e-9))!;
}

/** For positive values; others have no place. */
export function log_scale(low: number, high: number): Scale {
  if (!(high > low)) [low, high] = [low / 1.5, low * 1.5];
  const [begin, end] = [Math.log10(low), Math.log10(high)];
  return {
    kind: "log",
    low,
    high,
    place: (value) => (value > 0 ? (Math.log10(value) - begin) / (end - begin) : NaN),
    value: (place) => 10 ** (begin + place * (end - begin)),
    ticks(count) {
      const decades = end - begin;
      const factors = decades < 1.2 ? [1, 2, 3, 5, 7] : decades < 3 && count >= 4 ? [1, 3] : [1];
      const every = Math.max(1, Math.ceil(decades / Math.max(1, count)));
      const ticks: Tick[] = [];
      for (let decade = Math.floor(begin); decade <= Math.ceil(end); decade++) {
        if (decade % every !== 0) continue;
        for (const factor of factors) {
          const at = (decade + Math.log10(factor) - begin) / (end - begin);
          if (at >= -1e-9 && at <= 1 + 1e-9) ticks.push({ at, label: show_number(factor * 10 ** decade, 2) });
        }
      }
      return ticks.length >= 2 ? ticks : [{ at: 0, label: show_number(low, 3) }, { at: 1, label: show_number(high, 3) }];
    },
  };
}

/** Values by their index, half a step from the ends. */
export function category_scale(values: Value[]): Scale {
  const count = Math.max(1, values.length);
  return {
    kind: "category",
    low: 0,
    high: count - 1,
    place: (index) => (index >= 0 && index < count ? (index + 0.5) / count : NaN),
    value: (place) => Math.min(count - 1, Math.max(0, Math.floor(place * count))),
    ticks: (limit) => {
      const every = Math.ceil(values.length / Math.max(1, limit));
      return values
        .map((value, index) => ({ at: (index + 0.5) / count, label: show_value(value, 3) }))
        .filter((_, index) => index % every === 0);
    },
  };
}

/** Seconds since a beginning: "0", "10 m", "2 h". */
export function time_scale(low: number, high: number): Scale {
  const units: [number, string][] = [[86400, "d"], [3600, "h"], [60, "m"], [1, "s"]];
  const [size, unit] = units.find(([seconds]) => high - low >= 2 * seconds) ?? [1, "s"];
  const scale = linear_scale(low / size, high / size);
  return {
    ...scale,
    low,
    high,
    place: (value) => scale.place(value / size),
    value: (place) => scale.value(place) * size,
    ticks: (count) => scale.ticks(count).map((tick) => ({ at: tick.at, label: `${tick.label} ${unit}` })),
  };
}

/** Smallest and greatest finite number; undefined where there is none. */
export function range_of(values: ArrayLike<number>, positive = false): [number, number] | undefined {
  let low = Infinity;
  let high = -Infinity;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value) || (positive && value <= 0)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : undefined;
}

/** The range without far outliers on the bad side: a diverged trial must not flatten all others. */
export function central_range(values: ArrayLike<number>, goal: "minimize" | "maximize"): [number, number] | undefined {
  const finite = Float64Array.from(Array.prototype.filter.call(values, Number.isFinite) as number[]).sort();
  if (finite.length === 0) return undefined;
  const at = (share: number): number => finite[Math.round(share * (finite.length - 1))]!;
  const [low, high] = [finite[0]!, finite[finite.length - 1]!];
  const spread = at(0.75) - at(0.25);
  if (finite.length < 8 || spread === 0) return [low, high];
  return goal === "minimize" ? [low, Math.min(high, at(0.75) + 4 * spread)] : [Math.max(low, at(0.25) - 4 * spread), high];
}

/** The scale on which a parameter is searched. */
export function parameter_scale(parameter: Parameter, seen: [number, number] | undefined): Scale {
  if (parameter.kind === "choice" || parameter.kind === "fixed") return category_scale(parameter.values ?? []);
  const bounded = (bound: number | undefined, other: number): number =>
    bound !== undefined && Number.isFinite(bound) ? bound : other;
  const low = bounded(parameter.low === undefined ? undefined : Number(parameter.low), seen?.[0] ?? 0);
  const high = bounded(parameter.high === undefined ? undefined : Number(parameter.high), seen?.[1] ?? 1);
  // Bounds may have been changed since: what was seen stays on the axis.
  const [from, to] = [Math.min(low, seen?.[0] ?? low), Math.max(high, seen?.[1] ?? high)];
  if (parameter.law?.startsWith("log_") && from > 0) return log_scale(from, to);
  return linear_scale(from, to, parameter.kind === "integer");
}
