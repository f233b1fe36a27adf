// Best so far, over trials or over time: every judged trial as a point, the course of the best as steps, the default as a line.
import { useCallback, useMemo } from "preact/hooks";
import type { JSX } from "preact";
import { num } from "../api/types";
import { show_duration, show_number } from "../model/format";
import { go, type Route } from "../model/route";
import { central_range, linear_scale, log_scale, range_of, time_scale } from "../model/scale";
import { kFlagInfeasible } from "../model/table";
import { improvements, type StudyView } from "../model/study_view";
import { sort_by_keys } from "../model/order";
import { Chart, type Hits, type Size } from "./chart";
import { draw_frame } from "./frame";
import type { Palette } from "./palette";
import type { Surface } from "./surface";
import { Choice } from "../views/parts";

const kPoints = 20_000; // drawn at most; the course of the best is always whole

export function Progress({ view, route }: { view: StudyView; route: Route }): JSX.Element | null {
  const { table, objective, study } = view;
  const over_time = route.over === "time";
  const data = useMemo(() => {
    if (!objective) return undefined;
    const values = table.numbers(`metric ${objective.name}`) ?? new Float64Array(table.rows).fill(NaN);
    const ended = table.numbers("trial ended") ?? new Float64Array(table.rows).fill(NaN);
    const created = table.numbers("trial created") ?? ended;
    const begin = range_of(created)?.[0] ?? 0;
    const axis = over_time
      ? ended.map((at, row) => (Number.isFinite(at) ? at : study.now_s - table.base_s) - begin + 0 * row)
      : table.numbers("trial number")!;
    const judged = Uint32Array.from({ length: table.rows }, (_, row) => row).filter((row) => Number.isFinite(values[row]!));
    // What stopped early was measured at a lower fidelity, and what breaks a guard is no result.
    const counts = (row: number): boolean => table.state(row) === "complete" && (table.flags(row) & kFlagInfeasible) === 0;
    const order = over_time ? sort_by_keys(judged, axis, false) : judged;
    const best = improvements(values, order.filter(counts), objective.goal);
    const every = Math.ceil(judged.length / kPoints);
    return { values, axis, judged: judged.filter((_, i) => i % every === 0), best };
  }, [table, table.revision, objective?.name, over_time]);

  const draw = useCallback(
    (surface: Surface, size: Size, palette: Palette): Hits | void => {
      if (!data || !objective) return;
      const judged_values = Float64Array.from(data.judged, (row) => data.values[row]!);
      const range = central_range(judged_values, objective.goal) ?? [0, 1];
      const y = route.log && range[0] > 0 ? log_scale(...padded_log(range)) : linear_scale(...padded(range));
      const last = range_of(data.axis)?.[1] ?? 1;
      const x = over_time ? time_scale(0, Math.max(last, 1)) : linear_scale(0, Math.max(table.rows - 1, 1), true);
      const frame = draw_frame(surface, size, x, y, palette, {
        x_label: over_time ? "time since the study began" : "trial",
        y_label: `${objective.name} (${objective.goal === "minimize" ? "lower" : "higher"} is better)`,
      });
      const px: number[] = [];
      const py: number[] = [];
      surface.clipped(frame.left - 4, frame.top - 4, frame.width + 8, frame.height + 8, () => {
        const radius = data.judged.length > 2000 ? 1.5 : 2.5;
        for (const row of data.judged) {
          const [at_x, at_y] = [frame.x(data.axis[row]!), frame.y(data.values[row]!)];
          px.push(at_x);
          py.push(at_y);
          const state = table.state(row);
          const colour = palette.states[state] ?? palette.dim;
          surface.circle(at_x, at_y, radius, colour, view.shown[row] ? 0.65 : 0.12, state === "stopped");
        }
        const standard = num(study.headline.gain?.default_value);
        if (standard !== undefined) {
          const at = Math.round(frame.y(standard)) + 0.5;
          surface.line([frame.left, at, frame.left + frame.width, at], { colour: palette.dim, dash: [5, 4] });
          surface.text(frame.left + frame.width - 4, at - 3, "defaults", { colour: palette.dim, align: "right", baseline: "bottom" });
        }
        const steps: number[] = [];
        let level = NaN;
        for (const row of data.best) {
          const at = frame.x(data.axis[row]!);
          if (!Number.isNaN(level)) steps.push(at, level);
          level = frame.y(data.values[row]!);
          steps.push(at, level);
        }
        if (data.best.length > 0) steps.push(frame.left + frame.width, level);
        surface.line(steps, { colour: palette.accent, width: 2 });
      });
      return {
        x: px,
        y: py,
        label: (i) => {
          const row = data.judged[i]!;
          return `trial ${table.number(row)}, ${table.state(row)}\n${objective.name} ${show_number(data.values[row], 6)}`;
        },
        open: (i) => go({ trial: table.number(data.judged[i]!) }),
      };
    },
    [data, view, over_time, route.log, study.headline.gain?.default_value],
  );

  if (!data || !objective) return null;
  const best = data.best.at(-1);
  const summary =
    best === undefined
      ? "No trial has been judged yet."
      : `${data.best.length} improvements; the best is trial ${table.number(best)} with ${show_number(data.values[best], 6)}.`;
  return (
    <Chart
      title="Best so far"
      summary={summary}
      height={260}
      draw={draw}
      controls={
        <>
          <span class="hint wide">filled: complete, hollow: stopped early</span>
          <span class="controls">
            <Choice label="Axis" value={route.over} options={{ trials: "over trials", time: "over time" }} on={(over) => go({ over })} />
            <label class="check">
              <input type="checkbox" checked={route.log} onChange={() => go({ log: !route.log })} /> log scale
            </label>
          </span>
        </>
      }
      data={{
        head: ["trial", over_time ? "time_s" : "order", objective.name, "state", "best"],
        rows: () => {
          const best_rows = new Set(data.best);
          return Array.from(data.judged, (row) => [
            table.number(row),
            over_time ? Number(data.axis[row]!.toFixed(3)) : table.number(row),
            data.values[row]!,
            table.state(row),
            best_rows.has(row),
          ]);
        },
      }}
    >
      {data.judged.length === 0 && (
        <p class="chart-empty">No trial has ended with {objective.name} yet. Its first point appears here after {show_first(view)}.</p>
      )}
    </Chart>
  );
}

function show_first(view: StudyView): string {
  const busy = range_of(view.table.numbers("trial busy") ?? [])?.[1];
  return busy ? `the first report; ${show_duration(busy)} have passed` : "the first trial";
}

export function padded([low, high]: [number, number]): [number, number] {
  const room = (high - low || Math.abs(high) || 1) * 0.05;
  return [low - room, high + room];
}

export function padded_log([low, high]: [number, number]): [number, number] {
  const factor = (high / low || 1) ** 0.05 * 1.001;
  return [low / factor, high * factor];
}
