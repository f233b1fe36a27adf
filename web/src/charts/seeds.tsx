// Trials that were run with several seeds: each run, the mean, and the interval of the true mean; the best means first.
import { useCallback } from "preact/hooks";
import type { JSX } from "preact";
import * as analysis from "../api/analysis";
import { num } from "../api/types";
import { counted, show_number } from "../model/format";
import { go } from "../model/route";
import { category_scale, linear_scale, range_of } from "../model/scale";
import type { StudyView } from "../model/study_view";
import { useAnalysis } from "../views/hooks";
import { Chart, type Hits, type Size } from "./chart";
import { draw_frame } from "./frame";
import type { Palette } from "./palette";
import { padded } from "./progress";
import type { Surface } from "./surface";

const kTrials = 24;

export function Seeds({ view }: { view: StudyView }): JSX.Element | null {
  const { study, objective } = view;
  const { value: found } = useAnalysis(() => analysis.seeds(study.id), String(study.id), study.version);
  const sign = objective?.goal === "maximize" ? -1 : 1;
  const trials = [...(found?.trials ?? [])].sort((a, b) => sign * (a.mean - b.mean)).slice(0, kTrials);
  const draw = useCallback(
    (surface: Surface, size: Size, palette: Palette): Hits => {
      const values = trials.flatMap((one) => [...one.values.map((value) => num(value) ?? NaN), one.mean]);
      const inside = range_of(values) ?? [0, 1];
      // An interval of two runs may be wide: it may leave the frame, the runs may not.
      const frame = draw_frame(surface, size, category_scale(trials.map((one) => one.trial)), linear_scale(...padded(padded(inside))), palette, { x_label: "trial", y_label: found!.metric });
      const px = trials.map((_, i) => frame.x(i));
      const py = trials.map((one) => frame.y(one.mean));
      surface.clipped(frame.left, frame.top, frame.width, frame.height, () => {
        trials.forEach((one, i) => {
          surface.line([px[i]!, frame.y(one.interval.low), px[i]!, frame.y(one.interval.high)], { colour: palette.accent, width: 2, alpha: 0.6 });
          one.values.forEach((value) => surface.circle(px[i]! + 6, frame.y(num(value) ?? NaN), 2.5, palette.dim, 0.9, true));
          surface.circle(px[i]!, py[i]!, 4, palette.accent);
        });
      });
      return {
        x: px,
        y: py,
        label: (i) => {
          const one = trials[i]!;
          return `trial ${one.trial}: ${show_number(one.mean, 5)} ± ${show_number(one.sd, 2)}\n95 % of the mean: ${show_number(one.interval.low, 5)} to ${show_number(one.interval.high, 5)}\n${counted(one.values.length, "run")}`;
        },
        open: (i) => go({ trial: trials[i]!.trial }),
      };
    },
    [found],
  );
  if (trials.length === 0) return null;
  return (
    <Chart
      title="Seeds"
      summary={`${found!.metric} of ${counted(trials.length, "trial")} with several runs; the best mean is ${show_number(trials[0]!.mean, 5)} of trial ${trials[0]!.trial}.`}
      height={260}
      draw={draw}
      controls={
        <span class="legend">
          <span class="key accent">mean, 95 %</span>
          <span class="key dim">single runs</span>
        </span>
      }
      data={{
        head: ["trial", "runs", "mean", "sd", "low", "high", "values"],
        rows: () => found!.trials.map((one) => [one.trial, one.values.length, one.mean, one.sd, one.interval.low, one.interval.high, one.values.join(" ")]),
      }}
    />
  );
}
