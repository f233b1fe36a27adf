// Parallel coordinates: an axis per parameter and one for the objective, a line per trial, coloured by its rank. A stretch dragged
// on an axis is a brush: the whole page shows only the trials within. What has no value hangs below the axis.
import { useCallback, useMemo, useRef, useState } from "preact/hooks";
import type { JSX } from "preact";
import type { Value } from "../api/types";
import { show_number, show_value } from "../model/format";
import { type Brush, go, type Route } from "../model/route";
import type { Scale } from "../model/scale";
import { linear_scale, central_range } from "../model/scale";
import { axis_scale, axis_values, column_title, searched_parameters, type StudyView } from "../model/study_view";
import { by_strength } from "../model/strength";
import { sort_by_keys } from "../model/order";
import { Chart, type Hits, type Size } from "./chart";
import { fitted } from "./frame";
import type { Palette } from "./palette";
import type { Surface } from "./surface";

const kLines = 2500; // drawn at most: the best ones, and of the others every so many
const kFaint = 800; // of those that are not shown
const kAxes = 10; // the most telling parameters, at first
const kSide = 34;
const kTop = 22;
const kBottom = 22; // room for what has no value

interface Axis {
  key: string;
  title: string;
  values: Float64Array;
  scale: Scale;
}

export function Parallel({ view, route }: { view: StudyView; route: Route }): JSX.Element | null {
  const { table, study, objective } = view;
  const [all, set_all] = useState(false);
  const names = searched_parameters(study).map((one) => one.name);
  const axes = useMemo((): Axis[] => {
    const telling = new Set(all ? names : by_strength(view).slice(0, kAxes));
    const keys = names.filter((name) => telling.has(name)).map((name) => `param ${name}`);
    if (objective) keys.push(`metric ${objective.name}`);
    return keys.map((key) => {
      const values = axis_values(study, table, key);
      const range = objective && key.startsWith("metric ") ? central_range(values, objective.goal) : undefined;
      const scale = range ? linear_scale(...range) : axis_scale(study, table, key, values);
      return { key, title: column_title(key), values, scale };
    });
  }, [study.spec_version, table.revision, all]);

  // 0: the best, 1: the worst, NaN: no value.
  const ranks = useMemo(() => {
    const shares = new Float64Array(table.rows).fill(NaN);
    if (!objective) return shares;
    const values = axes.at(-1)!.values;
    const rows = Uint32Array.from({ length: table.rows }, (_, row) => row);
    const order = sort_by_keys(rows, values, objective.goal === "maximize").filter((row) => !Number.isNaN(values[row]!));
    order.forEach((row, rank) => (shares[row] = rank / Math.max(1, order.length - 1)));
    return shares;
  }, [axes, objective?.goal]);

  const height = 300;
  const x_of = (index: number, width: number): number =>
    axes.length < 2 ? width / 2 : kSide + (index * (width - 2 * kSide)) / (axes.length - 1);
  const size = useRef<Size>({ width: 1, height });

  const draw = useCallback(
    (surface: Surface, drawn: Size, palette: Palette): Hits => {
      size.current = drawn;
      const bottom = drawn.height - kBottom;
      const y_of = (axis: Axis, row: number): number => {
        const place = axis.scale.place(axis.values[row]!);
        if (Number.isNaN(place)) return drawn.height - 8;
        return bottom - Math.min(1.02, Math.max(-0.02, place)) * (bottom - kTop);
      };
      const line = (row: number, colour: string, alpha: number, width = 1): void => {
        const points: number[] = [];
        axes.forEach((axis, i) => points.push(x_of(i, drawn.width), y_of(axis, row)));
        surface.line(points, { colour, alpha, width });
      };
      const [lit, faint] = chosen_lines(view, ranks);
      for (const row of faint) line(row, palette.dim, 0.08);
      const alpha = lit.length > 300 ? 0.35 : 0.7;
      for (const row of lit) line(row, palette.ramp(ranks[row]!), Number.isNaN(ranks[row]!) ? 0.25 : alpha);
      if (lit.length > 0 && !Number.isNaN(ranks[lit.at(-1)!]!)) line(lit.at(-1)!, palette.ink, 1, 2.5);
      axes.forEach((axis, i) => draw_axis(surface, drawn, axis, x_of(i, drawn.width), axes.length, palette));
      for (const brush of route.brushes) {
        const i = axes.findIndex((axis) => axis.key === brush.key);
        if (i < 0) continue;
        const [low, high] = brush_places(axes[i]!, brush);
        const top = bottom - high * (bottom - kTop);
        const tall = Math.max(3, (high - low) * (bottom - kTop));
        surface.rectangle(x_of(i, drawn.width) - 7, top, 14, tall, palette.accent, 0.3);
      }
      // The pointer finds the lines where they cross an axis.
      const xs: number[] = [];
      const ys: number[] = [];
      const rows: number[] = [];
      for (const row of lit.slice(-500)) {
        axes.forEach((axis, i) => {
          xs.push(x_of(i, drawn.width));
          ys.push(y_of(axis, row));
          rows.push(row);
        });
      }
      const label = (hit: number): string => {
        const row = rows[hit]!;
        const lines = axes.map((axis) => `${axis.title} ${show_cell(view, axis.key, row)}`);
        return [`trial ${table.number(row)}`, ...lines.slice(0, 12)].join("\n");
      };
      return { x: xs, y: ys, label, open: (hit) => go({ trial: table.number(rows[hit]!) }) };
    },
    [axes, ranks, view, JSON.stringify(route.brushes)],
  );

  const set_brush = (key: string, range: [number, number] | undefined): void => {
    const others = route.brushes.filter((brush) => brush.key !== key);
    go({ brushes: range ? [...others, { key, low: range[0], high: range[1] }] : others });
  };
  const on_drag = (from: [number, number], to: [number, number]): void => {
    const { width } = size.current;
    const at = from[0] * width;
    const nearest = axes.map((_, i) => Math.abs(x_of(i, width) - at));
    const axis = axes[nearest.indexOf(Math.min(...nearest))];
    if (!axis) return;
    const place = (share: number): number =>
      Math.min(1, Math.max(0, (height - kBottom - share * height) / (height - kBottom - kTop)));
    const [low, high] = [axis.scale.value(place(Math.max(from[1], to[1]))), axis.scale.value(place(Math.min(from[1], to[1])))];
    set_brush(axis.key, [rounded(low), rounded(high)]);
  };

  if (axes.length < 2) return null;
  return (
    <>
      <Chart
        title="Parameters and result"
        summary={`${axes.length} axes: ${axes.map((axis) => axis.title).join(", ")}. ${view.rows.length} of ${table.rows} trials are shown.`}
        height={height}
        min_width={axes.length * 72}
        draw={draw}
        on_drag={on_drag}
        on_double_click={() => go({ brushes: [] })}
        controls={
          <>
            <span class="hint wide">drag along an axis to keep only what lies there; double click clears</span>
            {names.length > kAxes && (
              <span class="controls">
                <label class="check"><input type="checkbox" checked={all} onChange={() => set_all(!all)} /> all {names.length} parameters</label>
              </span>
            )}
          </>
        }
        data={{
          head: ["trial", ...axes.map((axis) => axis.title)],
          rows: () => Array.from(view.rows, (row) => [table.number(row), ...axes.map((axis) => table.value(axis.key, row))]),
        }}
      />
      <Ranges axes={axes} brushes={route.brushes} study_values={(key) => view.study.parameters.find((p) => `param ${p.name}` === key)?.values} on={set_brush} />
    </>
  );
}

