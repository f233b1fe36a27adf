// The frame of a chart with two axes: where its plot lies, axes, ticks, and places of values.
import type { Scale } from "../model/scale";
import type { Palette } from "./palette";
import type { Surface } from "./surface";

export interface Frame {
  left: number;
  top: number;
  width: number;
  height: number;
  x: (value: number) => number;
  y: (value: number) => number;
}

export interface FrameOptions {
  x_label?: string;
  y_label?: string;
  top?: number;
  right?: number;
}

/** Draws axes and grid, and returns where values lie. y rises upwards. */
export function draw_frame(
  surface: Surface,
  size: { width: number; height: number },
  x: Scale,
  y: Scale,
  palette: Palette,
  options: FrameOptions = {},
): Frame {
  const y_ticks = y.ticks(Math.max(2, Math.floor(size.height / 45)));
  const widest = Math.max(0, ...y_ticks.map((tick) => surface.width_of(tick.label)));
  const left = Math.min(widest + 10, size.width * 0.4);
  const top = (options.top ?? 6) + (options.y_label ? 16 : 0);
  const bottom = options.x_label ? 34 : 20;
  const width = Math.max(10, size.width - left - (options.right ?? 12));
  const height = Math.max(10, size.height - top - bottom);
  const frame: Frame = {
    left,
    top,
    width,
    height,
    x: (value) => left + x.place(value) * width,
    y: (value) => top + (1 - y.place(value)) * height,
  };
  for (const tick of y_ticks) {
    const at = Math.round(top + (1 - tick.at) * height) + 0.5;
    surface.line([left, at, left + width, at], { colour: palette.rule });
    surface.text(left - 6, at, fitted(surface, tick.label, left - 6), { colour: palette.dim, align: "right" });
  }
  let free = -Infinity;
  for (const tick of x.ticks(x.kind === "category" ? 60 : Math.max(2, Math.floor(width / 70)))) {
    const at = left + tick.at * width;
    const label = fitted(surface, tick.label, 110);
    const half = surface.width_of(label) / 2;
    const middle = Math.min(Math.max(at, half + 1), size.width - half - 1);
    surface.line([at, top + height, at, top + height + 4], { colour: palette.rule });
    if (middle - half < free) continue;
    free = middle + half + 8;
    surface.text(middle, top + height + 6, label, { colour: palette.dim, align: "center", baseline: "top" });
  }
  surface.line([left, top + height + 0.5, left + width, top + height + 0.5], { colour: palette.dim });
  if (options.y_label) {
    surface.text(0, 2, fitted(surface, options.y_label, size.width), { colour: palette.dim, baseline: "top" });
  }
  if (options.x_label) {
    const label = fitted(surface, options.x_label, width);
    surface.text(left + width, top + height + 20, label, { colour: palette.dim, align: "right", baseline: "top" });
  }
  return frame;
}

/** The text, cut with an ellipsis where it is wider than `width` pixels. */
export function fitted(surface: Surface, text: string, width: number, size?: number): string {
  if (surface.width_of(text, size) <= width) return text;
  let [low, high] = [0, text.length];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (surface.width_of(`${text.slice(0, middle)}…`, size) <= width) low = middle;
    else high = middle - 1;
  }
  return `${text.slice(0, low)}…`;
}
