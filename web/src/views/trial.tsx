// One trial, beside the study: what it is, how it went, why it was proposed and why it ended, its curves, logs and files.
import { useEffect, useRef, useState } from "preact/hooks";
import type { JSX } from "preact";
import * as api from "../api/client";
import type { LiveStudy } from "../api/live";
import { num, type Config, type Run, type Study, type Trial, type Value } from "../api/types";
import { show_bytes, show_duration, show_instant, show_number, show_value } from "../model/format";
import { go, link, parse_route, type Route } from "../model/route";
import { default_trial } from "../model/study_view";
import { ConfigDialog, run_action } from "./control";
import { useAccess, useLoaded } from "./hooks";
import { Log } from "./log";
import { Copyable, Failure, say_error, Shown, StateMark } from "./parts";
import { Pictures, WhereItRan } from "./trial_record";
import { TrialCurves } from "./trial_curves";

const kActive = new Set(["queued", "running", "paused"]);

export function TrialPanel({ live, study, route }: { live: LiveStudy; study: Study; route: Route }): JSX.Element {
  const number = route.trial!;
  const key = live.changed.get(number) ?? 0;
  const { value: trial, error } = useLoaded(() => api.trial(study.id, number), `${study.id}/${number}`, key);
  const panel = useRef<HTMLElement>(null);
  useEffect(() => {
    panel.current!.scrollTop = 0;
  }, [number]);
  return (
    <aside class="beside" ref={panel} aria-label={`Trial ${number}`} tabIndex={-1}>
      <header>
        <h2>Trial {number}</h2>
        {trial && <StateMark state={trial.state} />}
        <span class="controls">
          <Neighbours live={live} number={number} />
          <button class="quiet" aria-label="Close the trial" title="Close (Esc)" onClick={() => go({ trial: undefined })}>×</button>
        </span>
      </header>
      {error && <Failure error={error} />}
      {trial && <Body key={number} live={live} study={study} trial={trial} route={route} changed={key} />}
    </aside>
  );
}

function Neighbours({ live, number }: { live: LiveStudy; number: number }): JSX.Element {
  const there = (other: number): boolean => live.table.row(other) >= 0;
  return (
    <>
      <button class="quiet" disabled={!there(number - 1)} aria-label="The trial before" onClick={() => go({ trial: number - 1 })}>‹</button>
      <button class="quiet" disabled={!there(number + 1)} aria-label="The next trial" onClick={() => go({ trial: number + 1 })}>›</button>
    </>
  );
}

interface BodyProps {
  live: LiveStudy;
  study: Study;
  trial: Trial;
  route: Route;
  changed: number;
}

function Body({ live, study, trial, route, changed }: BodyProps): JSX.Element {
  return (
    <>
      <TrialControls live={live} study={study} trial={trial} />
      <Results study={study} trial={trial} />
      <Parameters live={live} study={study} trial={trial} />
      <TrialCurves study={study} trial={trial} route={route} changed={changed} />
      <Why trial={trial} />
      <Course study={study} trial={trial} />
      <LabelsForm live={live} study={study} trial={trial} />
      <Log key={trial.number} study={study} trial={trial} changed={changed} />
      <Artifacts study={study} trial={trial} changed={changed} />
      <Runs study={study} trial={trial} />
      <WhereItRan trial={trial} />
    </>
  );
}

