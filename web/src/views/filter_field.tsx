// The field of the filter: applied while typing, its mistakes shown at their place, its language told on demand.
import { useEffect, useRef, useState } from "preact/hooks";
import type { JSX } from "preact";
import { filter_columns, kFlagNames } from "../model/filter";
import { filter_name } from "../model/filter_parser";
import { show_number } from "../model/format";
import { go, type Route } from "../model/route";
import { column_title, type StudyView } from "../model/study_view";

const kTyping_ms = 120;

export function FilterField({ view, route }: { view: StudyView; route: Route }): JSX.Element {
  const [text, set_text] = useState(route.filter);
  const timer = useRef<number | undefined>(undefined);
  const typed = useRef(route.filter);
  useEffect(() => {
    if (route.filter !== typed.current) set_text(route.filter);
    typed.current = route.filter;
  }, [route.filter]);
  const type = (next: string): void => {
    set_text(next);
    window.clearTimeout(timer.current);
    timer.current = window.setTimeout(() => {
      typed.current = next;
      go({ filter: next }, true);
    }, kTyping_ms);
  };
  const error = text === route.filter ? view.filter_error : undefined;
  return (
    <div class="filter">
      <div class="filter-row">
        <input
          id="filter"
          type="search"
          spellcheck={false}
          autocomplete="off"
          placeholder={`Filter, e.g. ${example_of(view)}`}
          aria-label="Filter of trials"
          aria-invalid={error !== undefined}
          aria-describedby={error ? "filter-error" : undefined}
          value={text}
          onInput={(event) => type(event.currentTarget.value)}
        />
        <FilterGuide view={view} on={(name) => type(text === "" ? `${name} ` : `${text.trimEnd()} and ${name} `)} />
      </div>
      {error && (
        <div id="filter-error" class="filter-error" role="alert">
          <code class="place">
            {text.slice(0, error.begin)}
            <mark>{text.slice(error.begin, error.end) || "\u00a0"}</mark>
            {text.slice(error.end)}
          </code>
          <span>at {error.begin + 1}: {error.message}</span>
        </div>
      )}
      {route.brushes.length > 0 && (
        <p class="brushes">
          {route.brushes.map((brush) => (
            <button class="tag" title="Remove this range" onClick={() => go({ brushes: route.brushes.filter((one) => one !== brush) })}>
              {column_title(brush.key)} {brush_text(view, brush.key, brush.low)} – {brush_text(view, brush.key, brush.high)} ×
            </button>
          ))}
        </p>
      )}
    </div>
  );
}

function brush_text(view: StudyView, key: string, value: number): string {
  const parameter = view.study.parameters.find((one) => `param ${one.name}` === key);
  const choice = parameter?.kind === "choice" ? parameter.values?.[value] : undefined;
  return choice === undefined ? show_number(value, 3) : String(choice);
}

/** An example in this study's own words. */
function example_of(view: StudyView): string {
  const real = view.study.parameters.find((one) => one.kind === "real" && Number(one.high) > 0);
  if (!real) return "state = complete";
  const middle = Number(Math.sqrt(Math.max(Number(real.low), Number(real.high) * 1e-4) * Number(real.high)).toPrecision(1));
  return `${filter_name(real.name)} < ${middle} and state = complete`;
}

function FilterGuide({ view, on }: { view: StudyView; on: (name: string) => void }): JSX.Element {
  const names = [...filter_columns(view.table).keys()].filter((name) => !/^(trial|metric|param)\./.test(name) && name !== "flags");
  return (
    <details class="menu">
      <summary aria-label="How filters are written">?</summary>
      <div class="menu-items guide">
        <p>
          <code>lr &lt; 1e-3 and state = complete</code>
          <code>optimizer in (adam, sgd) or not starred</code>
          <code>val_loss in 0.1..0.2</code>
          <code>busy &gt; 10m</code>
          <code>tag = baseline</code>
          <code>note ~ restart</code>
        </p>
        <p class="hint">= != &lt; &lt;= &gt; &gt;= compare, ~ contains, in (…) and a..b, and, or, not, ( ). A name alone: it has a value. Names with blanks in `…`.</p>
        <p class="names">
          {[...names, ...kFlagNames, "tag", "note"].map((name) => (
            <button class="tag" onClick={() => on(filter_name(name))}>{name}</button>
          ))}
        </p>
      </div>
    </details>
  );
}
