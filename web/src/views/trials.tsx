// The table of trials: filter, columns, sorting, and rows that exist only where they are seen. It shows 10^5 trials as smoothly as
// ten: filter and order are arrays of row numbers, and the document holds some dozens of rows.
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { JSX } from "preact";
import * as api from "../api/client";
import type { LiveStudy } from "../api/live";
import type { Study } from "../api/types";
import { counted, csv_rows, show_duration, show_instant } from "../model/format";
import { sorted_rows } from "../model/order";
import { go, parse_route, type Route } from "../model/route";
import { column_title, type StudyView } from "../model/study_view";
import { kFlagDefault, kFlagInfeasible, kFlagWarned, type TrialTable } from "../model/table";
import { FilterField } from "./filter_field";
import { useAccess } from "./hooks";
import { say_error, Shown, StateMark } from "./parts";
import { save_file } from "./save";

const kRow_px = 28;
const kOverscan = 12;
const kHeight_px = 560; // of the scrolling part, at most

/** Columns in the order in which they are offered; the first ones are shown unless others are chosen. */
export function all_columns(study: Study, table: TrialTable): string[] {
  const there = new Set(table.keys());
  const metrics = study.metrics.map((metric) => `metric ${metric.name}`);
  const params = study.parameters.map((parameter) => `param ${parameter.name}`);
  const more = ["trial reached", "trial busy", "trial newest", "trial origin", "trial parent", "trial failure", "trial created", "trial worker"];
  return ["label star", "trial number", "trial state", ...metrics, ...params, ...more, "label tags"].filter(
    (key) => key.startsWith("label ") || there.has(key),
  );
}

function usual_columns(study: Study, table: TrialTable): string[] {
  const fixed = new Set(study.parameters.filter((one) => one.kind === "fixed").map((one) => `param ${one.name}`));
  const seldom = new Set(["trial newest", "trial origin", "trial parent", "trial failure", "trial created", "trial worker"]);
  return all_columns(study, table).filter((key) => !fixed.has(key) && !seldom.has(key));
}

/** Of these columns those in which the rows differ. Number, state and star stay. */
function differing(table: TrialTable, rows: Uint32Array, columns: string[]): string[] {
  return columns.filter((key) => {
    if (!key.startsWith("param ") && !key.startsWith("metric ")) return true;
    const first = JSON.stringify(table.value(key, rows[0] ?? -1));
    return rows.some((row) => JSON.stringify(table.value(key, row)) !== first);
  });
}

export function Trials({ live, view, route }: { live: LiveStudy; view: StudyView; route: Route }): JSX.Element {
  const { table, study } = view;
  const order = useMemo(
    () => sorted_rows(table, view.rows, route.sort ?? { key: "trial number", descending: true }),
    [view, route.sort?.key, route.sort?.descending],
  );
  const columns = useMemo(() => {
    const chosen = route.columns ?? usual_columns(study, table);
    const there = new Set(all_columns(study, table));
    const shown = chosen.filter((key) => there.has(key));
    return route.diff ? differing(table, view.rows, shown) : shown;
  }, [view, route.columns?.join("\n"), route.diff]);
  const save = (): void => {
    const keys = columns.filter((key) => !key.startsWith("label "));
    const rows = Array.from(order, (row) => keys.map((key) => table.value(key, row)));
    save_file(`${study.name}-trials.csv`, "text/csv", csv_rows([keys.map(column_title), ...rows]));
  };
  return (
    <section class="trials" aria-labelledby="trials-title" id="trials">
      <div class="section-row">
        <h2 id="trials-title">Trials</h2>
        <span class="hint" role="status">
          {view.rows.length === table.rows ? counted(table.rows, "trial") : `${counted(view.rows.length, "trial")} of ${table.rows}`}
        </span>
        <span class="controls">
          <label class="check">
            <input type="checkbox" checked={route.diff} onChange={() => go({ diff: !route.diff })} /> only differences
          </label>
          <ColumnMenu all={all_columns(study, table)} shown={columns} />
          <button onClick={save}>CSV</button>
        </span>
      </div>
      <FilterField view={view} route={route} />
      <CompareBar route={route} />
      <Grid live={live} view={view} route={route} order={order} columns={columns} />
    </section>
  );
}

function CompareBar({ route }: { route: Route }): JSX.Element | null {
  if (route.compare.length === 0) return null;
  return (
    <p class="compare-bar">
      <span>
        Chosen: {route.compare.join(", ")}
        {route.compare.length < 2 ? ". Choose another to compare." : ""}
      </span>
      <button class="quiet" onClick={() => go({ compare: [] })}>Clear</button>
    </p>
  );
}

