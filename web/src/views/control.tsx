// What changes something: dialogs for a new or cloned trial, for the budget, for the end; and how an outcome is told.
import { useState } from "preact/hooks";
import type { JSX } from "preact";
import * as api from "../api/client";
import type { LiveStudy } from "../api/live";
import type { Budget, Config, Outcome, Parameter, Study, StudyChange, Trial, Value } from "../api/types";
import { show_duration, show_value } from "../model/format";
import { go } from "../model/route";
import { Dialog, say, say_error } from "./parts";

/** Sends a request, says what came of it, and has the page look for news. True: it was done. */
export async function run_action(live: LiveStudy, action: () => Promise<Outcome>): Promise<Outcome | undefined> {
  try {
    const outcome = await action();
    say(outcome.outcome, outcome.hint ?? "");
    live.nudge();
    return outcome;
  } catch (error) {
    say_error(error);
    return undefined;
  }
}

interface DialogProps {
  live: LiveStudy;
  study: Study;
  on_close: () => void;
}

/** A field's text as a value of the parameter, or what is wrong with it. */
export function parse_value(parameter: Parameter, text: string): { value: Value } | { wrong: string } {
  if (parameter.kind === "choice") {
    const value = (parameter.values ?? []).find((one) => JSON.stringify(one) === text);
    return value === undefined ? { wrong: "choose one" } : { value };
  }
  const number = Number(text);
  if (text.trim() === "" || Number.isNaN(number)) return { wrong: `'${text}' is no number` };
  if (parameter.kind === "integer" && !Number.isInteger(number)) return { wrong: "must be a whole number" };
  const [low, high] = [Number(parameter.low ?? -Infinity), Number(parameter.high ?? Infinity)];
  if (number < low || number > high) return { wrong: `must lie between ${show_value(low)} and ${show_value(high)}` };
  return { value: number };
}

function field_text(parameter: Parameter, value: Value | undefined): string {
  if (value === undefined) return "";
  return parameter.kind === "choice" ? JSON.stringify(value) : String(value);
}

/** Parameters whose values people set: what is fixed or computed follows by itself. */
function settable(study: Study): Parameter[] {
  return study.parameters.filter((one) => ["real", "integer", "choice"].includes(one.kind) && !one.feature);
}

/** A new trial: with `from`, one with that trial's configuration and some values changed. */
export function ConfigDialog({ live, study, on_close, from }: DialogProps & { from?: Trial }): JSX.Element {
  const parameters = settable(study);
  const begin = (parameter: Parameter): string => field_text(parameter, from ? from.config[parameter.name] : parameter.default);
  const [texts, set_texts] = useState<Record<string, string>>(() => Object.fromEntries(parameters.map((one) => [one.name, begin(one)])));
  const [wrong, set_wrong] = useState<Record<string, string>>({});
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const config: Config = {};
    const faults: Record<string, string> = {};
    for (const parameter of parameters) {
      const text = texts[parameter.name] ?? "";
      // Empty: the default, or inactive. Of a clone only what differs is sent.
      if (text === "" || (from && text === begin(parameter))) continue;
      const parsed = parse_value(parameter, text);
      if ("wrong" in parsed) faults[parameter.name] = parsed.wrong;
      else config[parameter.name] = parsed.value;
    }
    set_wrong(faults);
    const first = Object.keys(faults)[0];
    if (first !== undefined) {
      document.getElementById(`field-${parameters.findIndex((one) => one.name === first)}`)?.focus();
      return;
    }
    const outcome = await run_action(live, () =>
      from ? api.clone_trial(study.id, from.number, config) : api.enqueue(study.id, config),
    );
    if (!outcome) return;
    on_close();
    if (outcome.trial !== undefined) go({ trial: outcome.trial });
  };
  return (
    <Dialog title={from ? `Clone trial ${from.number}` : "Add a trial"} on_close={on_close}>
      <form onSubmit={(event) => void submit(event)} noValidate>
        <p class="hint">
          {from ? "Change what should differ." : "What is left empty takes its default."} The trial runs before those that the sampler proposes.
        </p>
        <div class="fields">
          {parameters.map((parameter, index) => (
            <Field
              key={parameter.name}
              id={`field-${index}`}
              parameter={parameter}
              text={texts[parameter.name] ?? ""}
              changed={texts[parameter.name] !== begin(parameter)}
              wrong={wrong[parameter.name]}
              on={(text) => set_texts({ ...texts, [parameter.name]: text })}
            />
          ))}
        </div>
        <footer>
          <button class="primary" type="submit">{from ? "Run the clone" : "Run it"}</button>
        </footer>
      </form>
    </Dialog>
  );
}

interface FieldProps {
  id: string;
  parameter: Parameter;
  text: string;
  changed: boolean;
  wrong: string | undefined;
  on: (text: string) => void;
}

