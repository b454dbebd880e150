import { GUEST_TEXT_MAX, type GuestError, type Outcome, type TrapCode } from "../outcome.ts";
import { cut, neutralise } from "../text.ts";
import { type ClockReadings, decodeReadings } from "../transcript/clock.ts";
import { splitHeader } from "./frame.ts";
import type { EndHeader } from "./message.ts";

const HEADER_CHARACTERS_MAX = 8 * GUEST_TEXT_MAX;
const TRAPS: ReadonlySet<string> = new Set<TrapCode>([
  "unreachable",
  "out_of_bounds",
  "division_by_zero",
  "integer_overflow",
  "indirect_call",
  "uncaught_exception",
  "aborted",
  "other",
]);
const LIMITS: ReadonlySet<string> = new Set(["memory", "stack", "output", "table", "fuel"]);

/** What a cell said of an attempt's end, checked in every part. */
export interface ReadEnd {
  /** Undefined: completed, with the output's bytes below. */
  readonly outcome: Outcome | undefined;
  readonly form: "json" | "text";
  readonly output: Uint8Array;
  readonly cpuMs: number;
  readonly instantiateMs: number;
  readonly peakMemoryBytes: number;
  readonly growthsDenied: number;
  readonly fuel?: number;
  readonly clock?: ClockReadings;
  readonly clockPlayedWell?: boolean;
  readonly spent: boolean;
}

/** Reads an end frame's payload, or returns undefined: no honest cell sends that. */
export function readEnd(payload: Uint8Array): ReadEnd | undefined {
  const split = splitHeader(payload);
  if (!split || split.header.length > HEADER_CHARACTERS_MAX) return undefined;
  let header: Unchecked<EndHeader>;
  try {
    header = JSON.parse(split.header) as Unchecked<EndHeader>;
  } catch {
    return undefined;
  }
  if (!isRecord(header) || !isRecord(header.end)) return undefined;
  const { cpuMs, instantiateMs, peakMemoryBytes, growthsDenied, fuel, clockPlayedWell, spent } = header;
  if (!isAmount(cpuMs) || !isAmount(instantiateMs) || !isAmount(peakMemoryBytes) || !isAmount(growthsDenied) || typeof spent !== "boolean")
    return undefined;
  if (fuel !== undefined && !isAmount(fuel)) return undefined;
  if (clockPlayedWell !== undefined && typeof clockPlayedWell !== "boolean") return undefined;
  const behind = readClock(header.clockBytes, split.rest);
  if (!behind) return undefined;
  const measured = {
    cpuMs,
    instantiateMs,
    peakMemoryBytes,
    growthsDenied,
    spent,
    ...(fuel === undefined ? {} : { fuel }),
    ...(behind.clock ? { clock: behind.clock } : {}),
    ...(clockPlayedWell === undefined ? {} : { clockPlayedWell }),
  };
  const { end } = header;
  if (end["kind"] === "completed") {
    const form = end["form"];
    if (form !== "json" && form !== "text") return undefined;
    return { ...measured, outcome: undefined, form, output: behind.output };
  }
  const outcome = readOutcome(end);
  return outcome && { ...measured, outcome, form: "json", output: behind.output };
}

/** Clock readings and what is behind them. */
function readClock(bytes: unknown, rest: Uint8Array): { clock?: ClockReadings; output: Uint8Array } | undefined {
  if (bytes === undefined) return { output: rest };
  if (!isAmount(bytes) || !Number.isInteger(bytes) || bytes > rest.length) return undefined;
  const clock = decodeReadings(rest.subarray(0, bytes));
  return clock && { clock, output: rest.subarray(bytes) };
}

function readOutcome(end: Record<string, unknown>): Outcome | undefined {
  switch (end["kind"]) {
    case "failed": {
      const error = readError(end["error"]);
      return error && { kind: "failed", error };
    }
    case "trapped": {
      const { trap, detail } = end;
      if (typeof trap !== "string" || !TRAPS.has(trap)) return undefined;
      return { kind: "trapped", trap: trap as TrapCode, ...(typeof detail === "string" ? { detail: guestText(detail) } : {}) };
    }
    case "exhausted": {
      const { limit, used, max } = end;
      if (typeof limit !== "string" || !LIMITS.has(limit) || !isAmount(used) || !isAmount(max)) return undefined;
      const error = end["error"] === undefined ? undefined : readError(end["error"]);
      return { kind: "exhausted", limit: limit as "memory", used, max, ...(error ? { error } : {}) };
    }
    default:
      return undefined;
  }
}

function readError(value: unknown): GuestError | undefined {
  if (!isRecord(value)) return undefined;
  const { name, message, traceback, line, column } = value;
  if (typeof name !== "string" || typeof message !== "string" || typeof traceback !== "string") return undefined;
  return {
    name: guestText(name),
    message: guestText(message),
    traceback: guestText(traceback),
    ...(isPlace(line) ? { line } : {}),
    ...(isPlace(column) ? { column } : {}),
  };
}

/** A number that no text could have is none: a record that had it would be refused as a whole. */
function isPlace(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 1;
}

function guestText(text: string): string {
  return neutralise(cut(text, GUEST_TEXT_MAX));
}

type Unchecked<T> = { readonly [K in keyof T]?: unknown } & { readonly end?: Record<string, unknown> };

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isAmount(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}
