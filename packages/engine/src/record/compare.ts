import type { GuestReport, Json, Outcome, ReplayReport } from "@glovebox/sandbox";
import type { GuestEntry } from "./entry.ts";

/** Where a guest that was run again came to something else. */
export interface Difference {
  /** Such as `output.rows[3].total`, `log[2].message`, `fuel`. */
  readonly what: string;
  /** JSON, cut to a bounded length; missing: nothing was there. */
  readonly recorded?: string;
  readonly replayed?: string;
}

/** What is told of one guest at the most. */
const DIFFERENCES_MAX = 20;
const VALUE_CHARACTERS = 200;

/**
 * All that must be the same: how it ended, what it logged, what it asked for, and what it spent where that was metered. Pure.
 */
export function differences(then: GuestEntry, now: GuestReport): readonly Difference[] {
  const found: Difference[] = [];
  const divergence = now.replay?.divergence;
  if (divergence !== undefined) found.push(asked(divergence, then));
  // It was stopped there: what it came to, and what it spent, is the host's doing.
  if (divergence?.at === "call") return found;
  compare("", told(then.outcome, then), told(now.outcome, then), found);
  if (then.leftOut?.log === undefined) compare("log", then.log as unknown as Json, now.log as unknown as Json, found);
  const { fuel } = then.usage;
  if (fuel !== undefined && now.usage.fuel !== undefined) compare("fuel", fuel, now.usage.fuel, found);
  return found;
}

/** The parts of an outcome that a replay comes to again; what the record does not have as it was is no part. */
function told(outcome: Outcome | { readonly kind: "completed" }, { leftOut }: GuestEntry): Json {
  const whole = leftOut?.output === undefined;
  switch (outcome.kind) {
    case "completed":
      return { outcome: outcome.kind, ...(whole && "output" in outcome ? { output: outcome.output } : {}) };
    case "failed":
      return { outcome: outcome.kind, ...(whole ? { error: { ...outcome.error } } : {}) };
    case "trapped":
      return { outcome: outcome.kind, trap: outcome.trap };
    case "exhausted": {
      const { limit, used, max, error } = outcome;
      // How far over a limit it was is the host's measure, but for fuel.
      const amount = limit === "fuel" ? { used } : {};
      return { outcome: outcome.kind, limit, max, ...amount, ...(whole && error !== undefined ? { error: { ...error } } : {}) };
    }
    case "refused":
      return { outcome: outcome.kind, hostFunction: outcome.hostFunction };
    case "cancelled":
      return { outcome: outcome.kind };
  }
}

function asked(divergence: NonNullable<ReplayReport["divergence"]>, { transcript }: GuestEntry): Difference {
  switch (divergence.at) {
    case "call": {
      const { call, found, expected } = divergence;
      if (transcript?.calls[call]?.function === found)
        return { what: `host call ${call + 1}`, recorded: shown(found), replayed: shown(`${found}, with another argument`) };
      return { what: `host call ${call + 1}`, ...(expected === undefined ? {} : { recorded: shown(expected) }), replayed: shown(found) };
    }
    case "end":
      return { what: "host calls", recorded: shown(divergence.expected), replayed: shown(divergence.calls) };
    case "clock":
      return { what: "looks at the clock" };
  }
}

function compare(path: string, then: Json | undefined, now: Json | undefined, found: Difference[]): void {
  if (found.length >= DIFFERENCES_MAX || then === now) return;
  // JSON has no number as large as 1e999, which a guest may write all the same: in a record it is null.
  if (then === null && typeof now === "number" && !Number.isFinite(now)) return;
  if (Array.isArray(then) && Array.isArray(now)) {
    for (let index = 0; index < Math.max(then.length, now.length) && found.length < DIFFERENCES_MAX; index++) {
      compare(`${path}[${index}]`, then[index] as Json | undefined, now[index] as Json | undefined, found);
    }
  } else if (isObject(then) && isObject(now)) {
    for (const key of new Set([...Object.keys(then), ...Object.keys(now)])) {
      compare(path === "" ? key : `${path}${member(key)}`, own(then, key), own(now, key), found);
    }
  } else {
    found.push({
      what: path,
      ...(then === undefined ? {} : { recorded: shown(then) }),
      ...(now === undefined ? {} : { replayed: shown(now) }),
    });
  }
}

function member(key: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]{0,100}$/.test(key) ? `.${key}` : `[${shown(key)}]`;
}

function own(object: { readonly [key: string]: Json }, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

function shown(value: Json): string {
  const json = JSON.stringify(value);
  return json.length <= VALUE_CHARACTERS ? json : `${json.slice(0, VALUE_CHARACTERS - 1)}…`;
}

function isObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
