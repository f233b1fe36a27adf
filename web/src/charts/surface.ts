// What charts draw on: a canvas, or an SVG file. One drawing serves the screen, the PNG and the SVG.

export interface Stroke {
  colour: string;
  width?: number;
  dash?: number[];
  alpha?: number;
}

export interface TextStyle {
  colour: string;
  size?: number;
  align?: "left" | "center" | "right";
  /** Of the line's height at y. */
  baseline?: "top" | "middle" | "bottom";
  /** Turned a quarter to the left. */
  upright?: boolean;
  bold?: boolean;
}

export const kFont = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', 'Noto Sans', sans-serif";

export interface Surface {
  /** Through points [x0, y0, x1, y1, …]; NaN begins a new line. */
  line(points: ArrayLike<number>, stroke: Stroke): void;
  /** A closed area without an edge. */
  area(points: ArrayLike<number>, colour: string, alpha?: number): void;
  rectangle(x: number, y: number, width: number, height: number, colour: string, alpha?: number): void;
  circle(x: number, y: number, radius: number, colour: string, alpha?: number, hollow?: boolean): void;
  text(x: number, y: number, text: string, style: TextStyle): void;
  /** Draws what `draw` draws within a rectangle only. */
  clipped(x: number, y: number, width: number, height: number, draw: () => void): void;
  width_of(text: string, size?: number): number;
}

const kTextSize = 11;

export class CanvasSurface implements Surface {
  constructor(private readonly context: CanvasRenderingContext2D) {}

  line(points: ArrayLike<number>, stroke: Stroke): void {
    const c = this.context;
    c.globalAlpha = stroke.alpha ?? 1;
    c.strokeStyle = stroke.colour;
    c.lineWidth = stroke.width ?? 1;
    c.lineJoin = "round";
    c.setLineDash(stroke.dash ?? []);
    c.beginPath();
    this.path(points);
    c.stroke();
    c.globalAlpha = 1;
  }

  area(points: ArrayLike<number>, colour: string, alpha = 1): void {
    this.context.globalAlpha = alpha;
    this.context.fillStyle = colour;
    this.context.beginPath();
    this.path(points);
    this.context.fill();
    this.context.globalAlpha = 1;
  }

  rectangle(x: number, y: number, width: number, height: number, colour: string, alpha = 1): void {
    this.context.globalAlpha = alpha;
    this.context.fillStyle = colour;
    this.context.fillRect(x, y, width, height);
    this.context.globalAlpha = 1;
  }

  circle(x: number, y: number, radius: number, colour: string, alpha = 1, hollow = false): void {
    const c = this.context;
    c.globalAlpha = alpha;
    c.beginPath();
    c.arc(x, y, radius, 0, 2 * Math.PI);
    if (hollow) {
      c.setLineDash([]);
      c.lineWidth = 1.5;
      c.strokeStyle = colour;
      c.stroke();
    } else {
      c.fillStyle = colour;
      c.fill();
    }
    c.globalAlpha = 1;
  }

  text(x: number, y: number, text: string, style: TextStyle): void {
    const c = this.context;
    c.save();
    c.font = `${style.bold ? "600 " : ""}${style.size ?? kTextSize}px ${kFont}`;
    c.fillStyle = style.colour;
    c.textAlign = style.align ?? "left";
    c.textBaseline = style.baseline ?? "middle";
    c.translate(x, y);
    if (style.upright) c.rotate(-Math.PI / 2);
    c.fillText(text, 0, 0);
    c.restore();
  }

  clipped(x: number, y: number, width: number, height: number, draw: () => void): void {
    this.context.save();
    this.context.beginPath();
    this.context.rect(x, y, width, height);
    this.context.clip();
    draw();
    this.context.restore();
  }

  width_of(text: string, size = kTextSize): number {
    this.context.font = `${size}px ${kFont}`;
    return this.context.measureText(text).width;
  }

  private path(points: ArrayLike<number>): void {
    let down = false;
    for (let i = 0; i + 1 < points.length; i += 2) {
      const [x, y] = [points[i]!, points[i + 1]!];
      if (Number.isNaN(x) || Number.isNaN(y)) down = false;
      else if (down) this.context.lineTo(x, y);
      else {
        this.context.moveTo(x, y);
        down = true;
      }
    }
  }
}

