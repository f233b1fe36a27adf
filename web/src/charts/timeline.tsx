// When which trial ran: a bar per trial from its begin to its end, packed into as few lanes as were needed; lanes are as many as
// trials ran at a time. Where several workers took trials, each may have lanes of its own.
import { useCallback, useMemo, useState } from "preact/hooks";
import type { JSX } from "preact";
import { show_duration } from "../model/format";
import { go } from "../model/route";
import { time_scale } from "../model/scale";
import type { StudyView } from "../model/study_view";
import { sort_by_keys } from "../model/order";
import { Choice } from "../views/parts";
import { Chart, type Hits, type Size } from "./chart";
import { draw_frame } from "./frame";
import { kStates, type Palette } from "./palette";
import type { Surface } from "./surface";

const kBars = 10_000; // the newest
const kLanes = 64;

interface Bar {
  row: number;
  lane: number;
  begin: number;
  end: number;
}

/** Each bar goes to the first lane that is free. Bars by their begin. */
export function packed(begins: number[], ends: number[]): number[] {
  const free_from: number[] = [];
  return begins.map((begin, i) => {
    let lane = free_from.findIndex((from) => from <= begin);
    if (lane < 0) lane = free_from.length < kLanes ? free_from.push(0) - 1 : kLanes - 1;
    free_from[lane] = ends[i]!;
    return lane;
  });
}

/** Lanes of each group behind one another, the groups by their number: lanes, and the first lane of each group. */
export function packed_by(groups: number[], begins: number[], ends: number[]): { lanes: number[]; first: Map<number, number> } {
  const lanes = new Array<number>(begins.length).fill(0);
  const first = new Map<number, number>();
  let next = 0;
  for (const group of [...new Set(groups)].sort((a, b) => a - b)) {
    const members = groups.flatMap((one, i) => (one === group ? [i] : []));
    const own = packed(members.map((i) => begins[i]!), members.map((i) => ends[i]!));
    first.set(group, next);
    members.forEach((i, k) => (lanes[i] = next + own[k]!));
    next += Math.max(...own) + 1;
  }
  return { lanes, first };
}

const kWorkers = 64; // more would have no room
type Lanes = "together" | "workers";
const kLanesBy: Record<Lanes, string> = { together: "packed", workers: "by worker" };

export function Timeline({ view }: { view: StudyView }): JSX.Element | null {
  const { table, study } = view;
  const now = study.now_s - table.base_s;
  const [by, set_by] = useState<Lanes>("together");
  const { bars, first, several } = useMemo((): { bars: Bar[]; first: Map<number, number>; several: boolean } => {
    const started = table.numbers("trial started");
    const ended = table.numbers("trial ended");
    const none = new Map<number, number>();
    if (!started || !ended) return { bars: [], first: none, several: false };
    const rows = Uint32Array.from({ length: table.rows }, (_, row) => row);
    const order = Array.from(sort_by_keys(rows, started, false)).filter((row) => !Number.isNaN(started[row]!)).slice(-kBars);
    const begins = order.map((row) => started[row]!);
    const ends = order.map((row) => {
      const open = Number.isNaN(ended[row]!);
      return open ? Math.max(now, started[row]!) : ended[row]!;
    });
    const workers = table.numbers("trial worker");
    const groups = order.map((row) => workers?.[row] ?? NaN);
    const count = new Set(groups.filter((one) => !Number.isNaN(one))).size;
    const several = count > 1 && count <= kWorkers;
    const { lanes, first } = several && by === "workers" ? packed_by(groups.map((one) => (Number.isNaN(one) ? -1 : one)), begins, ends) : { lanes: packed(begins, ends), first: none };
    return { bars: order.map((row, i) => ({ row, lane: lanes[i]!, begin: begins[i]!, end: ends[i]! })), first, several };
  }, [table.revision, now, by]);
  const lanes = bars.reduce((most, bar) => Math.max(most, bar.lane + 1), 1);
  const height = Math.min(first.size > 0 ? 600 : 300, 54 + lanes * 14);
  const draw = useCallback(
    (surface: Surface, size: Size, palette: Palette): Hits => {
      const begin = bars.length > 0 ? bars[0]!.begin : 0;
      let end = begin + 1;
      for (const bar of bars) end = Math.max(end, bar.end);
      const x = time_scale(0, end - begin);
      const blank = { kind: "linear" as const, low: 0, high: 1, place: (v: number) => v, value: (v: number) => v, ticks: () => [] };
      const frame = draw_frame(surface, size, x, blank, palette, { x_label: "time since the first trial began" });
      const tall = frame.height / lanes;
      const px: number[] = [];
      const py: number[] = [];
      for (const bar of bars) {
        const left = frame.x(bar.begin - begin);
        const wide = Math.max(1, frame.x(bar.end - begin) - left - 0.5);
        const top = frame.top + bar.lane * tall;
        const state = table.state(bar.row);
        surface.rectangle(left, top + 1, wide, Math.max(1, tall - 2), palette.states[state] ?? palette.dim, view.shown[bar.row] ? 0.85 : 0.2);
        const name = String(table.number(bar.row));
        if (tall >= 11 && surface.width_of(name, 10) + 4 < wide) {
          surface.text(left + 3, top + tall / 2, name, { colour: palette.ground, size: 10 });
        }
        px.push(left + wide / 2);
        py.push(top + tall / 2);
      }
      for (const [worker, lane] of first) {
        const y = Math.round(frame.top + lane * tall) + 0.5;
        surface.line([frame.left, y, frame.left + frame.width, y], { colour: palette.dim });
        const name = worker < 0 ? "" : `worker ${worker}`;
        surface.text(frame.left + frame.width - 2, y + 7, name, { colour: palette.ink, size: 10, align: "right" });
      }
      return {
        x: px,
        y: py,
        label: (i) => {
          const bar = bars[i]!;
          return `trial ${table.number(bar.row)}, ${table.state(bar.row)}\n${show_duration(bar.end - bar.begin)}`;
        },
        open: (i) => go({ trial: table.number(bars[i]!.row) }),
      };
    },
    [bars, first, view],
  );
  if (bars.length === 0) return null;
  const present = kStates.filter((state) => bars.some((bar) => table.state(bar.row) === state));
  return (
    <Chart
      title="When trials ran"
      summary={`${bars.length} trials in ${lanes} lanes.`}
      height={height}
      draw={draw}
      controls={
        <span class="legend">
          {several && <Choice label="Lanes" value={by} options={kLanesBy} on={set_by} />}
          {present.map((state) => <span class={`key state-${state}`}>{state}</span>)}
        </span>
      }
      data={{
        head: ["trial", "state", "worker", "lane", "begin_s", "end_s"],
        rows: () => bars.map((bar) => [table.number(bar.row), table.state(bar.row), table.value("trial worker", bar.row), bar.lane, bar.begin, bar.end]),
      }}
    />
  );
}
