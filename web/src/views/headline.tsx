// The head of a study: its name and state, what is best, what was gained, what runs, what is left, and the controls.
import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import * as api from "../api/client";
import type { LiveStudy } from "../api/live";
import { num, type Metric, type Study, type StudyReading, type TrialState } from "../api/types";
import { counted, kNothing, show_ago, show_duration, show_number, show_share } from "../model/format";
import { go, link } from "../model/route";
import { filter_value } from "../model/filter_parser";
import { kStates } from "../charts/palette";
import { BudgetDialog, ConfigDialog, FinishDialog, run_action } from "./control";
import { useAccess } from "./hooks";
import { StateMark } from "./parts";

export function Headline({ live, study }: { live: LiveStudy; study: Study }): JSX.Element {
  return (
    <header class="headline">
      <div class="title-row">
        <h1>{study.title}</h1>
        <StateMark state={study.state} />
        <Connection live={live} study={study} />
        <Controls live={live} study={study} />
      </div>
      <p class="what">
        {goals(study.metrics.filter((metric) => metric.role === "objective"))} · {study.sampler}
        {study.scheduler !== "" && study.scheduler !== "none" ? ` · ${study.scheduler}` : ""}
        {study.description ? ` · ${study.description}` : ""}
        {study.reason ? ` · ${study.reason}` : ""}
      </p>
      <Figures study={study} />
      <States study={study} />
    </header>
  );
}

function goals(objectives: Metric[]): string {
  return objectives.map((metric) => `${metric.goal} ${metric.name}`).join(", ") || "no objective";
}

function Connection({ live, study }: { live: LiveStudy; study: Study }): JSX.Element {
  const text =
    live.connection === "gone"
      ? "this study was deleted"
      : live.connection === "waiting"
        ? `no connection; as of ${show_ago(Math.max(0, Date.now() / 1000 - study.now_s))}`
        : live.connection === "connecting"
          ? "connecting"
          : study.led
            ? "live"
            : study.state === "open"
              ? "nobody works on it"
              : "";
  return <span class={`connection ${text === "live" ? "live" : live.connection === "live" ? "" : live.connection}`} role="status">{text}</span>;
}

function Figure({ name, children, note }: { name: string; children: ComponentChildren; note?: ComponentChildren }): JSX.Element {
  return (
    <div class="figure">
      <dt>{name}</dt>
      <dd>
        <span class="big">{children}</span>
        {note && <span class="note">{note}</span>}
      </dd>
    </div>
  );
}

