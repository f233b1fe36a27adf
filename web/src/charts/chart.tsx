// The frame around every chart: a figure with a title, a canvas that follows its size and the theme, a pointer that finds the
// nearest point, a table as alternative, and exports as SVG, PNG and CSV.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ComponentChildren, JSX } from "preact";
import type { Value } from "../api/types";
import { csv_rows, show_value } from "../model/format";
import { save_file } from "../views/save";
import { type Palette, read_palette } from "./palette";
import { CanvasSurface, type Surface, SvgSurface } from "./surface";

export interface Size {
  width: number;
  height: number;
}

/** Points that the pointer can find, in the order of their indices. */
export interface Hits {
  x: ArrayLike<number>;
  y: ArrayLike<number>;
  /** What to say of a point; lines. */
  label: (index: number) => string;
  /** Where a click leads, if anywhere. */
  open?: (index: number) => void;
}

export interface DataTable {
  head: string[];
  rows: () => (Value | undefined)[][];
}

export interface ChartProps {
  title: string;
  /** One sentence for those who do not see the picture. */
  summary: string;
  height: number;
  draw: (surface: Surface, size: Size, palette: Palette) => Hits | void;
  data: DataTable;
  /** Options of the chart, shown beside its title. */
  controls?: ComponentChildren;
  /** A stretch that was dragged, as shares of the canvas's width and height; without it there is no dragging. */
  on_drag?: (from: [number, number], to: [number, number]) => void;
  on_double_click?: () => void;
  children?: ComponentChildren;
  small?: boolean;
  /** The body scrolls sideways where it has less room than this; pixels. */
  min_width?: number;
}

const kTableRows = 200; // of the alternative in the page; the CSV has all
const kReach = 24; // pixels within which the pointer finds a point
const kExportScale = 2;

export function Chart(props: ChartProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const figure = useRef<HTMLDivElement>(null);
  const hits = useRef<Hits | void>(undefined);
  const [size, set_size] = useState<Size>({ width: 0, height: props.height });
  const [hover, set_hover] = useState<number | undefined>(undefined);
  const [theme, set_theme] = useState(0);
  const [table, set_table] = useState(false);
  const [drag, set_drag] = useState<{ from: [number, number]; to: [number, number] } | undefined>(undefined);

  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      const width = Math.max(Math.floor(entry!.contentRect.width), props.min_width ?? 0);
      set_size((old) => (old.width === width && old.height === props.height ? old : { width, height: props.height }));
    });
    observer.observe(figure.current!);
    const repaint = (): void => set_theme((count) => count + 1);
    window.addEventListener("hone-theme", repaint);
    return () => {
      observer.disconnect();
      window.removeEventListener("hone-theme", repaint);
    };
  }, [props.height, props.min_width]);

  useLayoutEffect(() => {
    const element = canvas.current!;
    if (size.width <= 0) return;
    const scale = window.devicePixelRatio || 1;
    element.width = Math.round(size.width * scale);
    element.height = Math.round(size.height * scale);
    const context = element.getContext("2d")!;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    hits.current = props.draw(new CanvasSurface(context), size, read_palette());
  }, [props.draw, size, theme]);

  const place = (event: PointerEvent): [number, number] => {
    const box = canvas.current!.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const on_move = (event: PointerEvent): void => {
    const [x, y] = place(event);
    if (drag) set_drag({ ...drag, to: [x, y] });
    else set_hover(nearest_hit(hits.current, x, y));
  };
  const on_down = (event: PointerEvent): void => {
    if (!props.on_drag || event.button !== 0 || event.pointerType === "touch") return;
    canvas.current!.setPointerCapture(event.pointerId);
    set_drag({ from: place(event), to: place(event) });
  };
  const on_up = (event: PointerEvent): void => {
    if (drag && props.on_drag && Math.hypot(drag.to[0] - drag.from[0], drag.to[1] - drag.from[1]) > 6) {
      const share = ([x, y]: [number, number]): [number, number] => [x / size.width, y / size.height];
      props.on_drag(share(drag.from), share(drag.to));
    } else {
      const [x, y] = place(event);
      const hit = nearest_hit(hits.current, x, y);
      if (hit !== undefined) hits.current?.open?.(hit);
    }
    set_drag(undefined);
  };

  const point = hover !== undefined && hits.current ? hits.current : undefined;
  const name = props.title.replace(/[^\p{L}\p{N}._-]+/gu, "-");
  const save_svg = (): void => {
    const surface = new SvgSurface(size.width, size.height, read_palette().ground, canvas_measure(canvas.current!));
    props.draw(surface, size, read_palette());
    save_file(`${name}.svg`, "image/svg+xml", surface.file(props.title));
  };
  const save_png = (): void => {
    const copy = document.createElement("canvas");
    copy.width = size.width * kExportScale;
    copy.height = size.height * kExportScale;
    const context = copy.getContext("2d")!;
    context.scale(kExportScale, kExportScale);
    const surface = new CanvasSurface(context);
    surface.rectangle(0, 0, size.width, size.height, read_palette().ground);
    props.draw(surface, size, read_palette());
    copy.toBlob((blob) => blob && save_file(`${name}.png`, "image/png", blob));
  };
  const save_csv = (): void => save_file(`${name}.csv`, "text/csv", csv_rows([props.data.head, ...props.data.rows()]));

  return (
    <figure class={props.small ? "chart small" : "chart"}>
      <figcaption>
        <span class="chart-title">{props.title}</span>
        {props.controls}
        <Export title={props.title} table={table} on_table={() => set_table(!table)} svg={save_svg} png={save_png} csv={save_csv} />
      </figcaption>
      <div
        class="chart-body"
        ref={figure}
        {...(props.min_width ? { tabIndex: 0, role: "region", "aria-label": `${props.title}, scrolls sideways` } : {})}
      >
        <canvas
          ref={canvas}
          role="img"
          aria-label={`${props.title}. ${props.summary}`}
          style={{ width: `${size.width}px`, height: `${size.height}px` }}
          onPointerMove={on_move}
          onPointerLeave={() => set_hover(undefined)}
          onPointerDown={on_down}
          onPointerUp={on_up}
          onDblClick={() => props.on_double_click?.()}
        />
        {drag && <DragBox from={drag.from} to={drag.to} />}
        {point && !drag && <Tip x={point.x[hover!]!} y={point.y[hover!]!} width={size.width} text={point.label(hover!)} />}
        {props.children}
      </div>
      {table && <Alternative title={props.title} data={props.data} />}
    </figure>
  );
}