/** Collects the elements of an SVG file. Texts are escaped: names come from users. */
export class SvgSurface implements Surface {
  private readonly elements: string[] = [];
  private clips = 0;

  constructor(
    private readonly width: number,
    private readonly height: number,
    private readonly ground: string,
    private readonly measure: (text: string, size?: number) => number,
  ) {}

  file(title: string): string {
    return (
      `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${this.width} ${this.height}" width="${this.width}" ` +
      `height="${this.height}" font-family="${escaped(kFont)}"><title>${escaped(title)}</title>` +
      `<rect width="100%" height="100%" fill="${this.ground}"/>${this.elements.join("")}</svg>\n`
    );
  }

  line(points: ArrayLike<number>, stroke: Stroke): void {
    const dash = stroke.dash ? ` stroke-dasharray="${stroke.dash.join(" ")}"` : "";
    this.elements.push(
      `<path d="${path_of(points)}" fill="none" stroke="${stroke.colour}" stroke-width="${stroke.width ?? 1}"` +
        `${opacity(stroke.alpha)}${dash} stroke-linejoin="round"/>`,
    );
  }

  area(points: ArrayLike<number>, colour: string, alpha = 1): void {
    this.elements.push(`<path d="${path_of(points)}Z" fill="${colour}"${opacity(alpha)}/>`);
  }

  rectangle(x: number, y: number, width: number, height: number, colour: string, alpha = 1): void {
    this.elements.push(
      `<rect x="${short(x)}" y="${short(y)}" width="${short(width)}" height="${short(height)}" fill="${colour}"${opacity(alpha)}/>`,
    );
  }

  circle(x: number, y: number, radius: number, colour: string, alpha = 1, hollow = false): void {
    const paint = hollow ? `fill="none" stroke="${colour}" stroke-width="1.5"` : `fill="${colour}"`;
    this.elements.push(`<circle cx="${short(x)}" cy="${short(y)}" r="${short(radius)}" ${paint}${opacity(alpha)}/>`);
  }

  text(x: number, y: number, text: string, style: TextStyle): void {
    const anchor = { left: "start", center: "middle", right: "end" }[style.align ?? "left"];
    const shift = { top: "0.8em", middle: "0.35em", bottom: "-0.2em" }[style.baseline ?? "middle"];
    const turn = style.upright ? ` rotate(-90)` : "";
    this.elements.push(
      `<text transform="translate(${short(x)} ${short(y)})${turn}" dy="${shift}" font-size="${style.size ?? kTextSize}" ` +
        `${style.bold ? 'font-weight="600" ' : ""}text-anchor="${anchor}" fill="${style.colour}">${escaped(text)}</text>`,
    );
  }

  clipped(x: number, y: number, width: number, height: number, draw: () => void): void {
    const id = `clip${this.clips++}`;
    this.elements.push(
      `<clipPath id="${id}"><rect x="${short(x)}" y="${short(y)}" width="${short(width)}" height="${short(height)}"/></clipPath>`,
      `<g clip-path="url(#${id})">`,
    );
    draw();
    this.elements.push("</g>");
  }

  width_of(text: string, size = kTextSize): number {
    return this.measure(text, size);
  }
}

function short(value: number): string {
  return String(Math.round(value * 100) / 100);
}

function opacity(alpha: number | undefined): string {
  return alpha === undefined || alpha === 1 ? "" : ` opacity="${short(alpha)}"`;
}

function path_of(points: ArrayLike<number>): string {
  let path = "";
  let down = false;
  for (let i = 0; i + 1 < points.length; i += 2) {
    const [x, y] = [points[i]!, points[i + 1]!];
    if (Number.isNaN(x) || Number.isNaN(y)) {
      down = false;
      continue;
    }
    path += `${down ? "L" : "M"}${short(x)} ${short(y)}`;
    down = true;
  }
  return path;
}

export function escaped(text: string): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  // XML has no control characters, not even escaped.
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, "\ufffd").replace(/[&<>"]/g, (c) => entities[c]!);
}