function TrialControls({ live, study, trial }: { live: LiveStudy; study: Study; trial: Trial }): JSX.Element | null {
  const { may_change } = useAccess();
  const [cloning, set_cloning] = useState(false);
  const starred = live.table.labels.get(trial.number)?.star ?? trial.labels.star;
  if (!may_change) return null;
  const act = (what: api.TrialAct): void => void run_action(live, () => api.act_on_trial(study.id, trial.number, what));
  const star = async (): Promise<void> => {
    try {
      live.set_labels(trial.number, await api.label_trial(study.id, trial.number, { star: !starred }));
    } catch (error) {
      say_error(error);
    }
  };
  return (
    <p class="controls">
      <button aria-pressed={starred} onClick={() => void star()}>{starred ? "★ Starred" : "☆ Star"}</button>
      {kActive.has(trial.state) && <button onClick={() => act("stop")}>Stop</button>}
      {["failed", "stopped", "cancelled", "paused"].includes(trial.state) && <button onClick={() => act("retry")}>Run again</button>}
      <button onClick={() => set_cloning(true)}>Clone …</button>
      <button onClick={() => go({ compare: [...new Set([...parse_route(location.hash).compare, trial.number])] })}>Compare</button>
      {cloning && <ConfigDialog live={live} study={study} from={trial} on_close={() => set_cloning(false)} />}
    </p>
  );
}

function Results({ study, trial }: { study: Study; trial: Trial }): JSX.Element {
  const objective = new Set(study.metrics.filter((metric) => metric.role === "objective").map((metric) => metric.name));
  return (
    <dl class="figures">
      {trial.results.map((result) => (
        <div class="figure" key={result.metric}>
          <dt>{result.metric}</dt>
          <dd>
            <span class={objective.has(result.metric) ? "big" : "big small"}>
              {show_number(num(result.value), 6)}
              {result.sd !== undefined && result.count > 1 ? <small> ± {show_number(num(result.sd), 2)}</small> : null}
            </span>
            <span class="note">
              {result.at !== undefined ? `at ${study.fidelity.name || "step"} ${show_number(num(result.at))}` : ""}
              {result.count > 1 ? ` (mean of ${result.count})` : ""}
            </span>
          </dd>
        </div>
      ))}
      <div class="figure">
        <dt>time</dt>
        <dd>
          <span class="big small">{show_duration(trial.busy_s)}</span>
          {trial.target !== undefined && (
            <span class="note">{study.fidelity.name || "step"} {show_number(num(trial.reached) ?? 0)} of {show_number(num(trial.target))}</span>
          )}
        </dd>
      </div>
    </dl>
  );
}

