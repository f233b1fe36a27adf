// A server that answers the page as hone/server/openapi.yaml says, with a made-up study of any size. For what a real study would
// take hours to reach: 10^5 trials. Everything else is tested with the real `hone serve`.
import { createReadStream, existsSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";

const kTypes = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
export const kPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; " +
  "worker-src 'self' blob:; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/** Mulberry32: the made-up study is the same each time. */
function random(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const kOptimizers = ["adam", "sgd", "adamw", "lion"];
const kStates = ["queued", "running", "paused", "complete", "stopped", "failed", "cancelled"];

/** A study with `rows` trials and 20 parameters. */
export function made_up_study(rows, id = 1) {
  const next = random(7);
  const begin = 1_750_000_000;
  const parameters = [
    { name: "lr", kind: "real", law: "log_uniform", low: 1e-5, high: 0.1, default: 0.001 },
    { name: "optimizer", kind: "choice", values: kOptimizers, default: "adam" },
    { name: "layers", kind: "integer", law: "uniform", low: 1, high: 12, default: 4 },
    ...Array.from({ length: 17 }, (_, i) => ({ name: `p${i}`, kind: "real", law: "uniform", low: 0, high: 1, default: 0.5 })),
  ];
  const columns = { number: [], state: [], busy: [], started: [], ended: [], loss: [], flags: [] };
  const values = parameters.map(() => new Float64Array(rows));
  let best = { trial: -1, value: Infinity };
  for (let row = 0; row < rows; row++) {
    const progress = row / rows;
    const lr = 10 ** (-5 + 4 * (0.55 + (next() - 0.5) * (1.1 - 0.7 * progress)));
    const optimizer = Math.floor(next() * 4);
    const layers = 1 + Math.floor(next() * 12);
    [lr, optimizer, layers].forEach((value, i) => (values[i][row] = value));
    for (let p = 3; p < 20; p++) values[p][row] = next();
    const running = row >= rows - 4 && rows > 10;
    const fate = next();
    const state = running ? 1 : fate < 0.55 ? 3 : fate < 0.94 ? 4 : fate < 0.98 ? 5 : 6;
    const loss = 0.3 + 0.12 * (Math.log10(lr) + 2.7) ** 2 + 0.03 * optimizer + 0.004 * (layers - 6) ** 2 + 0.2 * values[3][row] + 0.15 * next() * next();
    columns.number.push(row);
    columns.state.push(state);
    columns.busy.push(20 + 40 * next());
    columns.started.push(Math.floor(row / 4) * 45 + (row % 4) * 3);
    columns.ended.push(running ? NaN : columns.started[row] + 15 + 25 * next());
    columns.loss.push(state === 3 || state === 4 ? loss : NaN);
    columns.flags.push(row === 0 ? 1 : 0);
    if (state === 3 && loss < best.value) best = { trial: row, value: loss };
  }
  const counts = Object.fromEntries(kStates.map((name, i) => [name, columns.state.filter((state) => state === i).length]));
  const config = (row) => Object.fromEntries(parameters.map((one, i) => [one.name, one.kind === "choice" ? kOptimizers[values[i][row]] : values[i][row]]));
  const study = {
    id, name: "large", project: "made-up", title: "made-up/large", description: "", state: "open", reason: "", led: true,
    version: rows * 3 + 1, summary_version: rows * 3 + 1, spec_version: 1, created_s: begin, changed_s: begin + 1, now_s: begin + (rows / 4) * 45 + 30,
    metrics: [{ name: "loss", role: "objective", goal: "minimize" }], parameters,
    fidelity: { name: "epoch", declared: true, min: 1, max: 9 }, sampler: "auto", scheduler: "asha", parallel: 4, seed: 1,
    counts: { ...counts, total: rows }, counted: rows, runs: { running: counts.running, waiting: 0 },
    headline: rows > 0 && best.trial >= 0 ? {
      best: { ...best, count: 1, complete: true, confirmed: false, config: config(best.trial) },
      gain: { default_trial: 0, default_value: 0.62, difference: best.value - 0.62, share: (best.value - 0.62) / 0.62, better: true, text: "" },
      steps_saved: 0.41, left_s: 187,
    } : {},
    budget: [{ key: "trials", what: "trials", used: rows, limit: Math.ceil(rows * 1.3) + 10, text: `${rows} of ${Math.ceil(rows * 1.3) + 10} trials` }],
    active_s: (rows / 4) * 45, failures: [], warnings: {},
  };
  return { study, columns, values, parameters, rows, begin, config };
}

/** The bytes of GET /columns. */
export function encode_columns(made) {
  const head = { version: made.study.version, since: 0, rows: made.rows, trials: made.rows, base_s: made.begin, columns: [] };
  const parts = [];
  let offset = 0;
  const add = (description, array) => {
    head.columns.push({ ...description, offset });
    const bytes = new Uint8Array(Math.ceil(array.byteLength / 8) * 8);
    bytes.set(new Uint8Array(array.buffer));
    parts.push(bytes);
    offset += bytes.length;
  };
  head.columns.push({ kind: "trial", name: "number", type: "u32", range: 0 });
  add({ kind: "trial", name: "state", type: "u8", dictionary: kStates, absent: 255 }, Uint8Array.from(made.columns.state));
  head.columns.push({ kind: "trial", name: "origin", type: "u8", constant: 0, dictionary: ["sampler"], absent: 255 });
  add({ kind: "trial", name: "flags", type: "u8" }, Uint8Array.from(made.columns.flags));
  for (const name of ["busy", "started", "ended"]) add({ kind: "trial", name, type: "f32" }, Float32Array.from(made.columns[name]));
  add({ kind: "metric", name: "loss", type: "f64" }, Float64Array.from(made.columns.loss));
  made.parameters.forEach((one, i) => {
    if (one.kind === "choice") add({ kind: "param", name: one.name, type: "u8", dictionary: one.values, absent: 255 }, Uint8Array.from(made.values[i]));
    else add({ kind: "param", name: one.name, type: "f64" }, made.values[i]);
  });
  let text = JSON.stringify(head);
  while ((12 + Buffer.byteLength(text)) % 8 !== 0) text += " ";
  const body = Buffer.alloc(12 + Buffer.byteLength(text) + offset);
  body.write("HONECOL1", 0, "latin1");
  body.writeUInt32LE(Buffer.byteLength(text), 8);
  body.write(text, 12);
  let at = 12 + Buffer.byteLength(text);
  for (const part of parts) {
    body.set(part, at);
    at += part.length;
  }
  return body;
}

/** Serves the page of `dist` and the made-up study; resolves to {url, close}. */
export function serve(dist, rows) {
  const made = made_up_study(rows);
  const { study } = made;
  const table = encode_columns(made);
  const empty_delta = encode_columns({ ...made_up_study(0), study });
  const trial = (number) => ({
    number, state: kStates[made.columns.state[number]], origin: "sampler", config: made.config(number), uid: `t${number}`, bracket: 0,
    results: [{ metric: "loss", value: made.columns.loss[number], at: 9, count: 1 }], reached: 9, target: 9, busy_s: made.columns.busy[number],
    created_s: made.begin, events: [{ version: 1, at_s: made.begin, kind: "trial_added" }, { version: 2, at_s: made.begin + 9, kind: "judged", rule: "asha", verdict: "stop", reason: "rung 2: rank 7 of 9, keeps 3" }],
    warnings: [], runs: [], lineage: [], children: [], labels: { tags: [], star: false }, proposed: "expected improvement 0.02",
  });
  const json = (response, value) => response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(value));
  const estimate = (value) => ({ value, low: Math.max(0, value - 0.05), high: Math.min(1, value + 0.05) });
  const cells = Array.from({ length: 64 }, (_, i) => (i + 0.5) / 64);
  const value_at = (one, place) => (one.law === "log_uniform" ? one.low * (one.high / one.low) ** place : one.low + place * (one.high - one.low));
  const means = (one) => {
    const values = one.kind === "choice" ? one.values : cells.map((place) => value_at(one, place));
    const mean = values.map((_, i) => 0.5 + 0.2 * Math.abs(i / values.length - 0.6));
    return { values, encoded: values.map((_, i) => (i + 0.5) / values.length), mean, low: mean.map((v) => v - 0.02), high: mean.map((v) => v + 0.02) };
  };
  const interactions = {
    version: study.version, computing: false, metric: "loss", enough: true, trials: rows, needed: 40, by_order: false, explained: 0.8,
    parameters: made.parameters.map((one) => ({ parameter: one.name, share: estimate(0.1), active: 1, where_active: estimate(0.1), dependence: means(one) })),
    pairs: [["lr", "layers", 0.12], ["lr", "optimizer", 0.03], ["layers", "p0", 0.004]].map(([first, second, share]) => ({ first, second, share: estimate(share), active: 1 })),
  };
  const pair_means = (first, second) => {
    const [across, up] = [first, second].map((name) => means(made.parameters.find((one) => one.name === name)).values);
    const mean = across.map((_, i) => up.map((_, k) => 0.5 + 0.3 * Math.abs(i / across.length - k / up.length)));
    return { version: study.version, computing: false, metric: "loss", by_order: false, first, second, share: estimate(0.1), active: 1, dependence: { first_values: across, second_values: up, mean, low: mean, high: mean } };
  };
  const answers = [
    [/^\/session$/, () => ({ role: "admin", login: false, page_token: "x", server: { version: "0", store: "made up", now_s: study.now_s } })],
    [/^\/studies$/, () => ({ studies: [{ ...study, trials: rows, objectives: study.metrics, best: study.headline.best }] })],
    [/^\/studies\/1$/, () => study],
    [/^\/studies\/1\/labels$/, () => ({ study: { tags: [], star: false }, trials: {} })],
    [/^\/studies\/1\/findings$/, () => ({
      version: study.version, computing: false, trials: rows, needed: 48, enough: rows >= 48, explained: 0.8,
      statements: rows >= 48 ? [{ kind: "matters", parameter: "lr", text: "lr explains 70 % ± 3 of the differences between trials that parameters explain", evidence: { share: 0.7 } }] : [],
    })],
    [/^\/studies\/1\/importance$/, () => ({
      version: study.version, computing: false, metric: "loss", trials: rows, needed: 48, explained: 0.8, forest_explained: 0.8, by_order: false,
      parameters: made.parameters.map((one, i) => ({ parameter: one.name, share: estimate(i === 0 ? 0.7 : 0.3 / (i * i)), p: i < 3 ? 0.005 : 0.4, fanova: estimate(i === 0 ? 0.6 : 0.2 / (i * i)), active: 1 })),
    })],
    [/^\/studies\/1\/interactions$/, (_, query) => (query.has("first") ? pair_means(query.get("first"), query.get("second")) : interactions)],
    [/^\/studies\/1\/seeds$/, () => ({ version: study.version, computing: false, metric: "loss", trials: [] })],
    [/^\/studies\/1\/trials\/(\d+)$/, (number) => trial(Number(number))],
    [/^\/studies\/1\/trials\/(\d+)\/series$/, (number) => ({
      trial: Number(number), version: 1, cut: false,
      series: [{ metric: "loss", run: 1, purpose: "search", replicate: 0, declared: true, total: 9, step: [1, 2, 3, 4, 5, 6, 7, 8, 9], value: [2, 1.5, 1.2, 1.1, 1, 0.9, 0.88, 0.87, 0.86] }],
    })],
    [/^\/studies\/1\/curves$/, (_, query) => ({
      metric: "loss", fidelity: "epoch", version: 1,
      curves: query.get("trials").split(",").map((number) => ({ trial: Number(number), fidelity: [1, 2, 3, 4, 5], value: [2, 1.4, 1.1, 0.9, 0.8].map((v) => v + (number % 7) / 20) })),
    })],
    [/^\/studies\/1\/trials\/(\d+)\/logs$/, () => ({ logs: [] })],
    [/^\/studies\/1\/trials\/(\d+)\/artifacts$/, () => ({ artifacts: [], cut: false })],
  ];
  const server = createServer((request, response) => {
    const url = new URL(request.url, "http://localhost");
    if (url.pathname.startsWith("/api/v1")) {
      const path = url.pathname.slice(7);
      if (path === "/studies/1/columns") {
        return response.writeHead(200, { "Content-Type": "application/vnd.hone.columns" }).end(url.searchParams.get("since") === "0" ? table : empty_delta);
      }
      if (path === "/studies/1/events") {
        return response.writeHead(200, { "Content-Type": "text/event-stream" }).write(`event: hello\nid: ${study.version}\ndata: {"version":${study.version},"state":"open"}\n\n`);
      }
      for (const [pattern, answer] of answers) {
        const match = pattern.exec(path);
        if (match) return json(response, answer(match[1], url.searchParams));
      }
      return response.writeHead(404, { "Content-Type": "application/json" }).end(JSON.stringify({ error: { code: "not_found", message: "nothing here" } }));
    }
    const file = join(dist, url.pathname === "/" ? "index.html" : url.pathname.slice(1).replaceAll("..", ""));
    if (!existsSync(file)) return response.writeHead(404).end();
    response.writeHead(200, { "Content-Type": kTypes[extname(file)] ?? "application/octet-stream", "Content-Security-Policy": kPolicy });
    return createReadStream(file).pipe(response);
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      resolve({ url: `http://127.0.0.1:${server.address().port}/`, made, close: () => (server.closeAllConnections?.(), server.close()) });
    });
  });
}