/** Lit rows from the worst to the best, so that the best lie on top; and a few of the others. */
function chosen_lines(view: StudyView, ranks: Float64Array): [number[], number[]] {
  const order = Array.from(sort_by_keys(view.rows, ranks, true));
  const empty = order.filter((row) => Number.isNaN(ranks[row]!));
  const valued = order.filter((row) => !Number.isNaN(ranks[row]!));
  const every = Math.ceil(valued.length / (kLines / 2));
  const lit = valued.filter((_, i) => i % every === 0 || i >= valued.length - kLines / 2);
  const few = empty.filter((_, i) => i % Math.ceil(empty.length / 200) === 0);
  const hidden: number[] = [];
  if (view.rows.length < view.table.rows) {
    const step = Math.ceil((view.table.rows - view.rows.length) / kFaint);
    let seen = 0;
    for (let row = 0; row < view.table.rows; row++) if (!view.shown[row] && seen++ % step === 0) hidden.push(row);
  }
  return [[...few, ...lit], hidden];
}

function draw_axis(surface: Surface, size: Size, axis: Axis, x: number, count: number, palette: Palette): void {
  const bottom = size.height - kBottom;
  const spacing = (size.width - 2 * kSide) / Math.max(1, count - 1);
  surface.line([x, kTop, x, bottom], { colour: palette.dim, width: 1 });
  const title = fitted(surface, axis.title, Math.min(spacing - 8, 140));
  const half = surface.width_of(title) / 2;
  surface.text(Math.min(Math.max(x, half), size.width - half), 2, title, {
    colour: palette.ink,
    align: "center",
    baseline: "top",
    bold: true,
  });
  const right = x + spacing < size.width;
  for (const tick of axis.scale.ticks(5)) {
    const y = bottom - tick.at * (bottom - kTop);
    const label = fitted(surface, tick.label, Math.min(spacing - 14, 80));
    const width = surface.width_of(label);
    surface.line([x - 3, y, x + 3, y], { colour: palette.dim });
    const at = right ? x + 6 : x - 6 - width;
    surface.rectangle(at - 1, y - 6, width + 2, 12, palette.ground, 0.75);
    surface.text(at, y, label, { colour: palette.ink });
  }
}

