// Two parameters against each other: trials as points over a map of the objective. The map is what regression forests say of the
// pair, the others averaged; or the trials themselves, smoothed (Nadaraya-Watson with a Gaussian kernel on the axes' scales, so no
// model has a say; where no trial is near, it is empty); or there is none, and points show the trials' ranks.
import { useCallback, useMemo } from "preact/hooks";
import type { JSX } from "preact";
import { show_number, show_value } from "../model/format";
import { go, type MapOf, type Route } from "../model/route";
import { central_range, range_of, type Scale } from "../model/scale";
import { by_strength, ranks_of } from "../model/strength";
import { axis_scale, axis_values, searched_parameters, type StudyView } from "../model/study_view";
import * as analysis from "../api/analysis";
import type { Interactions, PairMeans } from "../api/analysis";
import type { Study, Value } from "../api/types";
import { useAnalysis } from "../views/hooks";
import { Choice } from "../views/parts";
import { share_text } from "./bars";
import { Chart, type Hits, type Size } from "./chart";
import { draw_frame } from "./frame";
import type { Palette } from "./palette";
import type { Surface } from "./surface";

const kCells = 28; // per axis
const kWidth = 0.07; // of the kernel, as a share of the axis
const kSample = 2000; // trials that the map is smoothed from, at most
const kEmpty = 0.05; // weight below which a cell has no neighbours

const kMaps: Record<MapOf, string> = { model: "means by forests", trials: "trials, smoothed", ranks: "ranks of the trials" };

/** The pair that forests find to interact most, where they find any. */
function strongest(found: Interactions | undefined): [string, string] | undefined {
  const first = found?.pairs[0];
  return first && first.share.low > 0 ? [first.first, first.second] : undefined;
}

