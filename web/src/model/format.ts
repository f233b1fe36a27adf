// Numbers, durations, sizes, instants and values as text: as many digits as say something.
import type { Value } from "../api/types";

/** "–" where there is nothing. */
export const kNothing = "–";

/** A number with at most `digits` significant digits: 0.0031 as 3.1e-3, 123456.7 as 123 457. */
export function show_number(value: number | undefined, digits = 4): string {
  if (value === undefined) return kNothing;
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 1e-2 || size >= 1e7) {
    const [mantissa = "", exponent = ""] = value.toExponential(Math.max(0, digits - 1)).split("e");
    return `${minus(without_zeros(mantissa))}e${minus(exponent.replace("+", ""), "-")}`;
  }
  if (Number.isInteger(value)) return minus(grouped(String(value)));
  const places = Math.max(0, digits - 1 - Math.floor(Math.log10(size)));
  const [whole = "", part] = without_zeros(value.toFixed(Math.min(places, 12))).split(".");
  return minus(part === undefined ? grouped(whole) : `${grouped(whole)}.${part}`);
}

/** In full, as a program would write it. */
export function exact_number(value: number): string {
  return Number.isNaN(value) ? "NaN" : String(value);
}

function without_zeros(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

function minus(text: string, sign = "−"): string {
  return text.startsWith("-") ? sign + text.slice(1) : text;
}

function grouped(digits: string): string {
  const bare = digits.replace("-", "");
  return bare.length <= 4 ? digits : digits.replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

/** A value of a parameter as text. */
export function show_value(value: Value | undefined, digits = 4): string {
  if (value === undefined) return kNothing;
  if (typeof value === "number") return show_number(value, digits);
  if (typeof value === "string") return value;
  return JSON.stringify(value);
}

/** A share as per cent; small ones with a tenth, unless `digits` says otherwise. */
export function show_share(share: number, digits?: number): string {
  const percent = share * 100;
  return `${minus(percent.toFixed(digits ?? (Math.abs(percent) < 10 ? 1 : 0)))}\u202f%`;
}

const kUnits: [number, string][] = [[86400, "d"], [3600, "h"], [60, "m"], [1, "s"]];

/** Two units: "4 m 12 s", "2 d 3 h"; below ten seconds with tenths. */
export function show_duration(seconds: number | undefined): string {
  if (seconds === undefined || !Number.isFinite(seconds)) return kNothing;
  if (seconds < 10) return `${seconds.toFixed(1).replace(/\.0$/, "")} s`;
  let rest = Math.round(seconds);
  const parts: string[] = [];
  for (const [size, unit] of kUnits) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count} ${unit}`);
    else if (parts.length > 0) break;
    if (parts.length === 2) break;
  }
  return parts.join(" ");
}

/** "2 minutes ago" in short: "2 m ago"; "now" below five seconds. */
export function show_ago(seconds: number): string {
  if (seconds < 5) return "now";
  return `${show_duration(seconds).split(" ").slice(0, 2).join(" ")} ago`;
}

/** Local date and time; today's without the date. */
export function show_instant(seconds: number, now_s: number): string {
  const date = new Date(seconds * 1000);
  const time = date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
  const same_day = date.toDateString() === new Date(now_s * 1000).toDateString();
  return same_day ? time : `${date.toLocaleDateString([], { year: "numeric", month: "short", day: "numeric" })} ${time}`;
}

export function show_bytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  let size = bytes;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${unit === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`;
}

/** One field of a CSV file (RFC 4180). A leading =, +, - or @ of a text is kept: the file is data, and says what was there. */
export function csv_field(value: Value | undefined): string {
  if (value === undefined) return "";
  const text = typeof value === "number" ? exact_number(value) : typeof value === "string" ? value : JSON.stringify(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function csv_rows(rows: (Value | undefined)[][]): string {
  return rows.map((row) => row.map(csv_field).join(",") + "\r\n").join("");
}

/** "1 trial", "3 trials". */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${show_number(count)} ${count === 1 ? noun : plural}`;
}
