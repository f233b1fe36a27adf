// Small parts that views share: state marks, choices, dialogs, messages.
import { useEffect, useRef, useState } from "preact/hooks";
import type { ComponentChildren, JSX } from "preact";
import { ApiError } from "../api/client";
import type { StudyState, TrialState, Value } from "../api/types";
import { exact_number, kNothing, show_value } from "../model/format";

// Shapes beside the colours: nobody has to tell states apart by colour alone.
const kMarks: Record<TrialState | StudyState, string> = {
  queued: "○",
  running: "▶",
  paused: "Ⅱ",
  complete: "●",
  stopped: "◐",
  failed: "✕",
  cancelled: "–",
  open: "▶",
  finished: "●",
};

export function StateMark({ state, short }: { state: TrialState | StudyState; short?: boolean }): JSX.Element {
  return (
    <span class={`state state-${state}`}>
      <span class="mark" aria-hidden="true">{kMarks[state]}</span>
      <span class={short ? "unseen" : undefined}>{state}</span>
    </span>
  );
}

/** A value, in few digits, with all of them in its title. */
export function Shown({ value, digits }: { value: Value | undefined; digits?: number }): JSX.Element {
  const text = show_value(value, digits);
  const exact = typeof value === "number" ? exact_number(value) : text;
  if (value === undefined) return <span class="nothing">{kNothing}</span>;
  return <span {...(exact !== text ? { title: exact } : {})}>{text}</span>;
}

interface ChoiceProps<T extends string> {
  label: string;
  value: T;
  options: Record<T, string>;
  on: (value: T) => void;
}

export function Choice<T extends string>(props: ChoiceProps<T>): JSX.Element {
  return (
    <select aria-label={props.label} value={props.value} onChange={(event) => props.on(event.currentTarget.value as T)}>
      {Object.entries<string>(props.options).map(([value, text]) => <option value={value}>{text}</option>)}
    </select>
  );
}

interface DialogProps {
  title: string;
  on_close: () => void;
  children: ComponentChildren;
}

/** Modal; Escape and the button close it, and the focus goes back to where it was. */
export function Dialog({ title, on_close, children }: DialogProps): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    dialog.current!.showModal();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog ref={dialog} aria-label={title} onClose={on_close} onCancel={(event) => event.stopPropagation()}>
      <header>
        <h2>{title}</h2>
        <button class="quiet" aria-label="Close" onClick={() => dialog.current!.close()}>×</button>
      </header>
      {children}
    </dialog>
  );
}

interface Message {
  id: number;
  text: string;
  hint: string;
  bad: boolean;
}

let messages: Message[] = [];
let next_id = 1;
let shown: ((messages: Message[]) => void) | undefined;
const kMessage_ms = 6000;
const kMessages = 4;

/** Says what was done or went wrong, for eyes and for screen readers. Errors stay until they are closed. */
export function say(text: string, hint = "", bad = false): void {
  const message = { id: next_id++, text, hint, bad };
  messages = [...messages.slice(1 - kMessages), message];
  shown?.(messages);
  if (!bad) window.setTimeout(() => forget(message.id), kMessage_ms);
}

function forget(id: number): void {
  messages = messages.filter((one) => one.id !== id);
  shown?.(messages);
}

/** Says why a request failed. */
export function say_error(error: unknown): void {
  if (error instanceof ApiError) say(error.message, error.hint, true);
  else say(String(error), "", true);
}

export function Messages(): JSX.Element {
  const [list, set_list] = useState<Message[]>(messages);
  useEffect(() => {
    shown = set_list;
    return () => (shown = undefined);
  }, []);
  return (
    <div class="messages" role="status" aria-live="polite">
      {list.map((one) => (
        <div key={one.id} class={one.bad ? "message bad" : "message"}>
          <div>
            {one.bad && <span class="mark" aria-hidden="true">✕ </span>}
            {one.text}
            {one.hint && <div class="hint">{one.hint}</div>}
          </div>
          <button class="quiet" aria-label="Close this message" onClick={() => forget(one.id)}>×</button>
        </div>
      ))}
    </div>
  );
}

/** A text that can be copied, e.g. a command. */
export function Copyable({ text }: { text: string }): JSX.Element {
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      say("Copied.");
    } catch {
      say("The browser does not let the page copy.", "Select the text instead.", true);
    }
  };
  return (
    <span class="copyable">
      <code>{text}</code>
      <button class="quiet" aria-label={`Copy ${text}`} onClick={() => void copy()}>Copy</button>
    </span>
  );
}

export function Failure({ error }: { error: ApiError }): JSX.Element {
  return (
    <div class="failure" role="alert">
      <strong>{error.message}</strong>
      {error.hint && <p>{error.hint}</p>}
    </div>
  );
}