function nearest_hit(hits: Hits | void, x: number, y: number): number | undefined {
  if (!hits) return undefined;
  let best: number | undefined;
  let nearest = kReach * kReach;
  for (let i = 0; i < hits.x.length; i++) {
    const distance = (hits.x[i]! - x) ** 2 + (hits.y[i]! - y) ** 2;
    if (distance < nearest) {
      nearest = distance;
      best = i;
    }
  }
  return best;
}

function canvas_measure(canvas: HTMLCanvasElement): (text: string, size?: number) => number {
  const surface = new CanvasSurface(canvas.getContext("2d")!);
  return (text, size) => surface.width_of(text, size);
}

function DragBox({ from, to }: { from: [number, number]; to: [number, number] }): JSX.Element {
  const px = (value: number): string => `${value}px`;
  return (
    <div
      class="drag-box"
      style={{
        left: px(Math.min(from[0], to[0])),
        top: px(Math.min(from[1], to[1])),
        width: px(Math.abs(to[0] - from[0])),
        height: px(Math.abs(to[1] - from[1])),
      }}
    />
  );
}

function Tip({ x, y, width, text }: { x: number; y: number; width: number; text: string }): JSX.Element {
  const left = x > width / 2;
  return (
    <>
      <div class="hit" style={{ left: `${x}px`, top: `${y}px` }} />
      <div class="tip" style={left ? { right: `${width - x + 10}px`, top: `${y + 8}px` } : { left: `${x + 10}px`, top: `${y + 8}px` }}>
        {text.split("\n").map((line) => (
          <div>{line}</div>
        ))}
      </div>
    </>
  );
}

interface ExportProps {
  title: string;
  table: boolean;
  on_table: () => void;
  svg: () => void;
  png: () => void;
  csv: () => void;
}

function Export(props: ExportProps): JSX.Element {
  const menu = useRef<HTMLDetailsElement>(null);
  const act = (action: () => void) => () => {
    action();
    menu.current!.open = false;
  };
  return (
    <details class="menu export" ref={menu}>
      <summary aria-label={`Save or read ${props.title}`}>⋯</summary>
      <div class="menu-items">
        <button onClick={act(props.on_table)}>{props.table ? "Hide the table" : "Show as a table"}</button>
        <button onClick={act(props.svg)}>Save as SVG</button>
        <button onClick={act(props.png)}>Save as PNG</button>
        <button onClick={act(props.csv)}>Save as CSV</button>
      </div>
    </details>
  );
}

function Alternative({ title, data }: { title: string; data: DataTable }): JSX.Element {
  const rows = data.rows();
  return (
    <div class="alternative" tabIndex={0} role="region" aria-label={`${title}, as a table`}>
      <table>
        <caption>{rows.length > kTableRows ? `The first ${kTableRows} of ${rows.length} rows; the CSV has all.` : title}</caption>
        <thead>
          <tr>{data.head.map((name) => <th scope="col">{name}</th>)}</tr>
        </thead>
        <tbody>
          {rows.slice(0, kTableRows).map((row) => (
            <tr>{row.map((value) => <td>{show_value(value, 6)}</td>)}</tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