function brush_places(axis: Axis, brush: Brush): [number, number] {
  const [low, high] = [axis.scale.place(brush.low), axis.scale.place(brush.high)];
  const half = axis.scale.kind === "category" ? 0.5 / (axis.scale.high + 1) : 0;
  // An open end, or one outside of a logarithmic axis, has no place.
  return [Number.isNaN(low) ? 0 : Math.max(0, low - half), Number.isNaN(high) ? 1 : Math.min(1, high + half)];
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

function show_cell(view: StudyView, key: string, row: number): string {
  const value = view.table.value(key, row);
  return typeof value === "number" ? show_number(value, 5) : show_value(value);
}

interface RangesProps {
  axes: Axis[];
  brushes: Brush[];
  study_values: (key: string) => Value[] | undefined;
  on: (key: string, range: [number, number] | undefined) => void;
}

/** The same brushes as fields, for the keyboard and for exact figures. */
function Ranges({ axes, brushes, study_values, on }: RangesProps): JSX.Element {
  return (
    <details class="ranges" open={brushes.length > 0 || undefined}>
      <summary>Ranges{brushes.length > 0 ? ` (${brushes.length} set)` : ""}</summary>
      <div class="range-grid">
        {axes.map((axis) => {
          const brush = brushes.find((one) => one.key === axis.key);
          const values = study_values(axis.key);
          const set = (end: "low" | "high", text: string): void => {
            const value = text === "" ? NaN : Number(text);
            const low = end === "low" ? value : (brush?.low ?? NaN);
            const high = end === "high" ? value : (brush?.high ?? NaN);
            if (Number.isNaN(low) && Number.isNaN(high)) on(axis.key, undefined);
            else on(axis.key, [Number.isNaN(low) ? -Infinity : low, Number.isNaN(high) ? Infinity : high]);
          };
          const field = (end: "low" | "high"): JSX.Element => {
            const value = brush && Number.isFinite(brush[end]) ? String(brush[end]) : "";
            const label = `${axis.title}, ${end === "low" ? "from" : "to"}`;
            if (!values) {
              return (
                <input aria-label={label} inputMode="decimal" size={7} value={value} placeholder={show_number(axis.scale[end], 3)} onChange={(event) => set(end, event.currentTarget.value)} />
              );
            }
            return (
              <select aria-label={label} value={value} onChange={(event) => set(end, event.currentTarget.value)}>
                <option value="">any</option>
                {values.map((one, index) => <option value={String(index)}>{show_value(one)}</option>)}
              </select>
            );
          };
          return (
            <div class="range">
              <span class="name">{axis.title}</span>
              {field("low")}
              <span aria-hidden="true">–</span>
              {field("high")}
              {brush && <button class="quiet" aria-label={`Clear the range of ${axis.title}`} onClick={() => on(axis.key, undefined)}>×</button>}
            </div>
          );
        })}
      </div>
    </details>
  );
}
