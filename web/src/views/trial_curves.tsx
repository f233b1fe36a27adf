// The curves of one trial: declared metrics first, then what else was logged, system metrics last; a small chart each.
import { useMemo, useState } from "preact/hooks";
import type { JSX } from "preact";
import * as api from "../api/client";
import { num, type Series, type Study, type Trial } from "../api/types";
import { Curves, type Curve } from "../charts/curves";
import { go, type Route } from "../model/route";
import { useLoaded } from "./hooks";

const kPoints = 1000;
const kCharts = 12; // at first; more on demand

interface Group {
  metric: string;
  declared: boolean;
  system: boolean;
  curves: Curve[];
}

export function TrialCurves({ study, trial, route, changed }: { study: Study; trial: Trial; route: Route; changed: number }): JSX.Element {
  const { value, error } = useLoaded(() => api.series(study.id, trial.number, kPoints), `${study.id}/${trial.number}`, changed);
  const [all, set_all] = useState(false);
  const groups = useMemo(() => grouped(study, trial, value ?? []), [value]);
  if (error && !value) return <section><h3>Curves</h3><p class="hint">{error.message}</p></section>;
  if (value && groups.length === 0) {
    return (
      <section>
        <h3>Curves</h3>
        <p class="empty">Nothing reported yet. hone reads metrics from what the program prints, e.g. <code>{`{"${study.fidelity.name || "epoch"}": 1, "${study.metrics[0]?.name ?? "loss"}": 0.5}`}</code>.</p>
      </section>
    );
  }
  const metrics = groups.filter((group) => !group.system);
  const system = groups.filter((group) => group.system);
  const shown = all ? metrics : metrics.slice(0, kCharts);
  return (
    <section>
      <div class="section-row">
        <h3>Curves</h3>
        <CurveOptions route={route} />
      </div>
      {shown.map((group) => (
        <Curves key={group.metric} small title={group.metric} curves={group.curves} x_label={group.declared ? study.fidelity.name || "step" : "step"} smooth={route.smooth} log={route.log} height={group.declared ? 190 : 140} />
      ))}
      {metrics.length > shown.length && <button onClick={() => set_all(true)}>Show {metrics.length - shown.length} more</button>}
      {system.length > 0 && <SystemCurves groups={system} route={route} />}
    </section>
  );
}

/** What the runs used of their machine, drawn once somebody asks. */
function SystemCurves({ groups, route }: { groups: Group[]; route: Route }): JSX.Element {
  const [open, set_open] = useState(false);
  return (
    <details class="run" open={open} onToggle={(event) => set_open(event.currentTarget.open)}>
      <summary>System: processors, memory, disks, network{groups.some((group) => /gpu/.test(group.metric)) ? ", GPUs" : ""}</summary>
      {open && groups.map((group) => <Curves key={group.metric} small title={system_title(group.metric)} curves={group.curves} x_label="seconds" smooth={route.smooth} log={false} height={120} />)}
    </details>
  );
}

const kSystemUnits: [RegExp, string][] = [[/memory$/, "bytes"], [/(read|write|_in|_out)$/, "bytes/s"], [/cpu$/, "processors"], [/utilization$/, "share of time"], [/power$/, "W"], [/temperature$/, "°C"]];

/** "system/gpu0_power" as "gpu0 power (W)". */
export function system_title(metric: string): string {
  const unit = kSystemUnits.find(([ending]) => ending.test(metric))?.[1];
  return `${metric.replace(/^system[./]/, "").replaceAll("_", " ")}${unit ? ` (${unit})` : ""}`;
}

/** Smoothing and scale, for all curves of the page: they are in the address. */
export function CurveOptions({ route }: { route: Route }): JSX.Element {
  return (
    <span class="controls">
      <label class="check">
        smoothing
        <input type="range" min={0} max={0.99} step={0.01} value={route.smooth} aria-valuetext={route.smooth === 0 ? "none" : String(route.smooth)} onInput={(event) => go({ smooth: Number(event.currentTarget.value) }, true)} />
      </label>
      <label class="check">
        <input type="checkbox" checked={route.log} onChange={() => go({ log: !route.log })} /> log scale
      </label>
    </span>
  );
}

function grouped(study: Study, trial: Trial, series: Series[]): Group[] {
  const system = new Set(study.metrics.filter((metric) => metric.role === "system").map((metric) => metric.name));
  const groups = new Map<string, Group>();
  for (const one of series) {
    let group = groups.get(one.metric);
    if (!group) {
      group = { metric: one.metric, declared: one.declared, system: system.has(one.metric) || /^system[./]/.test(one.metric), curves: [] };
      groups.set(one.metric, group);
    }
    group.curves.push({
      name: run_name(one, trial),
      step: Float64Array.from(one.step, num),
      value: Float64Array.from(one.value, num),
      colour: group.curves.length,
      ...(one.late_from === undefined ? {} : { late_from: one.late_from }),
    });
  }
  const rank = (group: Group): number => (group.declared ? 0 : group.system ? 2 : 1);
  return [...groups.values()].sort((a, b) => rank(a) - rank(b));
}

function run_name(one: Series, trial: Trial): string {
  if (trial.runs.length <= 1) return one.metric;
  const purpose = one.purpose === "search" ? "" : `${one.purpose}, `;
  return `${purpose}run ${one.run}${one.replicate > 0 ? `, replicate ${one.replicate}` : ""}`;
}
