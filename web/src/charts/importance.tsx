// How much each parameter matters, with intervals, by the method that is chosen: over the whole space and near the best.
import { useCallback, useState } from "preact/hooks";
import type { JSX } from "preact";
import * as analysis from "../api/analysis";
import type { Importance as Found, ImportanceRow } from "../api/analysis";
import { counted, show_share } from "../model/format";
import { searched_parameters, type StudyView } from "../model/study_view";
import { useAnalysis } from "../views/hooks";
import { Choice } from "../views/parts";
import { bars_height, type BarLine, draw_bars, share_text } from "./bars";
import { Chart, type Hits, type Size } from "./chart";
import type { Palette } from "./palette";
import type { Surface } from "./surface";

const kRows = 12; // at first
const kChance = 0.05;

type Measure = "share" | "fanova" | "ped_anova";
const kMeasures: Record<Measure, string> = { share: "by regression", fanova: "by forests (fANOVA)", ped_anova: "by densities (PED-ANOVA)" };
const kWords: Record<Measure, [string, string]> = {
  share: ["of what the parameters explain of the order of the trials", ""],
  fanova: ["of the variance over the whole space", "of what tells the best quarter apart within"],
  ped_anova: ["the best tenth of the trials against all", "the best tenth of the better half against it"],
};

export function Importance({ view }: { view: StudyView }): JSX.Element | null {
  const { study, objective } = view;
  const metric = objective!.name;
  const { value: found, error } = useAnalysis(() => analysis.importance(study.id, metric), `${study.id} ${metric}`, study.version);
  const [measure, set_measure] = useState<Measure>("share");
  const [all, set_all] = useState(false);
  const has = (one: Measure): boolean => found?.parameters.some((row) => row[one]) ?? false;
  const shown = has(measure) ? measure : (Object.keys(kMeasures) as Measure[]).find(has);
  const rows = shown ? sorted(found!, shown) : [];
  const listed = all ? rows : rows.slice(0, kRows);
  const near = shown === "fanova" || shown === "ped_anova";
  const draw = useCallback(
    (surface: Surface, size: Size, palette: Palette): Hits | void => {
      if (!shown) return;
      return draw_bars(surface, size, listed.map((row) => line_of(row, shown, palette)), palette);
    },
    [found, shown, all],
  );
  // Its room is kept until it is known, so that what follows does not jump.
  if (!found) return error ? null : <div style={{ minHeight: `${bars_height(Math.min(kRows, searched_parameters(study).length), 1)}px` }} />;
  if (!shown) return null;
  const options = Object.fromEntries(Object.entries(kMeasures).filter(([one]) => has(one as Measure))) as Record<Measure, string>;
  return (
    <>
      <Chart
        title="What matters"
        summary={`Shares ${kMeasures[shown]}, ${kWords[shown][0]}: ${listed.slice(0, 3).map((row) => `${row.parameter} ${share_text(row[shown])}`).join(", ")}. By ${counted(found.trials, "trial")}.`}
        height={bars_height(listed.length, near ? 2 : 1)}
        draw={draw}
        controls={<span class="controls"><Choice label="Measure" value={shown} options={options} on={set_measure} /></span>}
        data={{
          head: ["parameter", "measure", "share", "low", "high", "p", "active"],
          rows: () => found.parameters.flatMap((row) => kColumns.flatMap((key) => (row[key] ? [[row.parameter, key, row[key]!.value, row[key]!.low, row[key]!.high, key === "share" ? row.p : undefined, row.active]] : []))),
        }}
      />
      <p class="legend">
        <span class="key series-0">{kWords[shown][0]}</span>
        {near && <span class="key series-1">near the best: {kWords[shown][1]}</span>}
        {shown === "share" && rows.some((row) => (row.p ?? 0) > kChance) && <span class="hint">pale: not told apart from chance</span>}
        <span class="hint">{ground(found, shown)}</span>
      </p>
      {rows.length > kRows && <p><button onClick={() => set_all(!all)}>{all ? `Only the first ${kRows}` : `Show all ${rows.length}`}</button></p>}
    </>
  );
}

const kColumns = ["share", "fanova", "fanova_where_active", "fanova_near", "ped_anova", "ped_anova_near"] as const;

function sorted(found: Found, measure: Measure): ImportanceRow[] {
  return [...found.parameters].sort((a, b) => (b[measure]?.value ?? -1) - (a[measure]?.value ?? -1));
}

function ground(found: Found, measure: Measure): string {
  if (measure === "ped_anova") return "Right where configurations were drawn at random, less so where the sampler has learnt.";
  const explained = measure === "share" ? found.explained : found.forest_explained;
  const what = measure === "share" || found.by_order ? "the order" : "the variance";
  return `They predict ${show_share(explained)} of ${what} of trials left out.`;
}

function line_of(row: ImportanceRow, measure: Measure, palette: Palette): BarLine {
  const by_chance = measure === "share" && (row.p ?? 0) > kChance;
  const near = measure === "fanova" ? row.fanova_near : measure === "ped_anova" ? row.ped_anova_near : undefined;
  const bars = [{ share: row[measure], colour: palette.series[0]!, by_chance }];
  if (measure !== "share") bars.push({ share: near, colour: palette.series[1]!, by_chance: false });
  const label = [`${row.parameter}: ${share_text(row[measure])}`];
  if (measure !== "share") label.push(`near the best: ${share_text(near)}`);
  if (by_chance) label.push("not told apart from chance");
  if (row.active < 1) label.push(`active in ${show_share(row.active)} of the space`);
  return { name: row.parameter, bars, label: label.join("\n") };
}