function Parameters({ live, study, trial }: { live: LiveStudy; study: Study; trial: Trial }): JSX.Element {
  const standard = default_trial(live.table);
  const best = study.headline.best;
  const default_of = (name: string): Value | undefined => {
    if (standard !== undefined) return live.table.value(`param ${name}`, live.table.row(standard));
    return study.parameters.find((one) => one.name === name)?.default;
  };
  const names = study.parameters.map((one) => one.name);
  return (
    <section>
      <h3>Parameters</h3>
      <table class="plain">
        <thead>
          <tr>
            <th scope="col">parameter</th>
            <th scope="col">value</th>
            <th scope="col">default</th>
            {best && best.trial !== trial.number && <th scope="col">best (trial {best.trial})</th>}
          </tr>
        </thead>
        <tbody>
          {names.map((name) => {
            const value = trial.config[name];
            const same = JSON.stringify(value) === JSON.stringify(default_of(name));
            return (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td class={same ? "value" : "value differs"}><Shown value={value} digits={5} /></td>
                <td class="value dim"><Shown value={default_of(name)} /></td>
                {best && best.trial !== trial.number && <td class="value dim"><Shown value={best.config[name]} /></td>}
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

function Why({ trial }: { trial: Trial }): JSX.Element | null {
  const { proposed, reason, detail, failure, warnings, command } = trial;
  if (!proposed && !reason && !detail && warnings.length === 0 && !command) return null;
  return (
    <section>
      <h3>Why</h3>
      <dl class="pairs">
        {proposed && <><dt>proposed</dt><dd>{proposed} <span class="hint">({trial.origin})</span></dd></>}
        {reason && <><dt>{trial.state}</dt><dd>{reason}</dd></>}
        {failure && <><dt>failed by</dt><dd>{failure.replaceAll("_", " ")}</dd></>}
        {warnings.map((warning) => <><dt>{warning.detector}</dt><dd>{warning.reason}</dd></>)}
        {command && <><dt>again by</dt><dd><Copyable text={command} /></dd></>}
      </dl>
      {detail && <pre class="detail" tabIndex={0}>{detail}</pre>}
    </section>
  );
}

function Course({ study, trial }: { study: Study; trial: Trial }): JSX.Element {
  const told = trial.events.filter((event) => event.kind !== "run_claimed");
  return (
    <section>
      <h3>Course</h3>
      {(trial.lineage.length > 1 || trial.children.length > 0 || trial.parent !== undefined) && <Lineage trial={trial} />}
      <ol class="course">
        {told.map((event) => (
          <li key={event.version}>
            <time dateTime={new Date(event.at_s * 1000).toISOString()}>{show_instant(event.at_s, study.now_s)}</time>
            <span>
              {event_text(event)}
              {event.reason ? <span class="hint"> {event.reason}</span> : null}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

function event_text(event: Trial["events"][number]): string {
  const run = event.run === undefined ? "" : ` ${event.run}`;
  switch (event.kind) {
    case "trial_added":
      return "added";
    case "run_queued":
      return `run${run} waits${event.purpose && event.purpose !== "search" ? ` (${event.purpose})` : ""}`;
    case "judged":
      return `${event.rule ?? "verdict"}: ${(event.verdict ?? "").replace("_", " ")}`;
    case "run_ended":
      return `run${run} ${event.outcome ?? "ended"}${event.failure ? `: ${event.failure.replaceAll("_", " ")}` : ""}`;
    case "trial_moved":
      return event.state ?? "moved";
    case "request_handled":
      return event.outcome ?? "asked for";
    case "noted":
      return event.detector ?? event.note ?? "noted";
    default:
      return event.kind.replaceAll("_", " ");
  }
}

function Lineage({ trial }: { trial: Trial }): JSX.Element {
  const changed = (step: number): string => {
    const [now, before] = [trial.lineage[step]!.config, trial.lineage[step - 1]?.config];
    if (!before) return "";
    return differences(before, now).join(", ");
  };
  return (
    <dl class="pairs">
      {trial.parent !== undefined && <><dt>came from</dt><dd><a href={link({ trial: trial.parent })}>trial {trial.parent}</a></dd></>}
      {trial.lineage.length > 1 && (
        <>
          <dt>lineage</dt>
          <dd>
            <ol class="lineage">
              {trial.lineage.map((step, i) => (
                <li key={i}>
                  <a href={link({ trial: step.trial })}>trial {step.trial}</a> from {show_number(num(step.from))} <span class="hint">{changed(i)}</span>
                </li>
              ))}
            </ol>
          </dd>
        </>
      )}
      {trial.children.length > 0 && (
        <>
          <dt>followed by</dt>
          <dd>{trial.children.map((child) => <a class="spaced" href={link({ trial: child })}>trial {child}</a>)}</dd>
        </>
      )}
    </dl>
  );
}

function differences(before: Config, now: Config): string[] {
  return Object.keys({ ...before, ...now })
    .filter((name) => JSON.stringify(before[name]) !== JSON.stringify(now[name]))
    .map((name) => `${name} ${show_value(before[name], 3)} → ${show_value(now[name], 3)}`);
}

function LabelsForm({ live, study, trial }: { live: LiveStudy; study: Study; trial: Trial }): JSX.Element {
  const { may_change } = useAccess();
  const labels = live.table.labels.get(trial.number) ?? trial.labels;
  const [note, set_note] = useState(labels.note ?? "");
  const [tags, set_tags] = useState(labels.tags.join(", "));
  const dirty = note !== (labels.note ?? "") || tags !== labels.tags.join(", ");
  if (!may_change) {
    return (
      <section>
        <h3>Note</h3>
        <p>{labels.tags.map((tag) => <span class="tag">{tag}</span>)}</p>
        <p class="note-text">{labels.note || "None."}</p>
      </section>
    );
  }
  const save = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const list = [...new Set(tags.split(",").map((tag) => tag.trim()).filter((tag) => tag !== ""))];
    try {
      const saved = await api.label_trial(study.id, trial.number, { note, tags: list });
      live.set_labels(trial.number, saved);
      set_tags(saved.tags.join(", "));
    } catch (error) {
      say_error(error);
    }
  };
  return (
    <section>
      <h3>Note</h3>
      <form class="labels" onSubmit={(event) => void save(event)}>
        <label>
          tags, by commas
          <input value={tags} onInput={(event) => set_tags(event.currentTarget.value)} />
        </label>
        <label>
          note
          <textarea rows={Math.min(8, Math.max(2, note.split("\n").length))} maxLength={65536} value={note} onInput={(event) => set_note(event.currentTarget.value)} />
        </label>
        <button type="submit" disabled={!dirty}>Save</button>
      </form>
    </section>
  );
}

function Artifacts({ study, trial, changed }: { study: Study; trial: Trial; changed: number }): JSX.Element | null {
  const { value } = useLoaded(() => api.artifacts(study.id, trial.number), `${study.id}/${trial.number}`, changed);
  if (!value || value.artifacts.length === 0) return null;
  return (
    <section>
      <h3>Files</h3>
      <div class="scroll" tabIndex={0} role="region" aria-label="Files of the trial">
        <table class="plain">
          <thead>
            <tr><th scope="col">file</th><th scope="col">size</th><th scope="col">changed</th></tr>
          </thead>
          <tbody>
            {value.artifacts.map((file) => (
              <tr key={file.path}>
                <td><a href={api.artifact_address(study.id, trial.number, file)} download>{file.path}</a></td>
                <td class="number">{show_bytes(file.bytes)}</td>
                <td>{show_instant(file.modified_s, study.now_s)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {value.cut && <p class="hint">There are more than are listed.</p>}
      <Pictures study={study} trial={trial} files={value.artifacts} />
    </section>
  );
}

function Runs({ study, trial }: { study: Study; trial: Trial }): JSX.Element | null {
  if (trial.runs.length === 0) return null;
  return (
    <section>
      <h3>{trial.runs.length === 1 ? "Run" : `Runs (${trial.runs.length})`}</h3>
      {trial.runs.map((run) => <RunDetails key={run.run} study={study} run={run} />)}
    </section>
  );
}

function RunDetails({ study, run }: { study: Study; run: Run }): JSX.Element {
  const rows: [string, string | undefined][] = [
    ["purpose", run.purpose === "search" ? undefined : run.purpose],
    ["replicate", String(run.replicate)],
    ["seed", String(run.seed)],
    ["began", run.started_s === undefined ? undefined : show_instant(run.started_s, study.now_s)],
    ["time", run.busy_s === undefined ? undefined : show_duration(run.busy_s)],
    ["memory at most", run.peak_bytes ? show_bytes(run.peak_bytes) : undefined],
    ["GPU memory at most", run.peak_gpu_bytes ? show_bytes(run.peak_gpu_bytes) : undefined],
    ["went on from", run.resume_from],
    ["exit code", run.exit_code === undefined ? undefined : String(run.exit_code)],
    ["signal", run.signal ? String(run.signal) : undefined],
    ["process", run.pid === undefined ? undefined : String(run.pid)],
    ["folder", run.folder],
    ["command", run.argv?.join(" ")],
  ];
  return (
    <details class="run">
      <summary>
        run {run.run}: {run.outcome ?? run.state}
        {run.failure ? ` (${run.failure.replaceAll("_", " ")})` : ""}
      </summary>
      <dl class="pairs">
        {rows.filter(([, text]) => text !== undefined && text !== "").map(([name, text]) => <><dt>{name}</dt><dd>{text}</dd></>)}
      </dl>
      {run.detail && <pre class="detail" tabIndex={0}>{run.detail}</pre>}
    </details>
  );
}
