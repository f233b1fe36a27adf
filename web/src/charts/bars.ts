// Horizontal bars with intervals: a line for each name, one bar or two in it.
import { show_share } from "../model/format";
import type { Estimate } from "../api/analysis";
import type { Hits, Size } from "./chart";
import { fitted } from "./frame";
import type { Palette } from "./palette";
import type { Surface } from "./surface";

export interface Bar {
  share: Estimate | undefined;
  colour: string;
  /** Chance explains it: drawn hollow. */
  by_chance?: boolean;
}

export interface BarLine {
  name: string;
  bars: Bar[];
  /** What the pointer is told. */
  label: string;
  open?: () => void;
}

const kLine = 26; // pixels of a line with one bar
const kSecond = 12; // … more for each further one
const kTop = 4;
const kRoundsToOne = 0.0095;

export function bars_height(lines: number, bars: number): number {
  return kTop + lines * line_height(bars) + 18;
}
const line_height = (bars: number): number => kLine + kSecond * (bars - 1);

/** "68 % (61–75)", "< 1 % (0–2)": a share with its interval of 95 %. */
export function share_text(share: Estimate | undefined): string {
  if (!share) return "–";
  const value = share.value > 0 && share.value < kRoundsToOne ? `< ${show_share(0.01, 0)}` : show_share(share.value, 0);
  return `${value} (${Math.round(100 * share.low)}–${Math.round(100 * share.high)})`;
}

export function draw_bars(surface: Surface, size: Size, lines: BarLine[], palette: Palette): Hits {
  const widest = Math.max(0, ...lines.map((line) => surface.width_of(line.name, 12)));
  const left = Math.min(widest + 10, size.width * 0.36);
  const right = Math.max(...lines.flatMap((line) => line.bars.map((bar) => surface.width_of(share_text(bar.share)))), 0) + 10;
  const width = Math.max(20, size.width - left - right);
  const count = Math.max(1, ...lines.map((line) => line.bars.length));
  const tall = line_height(count);
  const bottom = kTop + lines.length * tall;
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    const x = Math.round(left + share * width) + 0.5;
    surface.line([x, kTop, x, bottom], { colour: palette.rule });
    surface.text(x, bottom + 3, `${share * 100} %`, { colour: palette.dim, align: "center", baseline: "top" });
  }
  const px: number[] = [];
  const py: number[] = [];
  lines.forEach((line, i) => {
    const top = kTop + i * tall;
    surface.text(left - 8, top + tall / 2, fitted(surface, line.name, left - 8, 12), { colour: palette.ink, align: "right", size: 12 });
    const thick = (tall - 8) / count;
    line.bars.forEach((bar, k) => {
      const y = top + 4 + k * thick;
      const middle = y + thick / 2;
      if (bar.share) {
        const wide = Math.max(1, bar.share.value * width);
        surface.rectangle(left, y + 1, wide, thick - 2, bar.colour, bar.by_chance ? 0.25 : 0.85);
        const [low, high] = [left + bar.share.low * width, left + bar.share.high * width];
        if (high - low > 1) surface.line([low, middle, high, middle], { colour: palette.ink, width: 1.2 });
        for (const end of [low, high]) surface.line([end, middle - 3, end, middle + 3], { colour: palette.ink, width: 1.2 });
      }
      surface.text(left + width + 8, middle, share_text(bar.share), { colour: bar.by_chance || !bar.share ? palette.dim : palette.ink });
    });
    px.push(left + Math.max(6, (line.bars[0]?.share?.value ?? 0) * width));
    py.push(top + tall / 2);
  });
  return { x: px, y: py, label: (i) => lines[i]!.label, open: (i) => lines[i]!.open?.() };
}