export function Contour({ view, route, found }: { view: StudyView; route: Route; found: Interactions | undefined }): JSX.Element | null {
  const { table, study, objective } = view;
  const names = searched_parameters(study).map((one) => one.name);
  const telling = useMemo(() => by_strength(view).slice(0, 2), [study.spec_version, view.objective?.name, table.rows >> 6]);
  const usual = strongest(found) ?? telling;
  const chosen = route.pair && route.pair.every((name) => names.includes(name)) ? route.pair : usual;
  const pair: [string, string] | undefined = chosen.length === 2 ? [chosen[0]!, chosen[1]!] : undefined;
  const data = useMemo(() => {
    if (!pair || !objective) return undefined;
    const x = axis_values(study, table, `param ${pair[0]}`);
    const y = axis_values(study, table, `param ${pair[1]}`);
    const z = axis_values(study, table, `metric ${objective.name}`);
    const rows = view.rows.filter((row) => !Number.isNaN(x[row]!) && !Number.isNaN(y[row]!) && Number.isFinite(z[row]!));
    const every = Math.ceil(rows.length / kSample);
    return { x, y, z, rows: rows.filter((_, i) => i % every === 0) };
  }, [view, pair?.join("\n")]);
  const known = pair && found?.pairs.some((one) => pair.includes(one.first) && pair.includes(one.second) && one.first !== one.second);
  const identity = known && pair ? `${study.id} ${objective?.name} ${pair.join("\n")}` : "";
  const { value: means } = useAnalysis(
    () => (identity === "" || !pair ? Promise.resolve(undefined) : analysis.pair_means(study.id, objective!.name, ...pair)),
    identity,
    study.version,
  );
  const model = known && means && !means.by_order ? means : undefined;
  const map: MapOf = route.map === "model" && !model ? "trials" : route.map;
  const ranks = useMemo(() => (data && map === "ranks" ? ranks_of(Float64Array.from(data.rows, (row) => data.z[row]!)) : undefined), [data, map]);
  const draw = useCallback(
    (surface: Surface, size: Size, palette: Palette): Hits | void => {
      if (!data || !pair || !objective) return;
      const x = axis_scale(study, table, `param ${pair[0]}`, data.x);
      const y = axis_scale(study, table, `param ${pair[1]}`, data.y);
      const frame = draw_frame(surface, { width: size.width - 56, height: size.height }, x, y, palette, { x_label: pair[0], y_label: pair[1] });
      const cells = map === "model" ? model_cells(model!, pair, study, x, y) : undefined;
      const [low, high] =
        (cells ? range_of(cells.map((cell) => cell.mean)) : central_range(Float64Array.from(data.rows, (row) => data.z[row]!), objective.goal)) ?? [0, 1];
      const share = (value: number): number => {
        const part = (value - low) / (high - low || 1);
        return objective.goal === "minimize" ? part : 1 - part;
      };
      const columns = x.kind === "category" ? x.high + 1 : kCells;
      const lines = y.kind === "category" ? y.high + 1 : kCells;
      // Whole pixels: cells neither overlap nor leave gaps.
      const edge_x = (column: number): number => Math.round(frame.left + (column * frame.width) / columns);
      const edge_y = (line: number): number => Math.round(frame.top + frame.height - (line * frame.height) / lines);
      if (cells) {
        const across = (place: number): number => Math.round(frame.left + place * frame.width);
        const down = (place: number): number => Math.round(frame.top + (1 - place) * frame.height);
        for (const cell of cells) {
          const [left, top] = [across(cell.left), down(cell.high)];
          surface.rectangle(left, top, across(cell.right) - left, down(cell.low) - top, palette.ramp(share(cell.mean)), 0.55);
        }
      } else if (map === "trials") {
        smoothed(data, x, y, columns, lines, low, high).forEach((value, i) => {
          if (Number.isNaN(value)) return;
          const [column, line] = [i % columns, Math.floor(i / columns)];
          const [left, top] = [edge_x(column), edge_y(line + 1)];
          surface.rectangle(left, top, edge_x(column + 1) - left, edge_y(line) - top, palette.ramp(share(value)), 0.55);
        });
      }
      const px: number[] = [];
      const py: number[] = [];
      const spread_x = x.kind === "category" ? (0.6 * frame.width) / columns : 0;
      const spread_y = y.kind === "category" ? (0.6 * frame.height) / lines : 0;
      const colour = (row: number, i: number): string => {
        if (!ranks) return palette.ramp(share(data.z[row]!));
        const rank = ranks[i]! / Math.max(1, ranks.length - 1);
        return palette.ramp(objective.goal === "minimize" ? rank : 1 - rank);
      };
      data.rows.forEach((row, i) => {
        px.push(frame.x(data.x[row]!) + spread_x * (((row * 0.618034) % 1) - 0.5));
        py.push(frame.y(data.y[row]!) + spread_y * (((row * 0.414214) % 1) - 0.5));
        surface.circle(px.at(-1)!, py.at(-1)!, 3, palette.ground);
        surface.circle(px.at(-1)!, py.at(-1)!, ranks ? 3 : 2.2, colour(row, i));
      });
      if (ranks) draw_key(surface, size, frame.top, frame.height, [1, ranks.length], "minimize", palette);
      else draw_key(surface, size, frame.top, frame.height, [low, high], objective.goal, palette);
      return {
        x: px,
        y: py,
        label: (i) => {
          const row = data.rows[i]!;
          const line = (name: string): string => `${name} ${show_value(table.value(`param ${name}`, row), 5)}`;
          return `trial ${table.number(row)}\n${line(pair[0])}\n${line(pair[1])}\n${objective.name} ${show_number(data.z[row], 6)}`;
        },
        open: (i) => go({ trial: table.number(data.rows[i]!) }),
      };
    },
    [data, study.spec_version, model, map, ranks],
  );
  if (!data || !pair || !objective) return null;
  const options = Object.fromEntries(names.map((name) => [name, name]));
  return (
    <Chart
      title="Two parameters"
      summary={`${objective.name} over ${pair[0]} and ${pair[1]}, ${data.rows.length} trials; ${map === "model" ? `behind them the means that forests give; together beyond each alone ${share_text(model!.share)} of the variance` : map === "ranks" ? "coloured by rank" : "smoothed between them"}.`}
      height={320}
      draw={draw}
      controls={
        <span class="controls">
          <Choice label="Across" value={pair[0]} options={options} on={(name) => go({ pair: [name, pair[1]] })} />
          <Choice label="Up" value={pair[1]} options={options} on={(name) => go({ pair: [pair[0], name] })} />
          <Choice label="Map" value={map} options={model ? kMaps : kWithoutModel} on={(name) => go({ map: name })} />
        </span>
      }
      data={{
        head: ["trial", pair[0], pair[1], objective.name],
        rows: () => Array.from(data.rows, (row) => [table.number(row), table.value(`param ${pair[0]}`, row), table.value(`param ${pair[1]}`, row), data.z[row]!]),
      }}
    />
  );
}