function Figures({ study }: { study: Study }): JSX.Element {
  const { best, gain, left_s, steps_saved, front } = study.headline;
  const objective = study.metrics.find((metric) => metric.role === "objective");
  const sd = num(best?.sd);
  return (
    <dl class="figures">
      <Figure
        name={front && front.length > 1 ? `best ${objective?.name ?? ""} of a front of ${front.length}` : `best ${objective?.name ?? ""}`}
        note={
          best ? (
            <>
              <a href={link({ trial: best.trial })}>trial {best.trial}</a>
              {best.confirmed ? `, confirmed` : ""}
              {best.count > 1 ? `, mean of ${best.count}` : ""}
              {best.complete ? "" : ", not yet in full"}
            </>
          ) : (
            "no trial has a value yet"
          )
        }
      >
        {best ? show_number(num(best.value), 5) : kNothing}
        {sd !== undefined && best!.count > 1 ? <small> ± {show_number(sd, 2)}</small> : null}
      </Figure>
      <Figure name="against the defaults" note={gain?.text ?? (gain ? "" : "the default configuration has no value yet")}>
        {gain ? show_gain(gain.share === undefined ? undefined : num(gain.share), num(gain.difference), gain.better) : kNothing}
      </Figure>
      <Figure name="running" note={study.runs.waiting > 0 ? `${study.runs.waiting} waiting` : study.parallel ? `${study.parallel} at a time` : undefined}>
        {show_number(study.runs.running)}
      </Figure>
      <Figure name="time left" note={`${show_duration(study.active_s)} so far`}>
        {study.state === "finished" ? "done" : left_s !== undefined ? `≈ ${show_duration(left_s)}` : kNothing}
      </Figure>
      {steps_saved !== undefined && steps_saved > 0 && (
        <Figure name="saved" note="of the steps, by early stopping">{show_share(steps_saved)}</Figure>
      )}
      {study.budget.map((budget) => (
        <div class="figure" key={budget.key}>
          <dt>{budget.what || budget.key}</dt>
          <dd>
            <span class="big small">{budget.text || `${show_number(budget.used)} of ${show_number(budget.limit)}`}</span>
            <progress value={Math.min(budget.used, budget.limit)} max={budget.limit || 1} aria-label={`${budget.what || budget.key}: ${budget.text}`} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function show_gain(share: number | undefined, difference: number, better: boolean): string {
  const size = share !== undefined && Number.isFinite(share) ? show_share(Math.abs(share)) : show_number(Math.abs(difference), 3);
  if (difference === 0) return "no gain";
  return `${size} ${better ? "better" : "worse"}`;
}

/** How many trials are in which state: a bar, and the numbers, which filter the table. */
/** The head of a study whose record the server still reads: what its store says at once. */
export function ShortHeadline({ study }: { study: StudyReading }): JSX.Element {
  const { version, of } = study.reading;
  return (
    <header class="headline">
      <div class="title-row">
        <h1>{study.title}</h1>
        <StateMark state={study.state} />
      </div>
      <p class="what">{goals(study.objectives)}</p>
      {study.best && (
        <dl class="figures">
          <Figure name={`best ${study.objectives[0]?.name ?? ""}`} note={<a href={link({ trial: study.best.trial })}>trial {study.best.trial}</a>}>
            {show_number(num(study.best.value), 5)}
          </Figure>
        </dl>
      )}
      <States study={study} />
      <p class="empty" role="status">Reading the record: {show_share(of > 0 ? version / of : 0, 0)} of {counted(of, "change")} …</p>
      <progress value={version} max={of || 1} aria-label="How much of the record is read" />
    </header>
  );
}

function States({ study }: { study: Study | StudyReading }): JSX.Element | null {
  const total = study.counts.total;
  if (total === 0) {
    return (
      <p class="empty">
        No trial yet. {study.led ? "The first one is about to start." : <>Nobody works on this study: <code>hone run {study.name}</code> or <code>hone worker</code> does.</>}
      </p>
    );
  }
  const present = kStates.filter((state) => study.counts[state] > 0);
  const pick = (state: TrialState): void => go({ filter: `state = ${filter_value(state)}` });
  return (
    <div class="states">
      <div class="state-bar" role="img" aria-label={present.map((state) => `${study.counts[state]} ${state}`).join(", ")}>
        {present.map((state) => <span class={`fill-${state}`} style={{ flexGrow: String(study.counts[state]) }} />)}
      </div>
      <div class="state-counts">
        <span>{counted(total, "trial")}</span>
        {present.map((state) => (
          <button class="quiet" title={`Show only ${state} trials`} onClick={() => pick(state)}>
            <span class="count">{show_number(study.counts[state])}</span> <StateMark state={state} />
          </button>
        ))}
      </div>
    </div>
  );
}

type OpenDialog = "enqueue" | "budget" | "finish" | undefined;

function Controls({ live, study }: { live: LiveStudy; study: Study }): JSX.Element | null {
  const { may_change } = useAccess();
  const [dialog, set_dialog] = useState<OpenDialog>(undefined);
  if (!may_change) return <span class="controls read-only">read only</span>;
  const act = (what: "pause" | "resume"): void => void run_action(live, () => api.act_on_study(study.id, what));
  const close = (): void => set_dialog(undefined);
  return (
    <span class="controls">
      {study.state === "open" ? (
        <button onClick={() => act("pause")}>Pause</button>
      ) : (
        <button onClick={() => act("resume")}>{study.state === "paused" ? "Resume" : "Open again"}</button>
      )}
      <button onClick={() => set_dialog("enqueue")}>Add a trial</button>
      <button onClick={() => set_dialog("budget")}>Budget</button>
      {study.state !== "finished" && <button onClick={() => set_dialog("finish")}>Finish</button>}
      {dialog === "enqueue" && <ConfigDialog live={live} study={study} on_close={close} />}
      {dialog === "budget" && <BudgetDialog live={live} study={study} on_close={close} />}
      {dialog === "finish" && <FinishDialog live={live} study={study} on_close={close} />}
    </span>
  );
}