function Field({ id, parameter, text, changed, wrong, on }: FieldProps): JSX.Element {
  const described = { "aria-invalid": wrong !== undefined, "aria-describedby": `${id}-note` };
  const range =
    parameter.low !== undefined && parameter.high !== undefined
      ? `${show_value(Number(parameter.low))} to ${show_value(Number(parameter.high))}`
      : "";
  return (
    <div class={changed ? "field changed" : "field"}>
      <label for={id}>{parameter.name}</label>
      {parameter.kind === "choice" ? (
        <select id={id} value={text} onChange={(event) => on(event.currentTarget.value)} {...described}>
          <option value="">{parameter.conditional ? "inactive, or the default" : "the default"}</option>
          {(parameter.values ?? []).map((value) => <option value={JSON.stringify(value)}>{show_value(value)}</option>)}
        </select>
      ) : (
        <input id={id} inputMode="decimal" autocomplete="off" value={text} onInput={(event) => on(event.currentTarget.value)} {...described} />
      )}
      <span id={`${id}-note`} class={wrong ? "wrong" : "hint"}>{wrong ?? range}</span>
    </div>
  );
}

const kBudgets: { key: Budget["key"]; member: keyof NonNullable<StudyChange["budget"]>; label: string; unit: string; seconds: boolean }[] = [
  { key: "trials", member: "trials", label: "Trials", unit: "trials", seconds: false },
  { key: "time", member: "time_s", label: "Time", unit: "hours", seconds: true },
  { key: "cpu", member: "cpu_s", label: "Processor time", unit: "hours", seconds: true },
  { key: "gpu", member: "gpu_s", label: "GPU time", unit: "hours", seconds: true },
  { key: "cost", member: "cost", label: "Cost", unit: "", seconds: false },
  { key: "fidelity", member: "fidelity", label: "Steps", unit: "", seconds: false },
];

/** The limits of a study, and how many runs there are at a time. An empty field is no limit. */
export function BudgetDialog({ live, study, on_close }: DialogProps): JSX.Element {
  const shown = kBudgets.filter((one) => study.budget.some((budget) => budget.key === one.key) || one.key === "trials" || one.key === "time");
  const begin = (row: (typeof kBudgets)[number]): string => {
    const limit = study.budget.find((budget) => budget.key === row.key)?.limit;
    return limit === undefined ? "" : String(row.seconds ? Number((limit / 3600).toPrecision(6)) : limit);
  };
  const [texts, set_texts] = useState<Record<string, string>>(() => ({
    ...Object.fromEntries(shown.map((row) => [row.key, begin(row)])),
    parallel: String(study.parallel ?? ""),
  }));
  const [wrong, set_wrong] = useState("");
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const budget: NonNullable<StudyChange["budget"]> = {};
    for (const row of shown) {
      const text = (texts[row.key] ?? "").trim();
      if (text === begin(row)) continue;
      const number = Number(text);
      if (text !== "" && !(number > 0)) return set_wrong(`${row.label}: '${text}' is no positive number`);
      budget[row.member] = text === "" ? null : row.seconds ? number * 3600 : number;
    }
    const parallel = Number(texts.parallel);
    if (texts.parallel !== "" && !(Number.isInteger(parallel) && parallel >= 1)) {
      return set_wrong("Runs at a time: a whole number from 1 on");
    }
    const change: StudyChange = {};
    if (Object.keys(budget).length > 0) change.budget = budget;
    if (texts.parallel !== "" && parallel !== study.parallel) change.parallel = parallel;
    if (Object.keys(change).length === 0) return on_close();
    if (await run_action(live, () => api.change_study(study.id, change))) on_close();
  };
  const field = (key: string, label: string, note: string): JSX.Element => (
    <div class="field">
      <label for={`budget-${key}`}>{label}</label>
      <input id={`budget-${key}`} inputMode="decimal" autocomplete="off" value={texts[key]} onInput={(event) => set_texts({ ...texts, [key]: event.currentTarget.value })} />
      <span class="hint">{note}</span>
    </div>
  );
  const used = (row: (typeof kBudgets)[number]): string => {
    const budget = study.budget.find((one) => one.key === row.key);
    if (!budget) return `${row.unit}; no limit`;
    return `${row.unit}; used: ${row.seconds ? show_duration(budget.used) : show_value(budget.used)}`;
  };
  return (
    <Dialog title="Budget" on_close={on_close}>
      <form onSubmit={(event) => void submit(event)} noValidate>
        <p class="hint">An empty field is no limit. Changes count from the next trial on.</p>
        <div class="fields">
          {shown.map((row) => field(row.key, row.label, used(row)))}
          {field("parallel", "Runs at a time", "of the process that leads")}
        </div>
        <p class="wrong" role="alert">{wrong}</p>
        <footer>
          <button class="primary" type="submit">Save</button>
        </footer>
      </form>
    </Dialog>
  );
}

/** Asks before a study is ended: running trials are stopped by it. */
export function FinishDialog({ live, study, on_close }: DialogProps): JSX.Element {
  const finish = async (): Promise<void> => {
    if (await run_action(live, () => api.act_on_study(study.id, "finish"))) on_close();
  };
  return (
    <Dialog title={`Finish ${study.title}?`} on_close={on_close}>
      <p>
        The study ends with what it has. {study.runs.running > 0 ? `${study.runs.running} running ${study.runs.running === 1 ? "trial is" : "trials are"} stopped.` : ""} It can be opened again.
      </p>
      <footer>
        <button class="primary" onClick={() => void finish()}>Finish</button>
      </footer>
    </Dialog>
  );
}