const kWithoutModel = { trials: kMaps.trials, ranks: kMaps.ranks } as Record<MapOf, string>;

interface ModelCell {
  left: number; // places on the axes, 0 to 1
  right: number;
  low: number;
  high: number;
  mean: number;
}

/** Where cells of values begin and end on an axis: half way to their neighbours. */
export function cell_edges(places: number[]): [number, number][] {
  return places.map((place, i) => {
    const [before, next] = [places[i - 1], places[i + 1]];
    const clamp = (value: number): number => Math.min(1, Math.max(0, value));
    const low = before === undefined ? (next === undefined ? 0 : place - (next - place) / 2) : (before + place) / 2;
    const high = next === undefined ? (before === undefined ? 1 : place + (place - before) / 2) : (place + next) / 2;
    return [clamp(low), clamp(high)];
  });
}

function model_cells(means: PairMeans, pair: [string, string], study: Study, x: Scale, y: Scale): ModelCell[] {
  const { first_values, second_values, mean } = means.dependence;
  const turned = means.first !== pair[0];
  const edges = (name: string, values: Value[], scale: Scale): [number, number][] => {
    const listed = study.parameters.find((one) => one.name === name)?.values ?? [];
    const place_of = new Map(listed.map((value, index) => [JSON.stringify(value), index]));
    if (scale.kind !== "category") return cell_edges(values.map((value) => scale.place(Number(value))));
    return values.map((value) => {
      const at = scale.place(place_of.get(JSON.stringify(value)) ?? NaN);
      return [at - 0.5 / (scale.high + 1), at + 0.5 / (scale.high + 1)];
    });
  };
  const across = edges(pair[0], turned ? second_values : first_values, x);
  const up = edges(pair[1], turned ? first_values : second_values, y);
  return across.flatMap(([left, right], i) =>
    up.flatMap(([low, high], k) => {
      const value = turned ? mean[k]![i] : mean[i]![k];
      return value === null || value === undefined || Number.isNaN(left + low) ? [] : [{ left, right, low, high, mean: value }];
    }),
  );
}

/** Mean objective per cell, weighted by nearness; NaN where no trial is near. */
function smoothed(
  data: { x: Float64Array; y: Float64Array; z: Float64Array; rows: Uint32Array },
  x: Scale,
  y: Scale,
  columns: number,
  lines: number,
  low: number,
  high: number,
): Float64Array {
  const width = (scale: Scale): number => (scale.kind === "category" ? 0.2 / (scale.high + 1) : kWidth);
  const [wide, tall] = [width(x), width(y)];
  const sums = new Float64Array(columns * lines);
  const weights = new Float64Array(columns * lines);
  for (const row of data.rows) {
    const [at_x, at_y] = [x.place(data.x[row]!), y.place(data.y[row]!)];
    const value = Math.min(high, Math.max(low, data.z[row]!));
    for (let line = 0; line < lines; line++) {
      const dy = ((line + 0.5) / lines - at_y) / tall;
      if (Math.abs(dy) > 3) continue;
      for (let column = 0; column < columns; column++) {
        const dx = ((column + 0.5) / columns - at_x) / wide;
        if (Math.abs(dx) > 3) continue;
        const weight = Math.exp(-0.5 * (dx * dx + dy * dy));
        sums[line * columns + column]! += weight * value;
        weights[line * columns + column]! += weight;
      }
    }
  }
  return sums.map((sum, i) => (weights[i]! > kEmpty ? sum / weights[i]! : NaN));
}

function draw_key(surface: Surface, size: Size, top: number, height: number, [low, high]: [number, number], goal: "minimize" | "maximize", palette: Palette): void {
  const x = size.width - 50;
  const steps = 24;
  for (let i = 0; i < steps; i++) surface.rectangle(x, top + (height * i) / steps, 10, height / steps + 0.5, palette.ramp(i / (steps - 1)));
  const [first, last] = goal === "minimize" ? [low, high] : [high, low];
  surface.text(x + 13, top + 5, show_number(first, 3), { colour: palette.dim });
  surface.text(x + 13, top + height - 5, show_number(last, 3), { colour: palette.dim });
  surface.text(x, top - 8, "best", { colour: palette.dim });
}
