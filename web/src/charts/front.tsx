// Several objectives: trials by two of them with the front, and how much of the box of values the front came to dominate.
import { useCallback, useMemo, useState } from "preact/hooks";
import type { JSX } from "preact";
import * as analysis from "../api/analysis";
import type { Metric } from "../api/types";
import { counted, show_number, show_share } from "../model/format";
import { go } from "../model/route";
import { central_range, linear_scale } from "../model/scale";
import type { StudyView } from "../model/study_view";
import { useAnalysis } from "../views/hooks";
import { Choice } from "../views/parts";
import { Chart, type Hits, type Size } from "./chart";
import { draw_frame } from "./frame";
import type { Palette } from "./palette";
import { padded } from "./progress";
import type { Surface } from "./surface";

const kPoints = 8000;

/** The metrics that the study optimises. */
export const objectives_of = (view: StudyView): Metric[] => view.study.metrics.filter((metric) => metric.role === "objective");

export function Front({ view }: { view: StudyView }): JSX.Element | null {
  const { table, study } = view;
  const objectives = objectives_of(view);
  const names = objectives.map((metric) => metric.name);
  const [axes, set_axes] = useState<[string, string]>([names[0] ?? "", names[1] ?? ""]);
  const metric = (name: string): Metric => objectives.find((one) => one.name === name) ?? objectives[0]!;
  const data = useMemo(() => {
    const x = table.numbers(`metric ${axes[0]}`) ?? new Float64Array(table.rows).fill(NaN);
    const y = table.numbers(`metric ${axes[1]}`) ?? new Float64Array(table.rows).fill(NaN);
    const judged = view.rows.filter((row) => Number.isFinite(x[row]!) && Number.isFinite(y[row]!));
    const every = Math.ceil(judged.length / kPoints);
    const front = judged.filter((row) => table.best.has(table.number(row))).sort((a, b) => x[a]! - x[b]!);
    const others = judged.filter((row, i) => i % every === 0 && !table.best.has(table.number(row)));
    return { x, y, front, others, all: judged.length };
  }, [view, axes.join("\n")]);
  const draw = useCallback(
    (surface: Surface, size: Size, palette: Palette): Hits => {
      const rows = [...data.others, ...data.front];
      const scale = (values: Float64Array, name: string) => linear_scale(...padded(central_range(Float64Array.from(rows, (row) => values[row]!), metric(name).goal) ?? [0, 1]));
      const frame = draw_frame(surface, size, scale(data.x, axes[0]), scale(data.y, axes[1]), palette, { x_label: axes[0], y_label: axes[1] });
      const px = rows.map((row) => frame.x(data.x[row]!));
      const py = rows.map((row) => frame.y(data.y[row]!));
      surface.clipped(frame.left - 4, frame.top - 4, frame.width + 8, frame.height + 8, () => {
        data.others.forEach((_, i) => surface.circle(px[i]!, py[i]!, 2, palette.dim, 0.45));
        // What lies beyond a step is dominated; with more than two objectives the order is of two only.
        if (objectives.length === 2) {
          const steps: number[] = [];
          data.front.forEach((_, k) => {
            const i = data.others.length + k;
            if (k > 0) steps.push(...(metric(axes[0]).goal === "minimize" ? [px[i]!, py[i - 1]!] : [px[i - 1]!, py[i]!]));
            steps.push(px[i]!, py[i]!);
          });
          surface.line(steps, { colour: palette.accent, width: 1.5 });
        }
        data.front.forEach((_, k) => surface.circle(px[data.others.length + k]!, py[data.others.length + k]!, 3.5, palette.accent));
      });
      return {
        x: px,
        y: py,
        label: (i) => [`trial ${table.number(rows[i]!)}${i >= data.others.length ? ", of the front" : ""}`, ...names.map((name) => `${name} ${show_number(Number(table.value(`metric ${name}`, rows[i]!) ?? NaN), 6)}`)].join("\n"),
        open: (i) => go({ trial: table.number(rows[i]!) }),
      };
    },
    [data, study.spec_version],
  );
  if (objectives.length < 2) return null;
  const options = Object.fromEntries(names.map((name) => [name, name]));
  const swap = (at: 0 | 1, name: string): void => {
    const other = axes[1 - at]! === name ? axes[at]! : axes[1 - at]!;
    set_axes(at === 0 ? [name, other] : [other, name]);
  };
  return (
    <Chart
      title="The front"
      summary={`${axes[0]} and ${axes[1]} of ${counted(data.all, "trial")}; ${data.front.length} of them are on the front.`}
      height={320}
      draw={draw}
      controls={
        names.length > 2 ? (
          <span class="controls">
            <Choice label="Objective across" value={axes[0]} options={options} on={(name) => swap(0, name)} />
            <Choice label="Objective up" value={axes[1]} options={options} on={(name) => swap(1, name)} />
          </span>
        ) : undefined
      }
      data={{
        head: ["trial", "front", ...names],
        rows: () => Array.from(view.rows, (row) => [table.number(row), table.best.has(table.number(row)), ...names.map((name) => table.value(`metric ${name}`, row))]),
      }}
    />
  );
}

export function Hypervolume({ view }: { view: StudyView }): JSX.Element | null {
  const { study } = view;
  const { value: found } = useAnalysis(() => analysis.dominated(study.id), String(study.id), study.version);
  const points = found?.over_trials ?? [];
  const draw = useCallback(
    (surface: Surface, size: Size, palette: Palette): Hits => {
      const last = points.at(-1)!;
      const x = linear_scale(0, Math.max(1, last.position), true);
      const y = linear_scale(0, Math.min(1, 1.08 * last.hypervolume || 1));
      const frame = draw_frame(surface, size, x, y, palette, { x_label: "trials that had ended", y_label: "share that is dominated" });
      const steps: number[] = [];
      points.forEach((point, i) => {
        if (i > 0) steps.push(frame.x(point.position), frame.y(points[i - 1]!.hypervolume));
        steps.push(frame.x(point.position), frame.y(point.hypervolume));
      });
      surface.line(steps, { colour: palette.accent, width: 1.6 });
      const px = points.map((point) => frame.x(point.position));
      const py = points.map((point) => frame.y(point.hypervolume));
      points.forEach((_, i) => surface.circle(px[i]!, py[i]!, 2.2, palette.accent));
      return { x: px, y: py, label: (i) => `trial ${points[i]!.trial}\n${show_share(points[i]!.hypervolume)} dominated`, open: (i) => go({ trial: points[i]!.trial }) };
    },
    [found],
  );
  if (points.length === 0) return null;
  return (
    <Chart
      title="Dominated share"
      summary={`Of the box between the best and the worst value in each objective the front dominates ${show_share(points.at(-1)!.hypervolume)} after ${counted(points.at(-1)!.position + 1, "trial")}.`}
      height={320}
      draw={draw}
      data={{ head: ["trial", "position", "hypervolume"], rows: () => points.map((point) => [point.trial, point.position, point.hypervolume]) }}
    />
  );
}
