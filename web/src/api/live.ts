// One study, kept current: its headline, its trials as columns, its labels. Server-sent events say when there is news; what is
// new is fetched as columns since the last version, at most some times a second.
//
// Browsers allow six connections to a server over all tabs, so a tab that nobody sees gives its event stream back.
import * as api from "./client";
import { ApiError } from "./client";
import type { Columns } from "./columns";
import type { Change, Study, StudyReading } from "./types";
import { TrialTable } from "../model/table";

export type Connection = "connecting" | "live" | "waiting" | "gone";

const kPause_ms = 300; // between two fetches of what is new
const kHeadlinePause_ms = 1000;
const kRetry_ms = 3000;
const kReading_ms = 200; // between two looks at how far the record is read; the server waits as well

export class LiveStudy {
  study: Study | undefined;
  readonly table = new TrialTable();
  /** Before there is a study: how far the server has read its record. */
  reading: StudyReading | undefined;
  connection: Connection = "connecting";
  error: ApiError | undefined;
  /** By trial, the version at which it changed last: who shows one fetches it again. */
  readonly changed = new Map<number, number>();

  private readonly listeners = new Set<() => void>();
  private events: EventSource | undefined;
  private timer: number | undefined;
  private due = 0;
  private headline_at = -Infinity;
  private headline_stale = false;
  private busy = false;
  private again = false;
  private labels_stale = true;
  private closed = false;

  constructor(readonly id: number) {
    document.addEventListener("visibilitychange", this.on_visibility);
    void this.refresh();
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  close(): void {
    this.closed = true;
    document.removeEventListener("visibilitychange", this.on_visibility);
    window.clearTimeout(this.timer);
    this.events?.close();
  }

  /** Fetches what is new soon, e.g. after something was changed from here. */
  nudge(): void {
    this.headline_at = -Infinity;
    this.schedule(0);
  }

  /** Takes labels that a request of this page has set. */
  set_labels(number: number, labels: { note?: string; tags: string[]; star: boolean }): void {
    this.table.labels.set(number, labels);
    this.table.revision++;
    this.tell();
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }

  /** The next refresh is no later than this. */
  private schedule(delay_ms: number): void {
    const due = performance.now() + delay_ms;
    if (this.closed || (this.timer !== undefined && this.due <= due)) return;
    window.clearTimeout(this.timer);
    this.due = due;
    this.timer = window.setTimeout(() => void this.refresh(), delay_ms);
  }

  private async refresh(): Promise<void> {
    this.timer = undefined;
    if (this.busy) {
      this.again = true;
      return;
    }
    this.busy = true;
    try {
      await this.fetch_news();
      this.error = undefined;
      if (this.study && !this.events && !document.hidden) this.listen();
    } catch (error) {
      this.error = error instanceof ApiError ? error : new ApiError(0, "page", String(error), "");
      if (this.error.status === 404) this.connection = "gone";
      else {
        this.connection = "waiting";
        this.schedule(kRetry_ms);
      }
    }
    this.busy = false;
    if (this.closed) return;
    this.tell();
    if (this.again) this.schedule(kPause_ms);
    else if (this.headline_stale) this.schedule(kHeadlinePause_ms);
    this.again = false;
  }

  private async fetch_news(): Promise<void> {
    // At first how far the server has read the record: all else would wait for it.
    const first = this.study ? undefined : await api.study_or_reading(this.id);
    this.reading = first && "reading" in first ? first : undefined;
    if (this.reading) return this.schedule(kReading_ms);
    const now = performance.now();
    const headline = now - this.headline_at >= kHeadlinePause_ms;
    const [study, columns, labels] = await Promise.all([
      (first as Study | undefined) ?? (headline ? api.study(this.id) : undefined),
      api.columns(this.id, this.table.version),
      this.labels_stale ? api.labels(this.id) : undefined,
    ]);
    if (study) {
      this.study = study;
      const { best, front } = study.headline;
      this.table.best = new Set(front ?? (best ? [best.trial] : []));
      this.headline_at = now;
    }
    this.headline_stale = !headline || (this.study !== undefined && this.study.summary_version < this.study.version);
    // A store that was put back to an earlier state knows less than this page: all of it anew.
    if (columns.head.version < this.table.version) this.table.replace(await api.columns(this.id, 0));
    else if (columns.head.since === 0) this.table.replace(columns);
    else if (columns.head.rows > 0) {
      this.table.merge(columns);
      this.note_changes(columns);
    } else this.table.version = columns.head.version;
    if (labels) {
      this.labels_stale = false;
      this.table.labels = new Map(Object.entries(labels.trials).map(([number, one]) => [Number(number), one]));
      this.table.revision++;
    }
  }

  private note_change(trial: number, version: number): void {
    if (version > (this.changed.get(trial) ?? 0)) this.changed.set(trial, version);
  }

  /** What no event told of: while the page was hidden, while there was no stream, or after a reset. */
  private note_changes({ head, columns }: Columns): void {
    const numbers = columns.get("trial number");
    if (numbers?.kind !== "numbers") return;
    for (const number of numbers.values) {
      if ((this.changed.get(number) ?? 0) <= head.since) this.note_change(number, head.version);
    }
  }

  private listen(): void {
    const events = new EventSource(api.events_address(this.id, this.table.version));
    this.events = events;
    events.addEventListener("hello", () => {
      this.connection = "live";
      this.tell();
    });
    events.addEventListener("changes", (event) => {
      const { changes } = JSON.parse((event as MessageEvent<string>).data) as { changes: Change[] };
      for (const change of changes) {
        if (change.trial !== undefined) this.note_change(change.trial, change.version);
        if (change.kind === "noted") this.labels_stale = true;
      }
      if (this.busy) this.again = true;
      else this.schedule(kPause_ms);
    });
    events.addEventListener("reset", () => {
      this.labels_stale = true;
      if (this.busy) this.again = true;
      else this.schedule(0);
    });
    events.addEventListener("gone", () => {
      this.connection = "gone";
      events.close();
      this.tell();
    });
    events.onerror = () => {
      if (this.connection === "gone") return;
      this.connection = "waiting";
      this.tell();
      if (events.readyState === EventSource.CLOSED) {
        this.events = undefined;
        this.schedule(kRetry_ms);
      }
    };
  }

  private readonly on_visibility = (): void => {
    if (document.hidden) {
      this.events?.close();
      this.events = undefined;
    } else if (!this.events && this.connection !== "gone") {
      this.schedule(0);
    }
  };
}
