// When which trial ran: a bar per trial from its begin to its end, packed into as few lanes as were needed. Lanes are as many as
// trials ran at a time; they are no machines.
import { useCallback, useMemo } from "preact/hooks";
import type { JSX } from "preact";
import { show_duration } from "../model/format";
import { go } from "../model/route";
import { time_scale } from "../model/scale";
import type { StudyView } from "../model/study_view";
import { sort_by_keys } from "../model/order";
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

export function Timeline({ view }: { view: StudyView }): JSX.Element | null {
  const { table, study } = view;
  const now = study.now_s - table.base_s;
  const bars = useMemo((): Bar[] => {
    const started = table.numbers("trial started");
    const ended = table.numbers("trial ended");
    if (!started || !ended) return [];
    const rows = Uint32Array.from({ length: table.rows }, (_, row) => row);
    const order = Array.from(sort_by_keys(rows, started, false)).filter((row) => !Number.isNaN(started[row]!)).slice(-kBars);
    const begins = order.map((row) => started[row]!);
    const ends = order.map((row) => {
      const open = Number.isNaN(ended[row]!);
      return open ? Math.max(now, started[row]!) : ended[row]!;
    });
    const lanes = packed(begins, ends);
    return order.map((row, i) => ({ row, lane: lanes[i]!, begin: begins[i]!, end: ends[i]! }));
  }, [table.revision, now]);
  const lanes = Math.max(1, ...bars.slice(-2000).map((bar) => bar.lane + 1), ...bars.slice(0, 2000).map((bar) => bar.lane + 1));
  const height = Math.min(300, 54 + lanes * 14);
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
    [bars, view],
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
          {present.map((state) => <span class={`key state-${state}`}>{state}</span>)}
        </span>
      }
      data={{
        head: ["trial", "state", "lane", "begin_s", "end_s"],
        rows: () => bars.map((bar) => [table.number(bar.row), table.state(bar.row), bar.lane, bar.begin, bar.end]),
      }}
    />
  );
}
