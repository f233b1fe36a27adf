// Colours of charts, read from the page's style sheet, so that light, dark and exports agree.
//
// Series follow Okabe and Ito's palette (Color Universal Design, 2008), which people with colour-blindness tell apart; what a
// colour says is also said by a word, a shape or a dash.
import type { TrialState } from "../api/types";

export interface Palette {
  ground: string;
  ink: string;
  dim: string;
  rule: string;
  accent: string;
  series: string[];
  states: Record<TrialState, string>;
  /** From the best to the worst. */
  ramp: (share: number) => string;
}

export const kStates: TrialState[] = ["running", "queued", "paused", "complete", "stopped", "failed", "cancelled"];

/** Dashes of overlaid curves: the palette repeats after eight, its dash does not. */
export const kDashes: number[][] = [[], [6, 3], [2, 2], [8, 3, 2, 3]];

export function read_palette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): string => style.getPropertyValue(`--${name}`).trim() || "#888888";
  const states = Object.fromEntries(kStates.map((state) => [state, colour(`state-${state}`)]));
  const stops = ["ramp-0", "ramp-1", "ramp-2", "ramp-3"].map((name) => parts_of(colour(name)));
  return {
    ground: colour("ground"),
    ink: colour("ink"),
    dim: colour("dim"),
    rule: colour("rule"),
    accent: colour("accent"),
    series: Array.from({ length: 8 }, (_, i) => colour(`series-${i}`)),
    states: states as Record<TrialState, string>,
    ramp: (share) => mixed(stops, share),
  };
}

function parts_of(colour: string): [number, number, number] {
  const value = parseInt(colour.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

function mixed(stops: [number, number, number][], share: number): string {
  const place = Math.min(1, Math.max(0, Number.isNaN(share) ? 1 : share)) * (stops.length - 1);
  const below = Math.min(stops.length - 2, Math.floor(place));
  const part = place - below;
  const channel = (i: 0 | 1 | 2): number => Math.round(stops[below]![i] * (1 - part) + stops[below + 1]![i] * part);
  return `rgb(${channel(0)},${channel(1)},${channel(2)})`;
}
