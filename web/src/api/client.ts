// Requests to the API, and the errors that people are shown.
import { decode_columns, type Columns } from "./columns";
import type {
  Artifact,
  Config,
  Curves,
  Labels,
  LogFile,
  Outcome,
  Series,
  Session,
  Study,
  StudyChange,
  StudyLabels,
  StudyReading,
  StudyRow,
  Trial,
} from "./types";

const kBase = "/api/v1";
const kPatience_ms = 300;

/** What the server answered instead, or that it did not. status 0: no answer. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly hint: string,
  ) {
    super(message);
  }
}

let page_token: string | undefined;

async function request(path: string, options: RequestInit = {}): Promise<Response> {
  const headers = new Headers(options.headers);
  if (options.method && options.method !== "GET" && page_token) headers.set("Hone-Page-Token", page_token);
  let response: Response;
  try {
    response = await fetch(kBase + path, { ...options, headers, credentials: "same-origin" });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "unreachable", "hone does not answer", "Is `hone serve` still running? The page tries again by itself.");
  }
  if (response.ok || response.status === 304) return response;
  let body: { error?: { code?: string; message?: string; hint?: string } } = {};
  try {
    body = (await response.json()) as typeof body;
  } catch {
    // Not the API's own error: the status has to do.
  }
  const { code, message, hint } = body.error ?? {};
  throw new ApiError(response.status, code ?? "error", message ?? `the server answered ${response.status}`, hint ?? "");
}

async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await (await request(path, signal ? { signal } : {})).json()) as T;
}

/** Undefined where the server has nothing yet and is making it (202). */
export async function get_or_coming<T>(path: string): Promise<T | undefined> {
  const response = await request(path);
  return response.status === 202 ? undefined : ((await response.json()) as T);
}

async function send<T>(method: string, path: string, body?: unknown): Promise<T> {
  const json = body === undefined ? {} : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
  const response = await request(path, { method, ...json });
  return (response.status === 204 ? undefined : await response.json()) as T;
}

/** Who uses the page; keeps the token for what changes something. */
export async function session(): Promise<Session> {
  return keep(await get<Session>("/session"));
}

export async function login(token: string): Promise<Session> {
  return keep(await send<Session>("POST", "/session", { token }));
}

export async function logout(): Promise<void> {
  await send("DELETE", "/session");
}

function keep(answer: Session): Session {
  page_token = answer.page_token;
  return answer;
}

export const studies = async (): Promise<StudyRow[]> => (await get<{ studies: StudyRow[] }>("/studies")).studies;
export const study = (id: number): Promise<Study> => get(`/studies/${id}`);
/** With `reading` where the server reads its record for the first time, and is not done yet. */
export const study_or_reading = (id: number): Promise<Study | StudyReading> => get(`/studies/${id}?patience_ms=${kPatience_ms}`);
export const spec = (id: number): Promise<{ source: string; version: number }> => get(`/studies/${id}/spec`);
export const labels = (id: number): Promise<StudyLabels> => get(`/studies/${id}/labels`);
export const trial = (id: number, number: number): Promise<Trial> => get(`/studies/${id}/trials/${number}`);

/** Trials that changed after commit `since`; 0: all. */
export async function columns(id: number, since: number): Promise<Columns> {
  const response = await request(`/studies/${id}/columns?since=${since}`);
  return decode_columns(await response.arrayBuffer());
}

export async function series(id: number, number: number, points: number): Promise<Series[]> {
  return (await get<{ series: Series[] }>(`/studies/${id}/trials/${number}/series?points=${points}`)).series;
}

export function curves(id: number, metric: string, trials: number[], points: number): Promise<Curves> {
  const query = new URLSearchParams({ metric, points: String(points), trials: trials.join(",") });
  return get(`/studies/${id}/curves?${query}`);
}

export async function logs(id: number, number: number): Promise<LogFile[]> {
  return (await get<{ logs: LogFile[] }>(`/studies/${id}/trials/${number}/logs`)).logs;
}

export interface LogPiece {
  begin: number;
  end: number;
  size: number;
  ended: boolean;
  text: string;
}

/** A piece of a log: the last `tail` bytes, or `bytes` from `from` on. */
export async function log(
  id: number,
  number: number,
  file: { run: number; name: string },
  piece: { tail: number } | { from: number; bytes: number },
): Promise<LogPiece> {
  const query = new URLSearchParams(Object.entries(piece).map(([key, value]) => [key, String(value)]));
  const response = await request(`/studies/${id}/trials/${number}/logs/${file.run}/${file.name}?${query}`);
  const header = (name: string): number => Number(response.headers.get(`Hone-Log-${name}`));
  return {
    begin: header("Begin"),
    end: header("End"),
    size: header("Size"),
    ended: response.headers.get("Hone-Log-Ended") === "true",
    text: await response.text(),
  };
}

export const follow_address = (id: number, number: number, file: { run: number; name: string }, from: number): string =>
  `${kBase}/studies/${id}/trials/${number}/logs/${file.run}/${file.name}/follow?from=${from}`;
export const events_address = (id: number, since: number): string => `${kBase}/studies/${id}/events?since=${since}`;

export const artifacts = (id: number, number: number): Promise<{ artifacts: Artifact[]; cut: boolean }> =>
  get(`/studies/${id}/trials/${number}/artifacts`);
export const artifact_address = (id: number, number: number, file: Artifact): string =>
  `${kBase}/studies/${id}/trials/${number}/artifacts/${file.path.split("/").map(encodeURIComponent).join("/")}`;
/** The same file where a page shows it: of pictures only, and never run. */
export const picture_address = (id: number, number: number, file: Artifact): string => `${artifact_address(id, number, file)}?view=1`;

export type TrialAct = "stop" | "retry";
export const act_on_trial = (id: number, number: number, act: TrialAct): Promise<Outcome> =>
  send("POST", `/studies/${id}/trials/${number}/${act}`);
export const clone_trial = (id: number, number: number, config: Config): Promise<Outcome> =>
  send("POST", `/studies/${id}/trials/${number}/clone`, { config });
export const enqueue = (id: number, config: Config): Promise<Outcome> => send("POST", `/studies/${id}/trials`, { config });
export const act_on_study = (id: number, act: "pause" | "resume" | "finish"): Promise<Outcome> =>
  send("POST", `/studies/${id}/${act}`);
export const change_study = (id: number, change: StudyChange): Promise<Outcome> => send("PATCH", `/studies/${id}`, change);
export const label_trial = (id: number, number: number, change: Partial<Labels>): Promise<Labels> =>
  send("PATCH", `/studies/${id}/trials/${number}/labels`, change);
export const label_study = (id: number, change: Partial<Labels>): Promise<Labels> =>
  send("PATCH", `/studies/${id}/labels`, change);
