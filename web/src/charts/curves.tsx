// Curves over steps: of one trial's metrics, or of one metric of several trials. Smoothing, log scale, zoom by dragging.
import { useCallback, useState } from "preact/hooks";
import type { ComponentChildren, JSX } from "preact";
import { show_number } from "../model/format";
import { linear_scale, log_scale, range_of } from "../model/scale";
import { Chart, type Hits, type Size } from "./chart";
import { draw_frame, type Frame } from "./frame";
import { kDashes, type Palette } from "./palette";
import { padded, padded_log } from "./progress";
import type { Surface } from "./surface";

export interface Curve {
  name: string;
  step: Float64Array;
  value: Float64Array;
  /** Place in the palette. */
  colour: number;
  /** Points from here on came after a verdict: drawn with dashes. */
  late_from?: number;
}

/** Exponential moving average as TensorBoard smooths: debiased, gaps for what is not finite. weight in [0, 1). */
export function smoothed(values: Float64Array, weight: number): Float64Array {
  if (weight <= 0) return values;
  let mean = 0;
  let debias = 1;
  return values.map((value) => {
    if (!Number.isFinite(value)) return NaN;
    mean = mean * weight + (1 - weight) * value;
    debias *= weight;
    return mean / (1 - debias);
  });
}

interface CurvesProps {
  title: string;
  curves: Curve[];
  x_label: string;
  y_label?: string;
  smooth: number;
  log: boolean;
  height?: number;
  controls?: ComponentChildren;
  small?: boolean;
}

export function Curves(props: CurvesProps): JSX.Element {
  const { curves, smooth, log } = props;
  const [zoom, set_zoom] = useState<[number, number] | undefined>(undefined);
  const [frame_of] = useState<{ frame: Frame | undefined; low: number; high: number; width: number }>({ frame: undefined, low: 0, high: 1, width: 1 });
  const draw = useCallback(
    (surface: Surface, size: Size, palette: Palette): Hits => {
      const steps = zoom ?? joined(curves.map((curve) => range_of(curve.step))) ?? [0, 1];
      const seen = joined(
        curves.map((curve) => range_of(curve.value.filter((_, i) => curve.step[i]! >= steps[0] && curve.step[i]! <= steps[1]), log)),
      ) ?? [log ? 0.1 : 0, 1];
      const y = log ? log_scale(...padded_log(seen)) : linear_scale(...padded(seen));
      const x = linear_scale(...steps, curves.every((curve) => curve.step.every(Number.isInteger)));
      const frame = draw_frame(surface, size, x, y, palette, {
        x_label: props.x_label,
        ...(props.y_label ? { y_label: props.y_label } : {}),
      });
      Object.assign(frame_of, { frame, low: x.low, high: x.high, width: size.width });
      const px: number[] = [];
      const py: number[] = [];
      const of: [number, number][] = [];
      surface.clipped(frame.left - 3, frame.top - 3, frame.width + 6, frame.height + 6, () => {
        curves.forEach((curve, index) => {
          const colour = palette.series[curve.colour % palette.series.length]!;
          const dash = kDashes[Math.floor(curve.colour / palette.series.length) % kDashes.length]!;
          const raw = points_of(curve, curve.value, frame);
          const smooth_values = smoothed(curve.value, smooth);
          if (smooth > 0) surface.line(raw, { colour, alpha: 0.25, dash });
          const points = smooth > 0 ? points_of(curve, smooth_values, frame) : raw;
          const cut = curve.late_from === undefined ? points.length : 2 * curve.late_from;
          surface.line(points.slice(0, cut), { colour, width: 1.6, dash });
          if (cut < points.length) surface.line(points.slice(Math.max(0, cut - 2)), { colour, width: 1.2, dash: [2, 3], alpha: 0.7 });
          for (let i = 0; i < curve.step.length; i++) {
            if (Number.isNaN(points[2 * i]!) || Number.isNaN(points[2 * i + 1]!)) continue;
            px.push(points[2 * i]!);
            py.push(points[2 * i + 1]!);
            of.push([index, i]);
            if (curve.step.length <= 40) surface.circle(points[2 * i]!, points[2 * i + 1]!, 2, colour);
          }
        });
      });
      return {
        x: px,
        y: py,
        label: (hit) => {
          const [index, i] = of[hit]!;
          const curve = curves[index]!;
          const late = curve.late_from !== undefined && i >= curve.late_from ? "\nafter the verdict" : "";
          return `${curve.name}\n${props.x_label} ${show_number(curve.step[i], 6)}: ${show_number(curve.value[i], 6)}${late}`;
        },
      };
    },
    [curves, smooth, log, zoom, props.x_label, props.y_label],
  );
  const on_drag = (from: [number, number], to: [number, number]): void => {
    const { frame, low, high, width } = frame_of;
    if (!frame) return;
    const value = (share: number): number => low + ((share * width - frame.left) / frame.width) * (high - low);
    const [a, b] = [value(Math.min(from[0], to[0])), value(Math.max(from[0], to[0]))];
    if (b > a) set_zoom([Math.max(low, a), Math.min(high, b)]);
  };
  const last = (curve: Curve): string => `${curve.name}: ${show_number(curve.value.at(-1), 5)} at ${show_number(curve.step.at(-1), 5)}`;
  return (
    <Chart
      title={props.title}
      {...(props.small ? { small: true } : {})}
      summary={curves.length === 0 ? "No curve yet." : `${curves.length} curves. Ends: ${curves.slice(0, 8).map(last).join("; ")}.`}
      height={props.height ?? 220}
      draw={draw}
      on_drag={on_drag}
      on_double_click={() => set_zoom(undefined)}
      controls={
        <span class="controls">
          {props.controls}
          {zoom && <button class="quiet" onClick={() => set_zoom(undefined)}>Whole range</button>}
        </span>
      }
      data={{
        head: ["curve", props.x_label, "value"],
        rows: () => curves.flatMap((curve) => Array.from(curve.step, (step, i) => [curve.name, step, curve.value[i]!])),
      }}
    />
  );
}

function points_of(curve: Curve, values: Float64Array, frame: Frame): Float64Array {
  const points = new Float64Array(2 * curve.step.length);
  for (let i = 0; i < curve.step.length; i++) {
    points[2 * i] = frame.x(curve.step[i]!);
    points[2 * i + 1] = Number.isFinite(values[i]!) ? frame.y(values[i]!) : NaN;
  }
  return points;
}

function joined(ranges: ([number, number] | undefined)[]): [number, number] | undefined {
  const there = ranges.filter((range) => range !== undefined);
  if (there.length === 0) return undefined;
  return [Math.min(...there.map((range) => range[0])), Math.max(...there.map((range) => range[1]))];
}