function ColumnMenu({ all, shown }: { all: string[]; shown: string[] }): JSX.Element {
  const toggle = (key: string): void => {
    const next = new Set(shown);
    if (!next.delete(key)) next.add(key);
    go({ columns: all.filter((one) => next.has(one)) });
  };
  return (
    <details class="menu">
      <summary>Columns</summary>
      <div class="menu-items tall">
        <button onClick={() => go({ columns: undefined })}>The usual ones</button>
        {all.map((key) => (
          <label class="check">
            <input type="checkbox" checked={shown.includes(key)} onChange={() => toggle(key)} /> {column_title(key)}
          </label>
        ))}
      </div>
    </details>
  );
}

interface GridProps {
  live: LiveStudy;
  view: StudyView;
  route: Route;
  order: Uint32Array;
  columns: string[];
}

function Grid({ live, view, route, order, columns }: GridProps): JSX.Element {
  const { table } = view;
  const scroller = useRef<HTMLDivElement>(null);
  const grid = useRef<HTMLTableElement>(null);
  const [top, set_top] = useState(0);
  const [cursor, set_cursor] = useState(0);
  const height = Math.min(kHeight_px, (order.length + 1) * kRow_px + 14);
  const first = Math.max(0, Math.floor(top / kRow_px) - kOverscan);
  const last = Math.min(order.length, Math.ceil((top + height) / kRow_px) + kOverscan);
  const at = Math.min(cursor, Math.max(0, order.length - 1));

  // The opened trial is the cursor, wherever it was opened.
  useEffect(() => {
    if (route.trial === undefined) return;
    const place = order.indexOf(table.row(route.trial));
    if (place >= 0) set_cursor(place);
  }, [route.trial]);

  // What is asked for anew is read from its begin, before the next key counts from there.
  useLayoutEffect(() => {
    scroller.current!.scrollTop = 0;
    set_cursor(0);
  }, [route.filter, JSON.stringify(route.brushes), route.sort?.key, route.sort?.descending]);

  const move = (to: number, open = route.trial !== undefined): void => {
    const next = Math.min(order.length - 1, Math.max(0, to));
    set_cursor(next);
    const box = scroller.current!;
    const y = next * kRow_px;
    if (y < box.scrollTop) box.scrollTop = y;
    else if (y + 2 * kRow_px > box.scrollTop + box.clientHeight) box.scrollTop = y + 2 * kRow_px - box.clientHeight;
    if (open && order[next] !== undefined) go({ trial: table.number(order[next]) }, route.trial !== undefined);
  };
  const choose = (number: number): void => {
    // Of the address as it is now: what is drawn may be one key behind.
    const chosen = new Set(parse_route(location.hash).compare);
    if (!chosen.delete(number)) chosen.add(number);
    go({ compare: [...chosen] });
  };
  const star = async (number: number): Promise<void> => {
    const labels = table.labels.get(number);
    try {
      live.set_labels(number, await api.label_trial(view.study.id, number, { star: !(labels?.star ?? false) }));
    } catch (error) {
      say_error(error);
    }
  };
  const on_key = (event: KeyboardEvent): void => {
    const row = order[at];
    const number = row === undefined ? undefined : table.number(row);
    const page = Math.max(1, Math.floor(height / kRow_px) - 2);
    const acts: Record<string, () => void> = {
      ArrowDown: () => move(at + 1),
      ArrowUp: () => move(at - 1),
      j: () => move(at + 1),
      k: () => move(at - 1),
      PageDown: () => move(at + page),
      PageUp: () => move(at - page),
      Home: () => move(0),
      End: () => move(order.length - 1),
      Enter: () => move(at, true),
      x: () => number !== undefined && choose(number),
      " ": () => number !== undefined && choose(number),
      s: () => number !== undefined && void star(number),
    };
    const act = acts[event.key];
    if (!act || event.target !== grid.current || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  };

  const visible: JSX.Element[] = [];
  for (let i = first; i < last; i++) {
    visible.push(
      <Row key={table.number(order[i]!)} view={view} row={order[i]!} index={i} columns={columns} route={route} current={i === at} on_star={star} on_choose={choose} />,
    );
  }
  return (
    <>
      <div
        class="grid"
        ref={scroller}
        style={{ height: `${height}px` }}
        onScroll={(event) => set_top(event.currentTarget.scrollTop)}
      >
        <table
          class="rows"
          ref={grid}
          role="grid"
          tabIndex={0}
          aria-label="Trials: arrow keys move, Enter opens, x chooses for comparison, s stars"
          aria-rowcount={order.length + 1}
          aria-activedescendant={at >= first && at < last ? `trial-row-${at}` : undefined}
          onKeyDown={on_key}
        >
          <thead>
            <tr aria-rowindex={1}>
              <th scope="col" class="choose"><span class="unseen">compare</span></th>
              {columns.map((key) => <Head key={key} name={key} route={route} />)}
            </tr>
          </thead>
          <tbody>
            <tr aria-hidden="true" class="spacer"><td style={{ height: `${first * kRow_px}px` }} colSpan={columns.length + 1} /></tr>
            {visible}
            <tr aria-hidden="true" class="spacer"><td style={{ height: `${(order.length - last) * kRow_px}px` }} colSpan={columns.length + 1} /></tr>
          </tbody>
        </table>
      </div>
      {order.length === 0 && table.rows > 0 && (
        <p class="empty">
          No trial passes. <button class="quiet" onClick={() => go({ filter: "", brushes: [] })}>Show all {table.rows}</button>
        </p>
      )}
    </>
  );
}

function Head({ name, route }: { name: string; route: Route }): JSX.Element {
  const sort = route.sort ?? { key: "trial number", descending: true };
  const sorted = sort.key === name;
  const title = name === "label star" ? "starred" : column_title(name);
  if (name === "label tags") return <th scope="col">tags</th>;
  return (
    <th scope="col" aria-sort={sorted ? (sort.descending ? "descending" : "ascending") : undefined} class={name.replace(/ .*/, "")}>
      <button class="sort" title={`Sort by ${title}`} onClick={() => go({ sort: { key: name, descending: sorted ? !sort.descending : false } })}>
        {name === "label star" ? <><span aria-hidden="true">★</span><span class="unseen">starred</span></> : title}
        <span class="arrow" aria-hidden="true">{sorted ? (sort.descending ? "↓" : "↑") : ""}</span>
      </button>
    </th>
  );
}

interface RowProps {
  view: StudyView;
  row: number;
  index: number;
  columns: string[];
  route: Route;
  current: boolean;
  on_star: (number: number) => Promise<void>;
  on_choose: (number: number) => void;
}

function Row({ view, row, index, columns, route, current, on_star, on_choose }: RowProps): JSX.Element {
  const { table } = view;
  const number = table.number(row);
  const flags = table.flags(row);
  const classes = [current && "current", route.trial === number && "open", table.best.has(number) && "best"].filter(Boolean).join(" ");
  const on_click = (event: MouseEvent): void => {
    const target = event.target as Element;
    if (target.closest("button, input, a")) return;
    target.closest("table")?.focus({ preventScroll: true });
    go({ trial: number });
  };
  return (
    <tr id={`trial-row-${index}`} aria-rowindex={index + 2} class={classes} onClick={on_click}>
      <td class="choose">
        <input type="checkbox" tabIndex={-1} aria-label={`Compare trial ${number}`} checked={route.compare.includes(number)} onChange={() => on_choose(number)} />
      </td>
      {columns.map((key) => <Cell key={key} view={view} name={key} row={row} number={number} flags={flags} on_star={on_star} />)}
    </tr>
  );
}

interface CellProps {
  view: StudyView;
  name: string;
  row: number;
  number: number;
  flags: number;
  on_star: (number: number) => Promise<void>;
}

function Cell({ view, name, row, number, flags, on_star }: CellProps): JSX.Element {
  const { table } = view;
  const { may_change } = useAccess();
  const value = table.value(name, row);
  switch (name) {
    case "label star": {
      const starred = table.labels.get(number)?.star === true;
      return (
        <td class="star">
          <button class={starred ? "quiet on" : "quiet"} tabIndex={-1} disabled={!may_change} aria-pressed={starred} aria-label={`Star trial ${number}`} onClick={() => void on_star(number)}>
            {starred ? "★" : "☆"}
          </button>
        </td>
      );
    }
    case "label tags":
      return <td>{(table.labels.get(number)?.tags ?? []).map((tag) => <span class="tag">{tag}</span>)}</td>;
    case "trial number":
      return (
        <th scope="row">
          {number}
          {table.best.has(number) && <span class="flag best" title="the best, or of the front">best</span>}
          {(flags & kFlagDefault) !== 0 && <span class="flag" title="the default configuration">default</span>}
          {(flags & kFlagInfeasible) !== 0 && <span class="flag" title="a guard or a constraint is not kept">infeasible</span>}
          {(flags & kFlagWarned) !== 0 && <span class="flag" title="a detector has warned">!</span>}
        </th>
      );
    case "trial state":
      return <td><StateMark state={table.state(row)} /></td>;
    case "trial busy":
      return <td class="number">{show_duration(typeof value === "number" ? value : undefined)}</td>;
    case "trial created":
      return <td>{typeof value === "number" ? show_instant(table.base_s + value, view.study.now_s) : ""}</td>;
    default:
      return <td class={typeof value === "number" ? "number" : ""}><Shown value={value} /></td>;
  }
}
