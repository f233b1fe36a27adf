import assert from "node:assert/strict";
import { test } from "node:test";
import { encoded } from "./columns_test";
import { LiveStudy } from "./live";

/** A browser as far as a LiveStudy needs one, and a server whose answers the test gives. */
class Place {
  version = 10;
  summary_version = 10;
  reading = false;
  readonly asked: string[] = [];
  readonly streams: { address: string; listeners: Map<string, (event: unknown) => void> }[] = [];
  readonly timers: { run: () => void; delay_ms: number }[] = [];

  constructor() {
    const place = this;
    const global = globalThis as Record<string, unknown>;
    global.document = { hidden: false, addEventListener: () => undefined, removeEventListener: () => undefined };
    global.window = {
      setTimeout: (run: () => void, delay_ms: number) => this.timers.push({ run, delay_ms }),
      clearTimeout: (timer: number | undefined) => timer !== undefined && (this.timers[timer - 1]!.run = () => undefined),
    };
    global.EventSource = class {
      static CLOSED = 2;
      readyState = 1;
      constructor(address: string) {
        place.streams.push({ address, listeners: new Map() });
      }
      addEventListener(name: string, listener: (event: unknown) => void): void {
        place.streams.at(-1)!.listeners.set(name, listener);
      }
      close(): void {}
    };
    global.fetch = async (path: string) => this.answer(path);
  }

  private answer(path: string): Response {
    this.asked.push(path);
    const columns = /columns\?since=(\d+)$/.exec(path);
    if (columns) return new Response(this.columns(Number(columns[1])));
    const { version, summary_version } = this;
    if (path.endsWith("patience_ms=300") && this.reading) {
      return Response.json({ id: 1, title: "study", trials: 1, objectives: [], counts: { complete: 1, total: 1 }, reading: { version: 3, of: version } }, { status: 202 });
    }
    if (path.endsWith("/labels")) return Response.json({ study: { tags: [], star: false }, trials: {} });
    return Response.json({ id: 1, version, summary_version, headline: {} });
  }

  /** One trial, which every version changes. */
  private columns(since: number): ArrayBuffer {
    const rows = since < this.version ? 1 : 0;
    const column = { kind: "trial", name: "number", type: "f64", offset: 0 };
    return encoded({ version: this.version, since, rows, trials: 1, base_s: 0, columns: [column] }, new Float64Array(rows));
  }

  /** Lets what is under way come to its end, then the timers that were set. */
  async settle(): Promise<void> {
    for (let i = 0; i < 20; i++) await new Promise((done) => setImmediate(done));
  }
  async fire(): Promise<number[]> {
    const due = this.timers.splice(0);
    for (const timer of due) timer.run();
    await this.settle();
    return due.map((timer) => timer.delay_ms);
  }
  columns_asked(): string[] {
    return this.asked.filter((path) => path.includes("columns")).map((path) => path.replace(/.*since=/, ""));
  }
}

test("a reset keeps what is there and asks for what changed", async () => {
  const place = new Place();
  const live = new LiveStudy(1);
  await place.settle();
  assert.equal(live.table.version, 10);
  assert.equal(place.streams[0]!.address, "/api/v1/studies/1/events?since=10");
  place.version = place.summary_version = 9000;
  place.streams[0]!.listeners.get("reset")!({});
  assert.equal(live.table.version, 10, "a stream that is opened meanwhile begins where the table is");
  await place.fire();
  assert.deepEqual(place.columns_asked(), ["0", "10"]);
  assert.equal(live.table.version, 9000);
  assert.equal(live.table.rows, 1, "the trial is there once");
  assert.equal(live.changed.get(0), 9000, "who shows it fetches it again, although no event named it");
  place.version = place.summary_version = 9002;
  place.streams[0]!.listeners.get("changes")!({ data: JSON.stringify({ changes: [{ version: 9001, trial: 0, kind: "reported" }] }) });
  await place.fire();
  assert.equal(live.changed.get(0), 9001, "what an event told of is not told again");
  live.close();
});

test("a store that was put back is read anew", async () => {
  const place = new Place();
  const live = new LiveStudy(1);
  await place.settle();
  place.version = place.summary_version = 4;
  live.nudge();
  await place.fire();
  assert.deepEqual(place.columns_asked(), ["0", "10", "0"]);
  assert.equal(live.table.version, 4);
  live.close();
});

test("a headline that is older than the study is asked for once more", async () => {
  const place = new Place();
  place.summary_version = 7;
  const live = new LiveStudy(1);
  await place.settle();
  assert.equal(live.study!.summary_version, 7);
  place.summary_version = 10;
  assert.deepEqual(await place.fire(), [1000]);
  assert.equal(place.asked.filter((path) => path.endsWith("/studies/1")).length, 0, "not yet: a second has to pass");
  live.nudge();
  await place.fire();
  assert.equal(live.study!.summary_version, 10);
  assert.equal(place.timers.length, 0, "then there is peace");
  live.close();
});

test("while the server reads the record, the page says how far it is and asks for nothing else", async () => {
  const place = new Place();
  place.reading = true;
  const live = new LiveStudy(1);
  await place.settle();
  assert.deepEqual(live.reading!.reading, { version: 3, of: 10 });
  assert.deepEqual(place.asked, ["/api/v1/studies/1?patience_ms=300"]);
  assert.equal(place.streams.length, 0);
  place.reading = false;
  assert.deepEqual(await place.fire(), [200]);
  assert.equal(live.reading, undefined);
  assert.equal(live.table.version, 10);
  assert.equal(place.streams.length, 1);
  assert.deepEqual(place.asked.slice(1).sort(), ["/api/v1/studies/1/columns?since=0", "/api/v1/studies/1/labels", "/api/v1/studies/1?patience_ms=300"]);
  live.close();
});
