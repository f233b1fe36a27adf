// What a trial's program has written: the end first, earlier pieces on demand, and new lines as they come.
import { useEffect, useRef, useState } from "preact/hooks";
import type { JSX } from "preact";
import * as api from "../api/client";
import { ApiError } from "../api/client";
import type { LogFile, Study, Trial } from "../api/types";
import { show_bytes } from "../model/format";
import { useLoaded } from "./hooks";
import { say_error } from "./parts";

const kTail = 64 * 1024;
const kPiece = 256 * 1024;
const kKept = 2 * 1024 * 1024; // characters in the page; older ones are let go while following
const kNearEnd_px = 40;

export function Log({ study, trial, changed }: { study: Study; trial: Trial; changed: number }): JSX.Element | null {
  const { value: files } = useLoaded(() => api.logs(study.id, trial.number), `${study.id}/${trial.number}`, changed);
  const [chosen, choose] = useState<string | undefined>(undefined);
  const there = (files ?? []).filter((file) => file.bytes > 0 || !file.ended);
  if (there.length === 0) return null;
  const key = (file: LogFile): string => `${file.run} ${file.name}`;
  const usual = [...there].reverse().find((file) => file.name === "stdout") ?? there.at(-1)!;
  const file = there.find((one) => key(one) === chosen) ?? usual;
  return (
    <section>
      <div class="section-row">
        <h3>Log</h3>
        <span class="controls">
          <select aria-label="Which log" value={key(file)} onChange={(event) => choose(event.currentTarget.value)}>
            {there.map((one) => <option value={key(one)}>{`run ${one.run} ${one.name}, ${show_bytes(one.bytes)}`}</option>)}
          </select>
        </span>
      </div>
      <LogText key={key(file)} study={study} trial={trial} file={file} />
    </section>
  );
}

interface Piece {
  begin: number;
  text: string;
}

function LogText({ study, trial, file }: { study: Study; trial: Trial; file: LogFile }): JSX.Element {
  const [piece, set_piece] = useState<Piece | undefined>(undefined);
  const [live, set_live] = useState(false);
  const [wrap, set_wrap] = useState(true);
  const box = useRef<HTMLPreElement>(null);
  const at_end = useRef(true);

  useEffect(() => {
    let events: EventSource | undefined;
    let current = true;
    api.log(study.id, trial.number, file, { tail: kTail }).then(
      (tail) => {
        if (!current) return;
        set_piece({ begin: tail.begin, text: tail.text });
        if (tail.ended) return;
        events = new EventSource(api.follow_address(study.id, trial.number, file, tail.end));
        set_live(true);
        events.addEventListener("log", (event) => {
          const { text } = JSON.parse((event as MessageEvent<string>).data) as { text: string };
          set_piece((old) => appended(old, text));
        });
        events.addEventListener("ended", () => {
          events!.close();
          set_live(false);
        });
      },
      (error: unknown) => current && error instanceof ApiError && set_piece({ begin: 0, text: error.message }),
    );
    return () => {
      current = false;
      events?.close();
    };
  }, [file.run, file.name]);

  useEffect(() => {
    if (at_end.current && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [piece]);

  const earlier = async (): Promise<void> => {
    if (!piece) return;
    const from = Math.max(0, piece.begin - kPiece);
    try {
      const more = await api.log(study.id, trial.number, file, { from, bytes: piece.begin - from });
      at_end.current = false;
      set_piece((old) => old && { begin: more.begin, text: more.text + old.text });
    } catch (error) {
      say_error(error);
    }
  };
  const on_scroll = (): void => {
    const { scrollTop, clientHeight, scrollHeight } = box.current!;
    at_end.current = scrollHeight - scrollTop - clientHeight < kNearEnd_px;
  };
  return (
    <>
      <p class="controls">
        {piece && piece.begin > 0 && <button class="quiet" onClick={() => void earlier()}>Earlier ({show_bytes(piece.begin)})</button>}
        <label class="check">
          <input type="checkbox" checked={wrap} onChange={() => set_wrap(!wrap)} /> wrap lines
        </label>
        {live && <span class="connection live">following</span>}
      </p>
      <pre class={wrap ? "log wrap" : "log"} ref={box} tabIndex={0} role="region" aria-label={`${file.name} of run ${file.run}`} onScroll={on_scroll}>
        {piece ? piece.text || "Nothing written yet." : "…"}
      </pre>
    </>
  );
}

/** The text with more behind it; beyond kKept its beginning goes, by whole lines. */
function appended(old: Piece | undefined, more: string): Piece {
  const text = (old?.text ?? "") + more;
  if (text.length <= kKept) return { begin: old?.begin ?? 0, text };
  const cut = text.indexOf("\n", text.length - kKept / 2) + 1;
  const gone = new TextEncoder().encode(text.slice(0, cut)).length;
  return { begin: (old?.begin ?? 0) + gone, text: text.slice(cut) };
}
