// Trials beside each other: their curves over one another, and the parameters in which they differ.
import { useMemo, useState } from "preact/hooks";
import type { JSX } from "preact";
import * as api from "../api/client";
import type { LiveStudy } from "../api/live";
import { num, type Study, type Value } from "../api/types";
import { Curves, type Curve } from "../charts/curves";
import { csv_rows } from "../model/format";
import { go, link, type Route } from "../model/route";
import { useLoaded } from "./hooks";
import { Choice, Shown, StateMark } from "./parts";
import { save_file } from "./save";
import { CurveOptions } from "./trial_curves";

const kPoints = 400;
const kTrials = 50;

export function ComparePanel({ live, study, route }: { live: LiveStudy; study: Study; route: Route }): JSX.Element {
  const trials = route.compare.slice(0, kTrials);
  const metrics = study.metrics.filter((metric) => metric.role !== "system").map((metric) => metric.name);
  const [metric, set_metric] = useState(metrics[0] ?? "");
  const newest = Math.max(0, ...trials.map((number) => live.changed.get(number) ?? 0));
  const { value, error } = useLoaded(() => api.curves(study.id, metric, trials, kPoints), `${study.id}/${metric}/${trials.join()}`, newest);
  const curves = useMemo(
    (): Curve[] =>
      (value?.curves ?? []).map((curve) => ({
        name: `trial ${curve.trial}`,
        step: Float64Array.from(curve.fidelity, num),
        value: Float64Array.from(curve.value, num),
        colour: trials.indexOf(curve.trial),
      })),
    [value],
  );
  const without = trials.filter((number) => value && !value.curves.some((curve) => curve.trial === number));
  return (
    <aside class="beside" aria-label="Comparison of trials" tabIndex={-1}>
      <header>
        <h2>{trials.length} trials</h2>
        <span class="controls">
          <button class="quiet" aria-label="Close the comparison" title="Close (Esc)" onClick={() => go({ compare: [] })}>×</button>
        </span>
      </header>
      <p class="legend">
        {trials.map((number, i) => (
          <span class={`key series-${i % 8}`}>
            <a href={link({ trial: number, compare: [] })}>{number}</a>
            <button class="quiet" aria-label={`Leave out trial ${number}`} onClick={() => go({ compare: route.compare.filter((one) => one !== number) })}>×</button>
          </span>
        ))}
      </p>
      {route.compare.length > kTrials && <p class="hint">The first {kTrials} of {route.compare.length} are compared.</p>}
      {error && <p class="hint">{error.message}</p>}
      <CurveOptions route={route} />
      <Curves
        title={metric}
        curves={curves}
        x_label={value?.fidelity || study.fidelity.name || "step"}
        smooth={route.smooth}
        log={route.log}
        height={260}
        controls={
          metrics.length > 1 && <Choice label="Metric" value={metric} options={Object.fromEntries(metrics.map((name) => [name, name]))} on={set_metric} />
        }
      />
      {without.length > 0 && <p class="hint">Without a curve: {without.join(", ")}.</p>}
      <Differences live={live} study={study} trials={trials} />
    </aside>
  );
}

function Differences({ live, study, trials }: { live: LiveStudy; study: Study; trials: number[] }): JSX.Element {
  const { table } = live;
  const keys = [...study.metrics.map((metric) => `metric ${metric.name}`), ...study.parameters.map((parameter) => `param ${parameter.name}`)];
  const [only, set_only] = useState(true);
  const values = (key: string): (Value | undefined)[] => trials.map((number) => table.value(key, table.row(number)));
  const differs = (key: string): boolean => new Set(values(key).map((value) => JSON.stringify(value))).size > 1;
  const shown = keys.filter((key) => table.column(key) && (!only || differs(key)));
  const name = (key: string): string => key.slice(key.indexOf(" ") + 1);
  const save = (): void =>
    save_file(`${study.name}-compared.csv`, "text/csv", csv_rows([["", ...trials.map((number) => `trial ${number}`)], ...shown.map((key) => [name(key), ...values(key)])]));
  return (
    <section>
      <div class="section-row">
        <h3>Differences</h3>
        <span class="controls">
          <label class="check"><input type="checkbox" checked={only} onChange={() => set_only(!only)} /> only differences</label>
          <button onClick={save}>CSV</button>
        </span>
      </div>
      <div class="scroll" tabIndex={0} role="region" aria-label="Values of the compared trials">
        <table class="plain compared">
          <thead>
            <tr>
              <th scope="col"><span class="unseen">name</span></th>
              {trials.map((number) => (
                <th scope="col" key={number}>
                  <a href={link({ trial: number, compare: [] })}>{number}</a>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            <tr>
              <th scope="row">state</th>
              {trials.map((number) => <td key={number}>{table.row(number) >= 0 && <StateMark state={table.state(table.row(number))} />}</td>)}
            </tr>
            {shown.map((key) => (
              <tr key={key}>
                <th scope="row">{name(key)}</th>
                {values(key).map((value, i) => <td key={i} class={differs(key) ? "number" : "number dim"}><Shown value={value} digits={5} /></td>)}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {shown.length === 0 && <p class="hint">They do not differ.</p>}
    </section>
  );
}
