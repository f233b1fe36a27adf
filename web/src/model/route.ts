// What is shown, as the address says it: #/study/3?trial=17&filter=lr%20%3C%201e-3. Everything that can be seen can be linked to,
// and the back button undoes it.

export interface Brush {
  /** Of a column: "param lr", "metric loss". */
  key: string;
  /** In the column's own units; of a choice the indices of its values. */
  low: number;
  high: number;
}

export type MapOf = "model" | "trials" | "ranks";

export interface Route {
  /** Undefined: the list of studies. */
  study: number | undefined;
  trial: number | undefined;
  /** Trials that are compared; two or more show the comparison. */
  compare: number[];
  filter: string;
  brushes: Brush[];
  sort: { key: string; descending: boolean } | undefined;
  /** Chosen columns; undefined: the usual ones. */
  columns: string[] | undefined;
  /** Only columns in which the shown trials differ. */
  diff: boolean;
  /** Shares of the progress chart's axis: over time, or over trials. */
  over: "trials" | "time";
  /** The two parameters of the contour. */
  pair: [string, string] | undefined;
  /** What lies behind them: what forests say, the trials smoothed, or the trials' ranks alone. */
  map: MapOf;
  /** Options of curves. */
  smooth: number;
  log: boolean;
}

export const kHome: Route = {
  study: undefined,
  trial: undefined,
  compare: [],
  filter: "",
  brushes: [],
  sort: undefined,
  columns: undefined,
  diff: false,
  over: "trials",
  pair: undefined,
  map: "model",
  smooth: 0,
  log: false,
};

export function parse_route(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#/, "").split(/\?(.*)/s, 2);
  const study = /^\/study\/(\d+)$/.exec(path)?.[1];
  if (study === undefined) return kHome;
  const q = new URLSearchParams(query);
  const trial = q.get("trial");
  const sort = /^(-?)(.+)$/.exec(q.get("sort") ?? "");
  const pair = q.getAll("pair");
  const smooth = Number(q.get("smooth") ?? 0);
  return {
    study: Number(study),
    trial: trial !== null && /^\d+$/.test(trial) ? Number(trial) : undefined,
    compare: [...new Set((q.get("compare") ?? "").split(/[, ]/).filter((part) => /^\d+$/.test(part)).map(Number))],
    filter: q.get("filter") ?? "",
    brushes: q.getAll("brush").flatMap((text) => parse_brush(text)),
    sort: sort ? { key: sort[2]!, descending: sort[1] === "-" } : undefined,
    columns: q.has("columns") ? q.getAll("columns").filter((key) => key !== "") : undefined,
    diff: q.has("diff"),
    over: q.get("over") === "time" ? "time" : "trials",
    pair: pair.length === 2 ? [pair[0]!, pair[1]!] : undefined,
    map: q.get("map") === "trials" ? "trials" : q.get("map") === "ranks" ? "ranks" : "model",
    smooth: smooth > 0 && smooth < 1 ? smooth : 0,
    log: q.has("log"),
  };
}

/** "0.001..0.01 param lr" */
function parse_brush(text: string): Brush[] {
  const parts = /^(\S+?)\.\.(\S+) (.+)$/s.exec(text);
  const [low, high] = [Number(parts?.[1]), Number(parts?.[2])];
  return parts && low <= high ? [{ key: parts[3]!, low, high }] : [];
}

export function show_route(route: Route): string {
  if (route.study === undefined) return "#/";
  const q = new URLSearchParams();
  if (route.trial !== undefined) q.set("trial", String(route.trial));
  if (route.compare.length > 0) q.set("compare", route.compare.join(" "));
  if (route.filter !== "") q.set("filter", route.filter);
  for (const brush of route.brushes) q.append("brush", `${brush.low}..${brush.high} ${brush.key}`);
  if (route.sort) q.set("sort", (route.sort.descending ? "-" : "") + route.sort.key);
  if (route.columns) for (const key of route.columns.length > 0 ? route.columns : [""]) q.append("columns", key);
  if (route.diff) q.set("diff", "");
  if (route.over === "time") q.set("over", "time");
  if (route.pair) for (const name of route.pair) q.append("pair", name);
  if (route.map !== "model") q.set("map", route.map);
  if (route.smooth > 0) q.set("smooth", String(route.smooth));
  if (route.log) q.set("log", "");
  const query = q.toString();
  return `#/study/${route.study}${query === "" ? "" : `?${query}`}`;
}

/** Goes to where the route is changed by `patch`. `quietly`: without a step for the back button, as while typing. */
export function go(patch: Partial<Route>, quietly = false): void {
  const next = show_route({ ...parse_route(location.hash), ...patch });
  if (next === location.hash) return;
  if (quietly) {
    history.replaceState(null, "", next);
    window.dispatchEvent(new HashChangeEvent("hashchange"));
  } else {
    location.hash = next;
  }
}

/** The address of another view, for links that can be opened beside. */
export function link(patch: Partial<Route>): string {
  return show_route({ ...parse_route(location.hash), ...patch });
}
