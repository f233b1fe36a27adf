// Slices: for each parameter the objective over its values, a point per trial; later trials are darker. The most telling first. The
// line is the mean over the other parameters that regression forests give, with its interval, where values can be compared.
import { useCallback, useMemo, useState } from "preact/hooks";
import type { JSX } from "preact";
import { show_number, show_value } from "../model/format";
import { go } from "../model/route";
import { central_range, linear_scale, type Scale } from "../model/scale";
import { by_strength } from "../model/strength";
import { axis_scale, axis_values, searched_parameters, type StudyView } from "../model/study_view";
import type { Dependence, Interactions } from "../api/analysis";
import type { Parameter } from "../api/types";
import { Chart, type Hits, type Size } from "./chart";
import { draw_frame, type Frame } from "./frame";
import type { Palette } from "./palette";
import { padded } from "./progress";
import type { Surface } from "./surface";

const kPoints = 4000;
const kSlices = 8; // at first

export function Slices({ view, found }: { view: StudyView; found: Interactions | undefined }): JSX.Element | null {
  const [all, set_all] = useState(false);
  const { study, table } = view;
  const order = useMemo(() => by_strength(view), [study.spec_version, view.objective?.name, table.rows >> 6]);
  const parameters = order.flatMap((name) => searched_parameters(study).filter((one) => one.name === name));
  if (!view.objective || parameters.length === 0) return null;
  const shown = all ? parameters : parameters.slice(0, kSlices);
  return (
    <>
      <div class="multiples">
        {shown.map((parameter) => <Slice key={parameter.name} view={view} parameter={parameter} means={means_of(found, parameter)} />)}
      </div>
      {found?.enough && !found.by_order && <p class="hint">Lines: the mean over the other parameters that regression forests give, with its interval of 95 %.</p>}
      {parameters.length > kSlices && <p><button onClick={() => set_all(!all)}>{all ? `Only the ${kSlices} most telling` : `Show all ${parameters.length}`}</button></p>}
    </>
  );
}

function means_of(found: Interactions | undefined, parameter: Parameter): Dependence | undefined {
  return found?.by_order ? undefined : found?.parameters.find((one) => one.parameter === parameter.name)?.dependence;
}

/** Draws the means as a line within a band; of a choice as a mark at each value. */
function draw_means(surface: Surface, means: Dependence, parameter: Parameter, frame: Frame, x_scale: Scale, palette: Palette): void {
  const place = new Map((parameter.values ?? []).map((value, index) => [JSON.stringify(value), index]));
  const at = means.values.map((value) => frame.x(x_scale.kind === "category" ? (place.get(JSON.stringify(value)) ?? NaN) : Number(value)));
  const y = (value: number | null): number => (value === null ? NaN : frame.y(value));
  if (x_scale.kind === "category") {
    const half = (0.32 / (x_scale.high + 1)) * frame.width;
    at.forEach((x, i) => {
      if (Number.isNaN(x) || means.mean[i] === null) return;
      surface.rectangle(x - half, y(means.high[i]!), 2 * half, y(means.low[i]!) - y(means.high[i]!), palette.series[1]!, 0.25);
      surface.line([x - half, y(means.mean[i]!), x + half, y(means.mean[i]!)], { colour: palette.series[1]!, width: 2 });
    });
    return;
  }
  const known = at.map((_, i) => i).filter((i) => !Number.isNaN(at[i]!) && means.mean[i] !== null);
  const upper = known.flatMap((i) => [at[i]!, y(means.high[i]!)]);
  const lower = [...known].reverse().flatMap((i) => [at[i]!, y(means.low[i]!)]);
  surface.area([...upper, ...lower], palette.series[1]!, 0.25);
  surface.line(known.flatMap((i) => [at[i]!, y(means.mean[i]!)]), { colour: palette.series[1]!, width: 1.8 });
}

function Slice({ view, parameter, means }: { view: StudyView; parameter: Parameter; means: Dependence | undefined }): JSX.Element {
  const { table, study, objective } = view;
  const key = `param ${parameter.name}`;
  const data = useMemo(() => {
    const x = axis_values(study, table, key);
    const y = axis_values(study, table, `metric ${objective!.name}`);
    const rows = view.rows.filter((row) => !Number.isNaN(x[row]!) && Number.isFinite(y[row]!));
    const every = Math.ceil(rows.length / kPoints);
    return { x, y, rows: rows.filter((_, i) => i % every === 0), all: rows.length };
  }, [view]);
  const draw = useCallback(
    (surface: Surface, size: Size, palette: Palette): Hits => {
      const ys = Float64Array.from(data.rows, (row) => data.y[row]!);
      const y_scale = linear_scale(...padded(central_range(ys, objective!.goal) ?? [0, 1]));
      const x_scale = axis_scale(study, table, key, data.x);
      const frame = draw_frame(surface, size, x_scale, y_scale, palette, {});
      const px: number[] = [];
      const py: number[] = [];
      surface.clipped(frame.left - 3, frame.top - 3, frame.width + 6, frame.height + 6, () => {
        data.rows.forEach((row, i) => {
          // Of a choice, trials with the same value lie beside each other, in a fixed pattern.
          const spread = x_scale.kind === "category" ? (((i * 0.618034) % 1) - 0.5) * (0.5 / (x_scale.high + 1)) * frame.width : 0;
          px.push(frame.x(data.x[row]!) + spread);
          py.push(frame.y(data.y[row]!));
          surface.circle(px[i]!, py[i]!, 2, palette.accent, 0.2 + (0.6 * i) / data.rows.length);
        });
        if (means) draw_means(surface, means, parameter, frame, x_scale, palette);
      });
      return {
        x: px,
        y: py,
        label: (i) => {
          const row = data.rows[i]!;
          return `trial ${table.number(row)}\n${parameter.name} ${show_value(table.value(key, row), 5)}\n${objective!.name} ${show_number(data.y[row], 6)}`;
        },
        open: (i) => go({ trial: table.number(data.rows[i]!) }),
      };
    },
    [data, means, study.spec_version],
  );
  return (
    <Chart
      small
      title={parameter.name}
      summary={`${objective!.name} over ${parameter.name}: ${data.all} trials${means ? ", with the mean over the other parameters" : ""}.`}
      height={150}
      draw={draw}
      data={{
        head: ["trial", parameter.name, objective!.name],
        rows: () => Array.from(view.rows, (row) => [table.number(row), table.value(key, row), table.value(`metric ${objective!.name}`, row)]),
      }}
    />
  );
}
