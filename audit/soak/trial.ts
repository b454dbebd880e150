import { isDeepStrictEqual } from "node:util";
import type { GloveboxError, GuestReport, LimitName, LogEntry, Outcome, Request } from "@glovebox/sandbox";
import type { World } from "./world.ts";

/** One run of a soak: what is asked for, and what has to come of it. */
export interface Trial {
  readonly request: Omit<Request, "isolationKey">;
  /** Says what is wrong with how it ended, or nothing. A request that is refused ends with its error. */
  readonly wrong: (ended: GuestReport | GloveboxError) => string | undefined;
}

/** A kind of guest. Each of its runs has an input of its own, made from `n`, which no other run has. */
export interface Kind {
  readonly name: string;
  /** Runs of it among ten thousand. */
  readonly share: number;
  /** It also runs where cells are new most of the time: what it needs is there, or opened quickly. */
  readonly inNewCells?: true;
  /** It waits for another guest, for which there has to be one more cell. */
  readonly waits?: true;
  readonly make: (n: number, world: World) => Trial;
}

export function info(...messages: readonly string[]): LogEntry[] {
  return messages.map((message) => ({ level: "info", message }));
}

/** It completed with exactly this output, having logged exactly this. */
export function gives(output: unknown, log: readonly LogEntry[] = []): Trial["wrong"] {
  return ends({ kind: "completed", output } as Outcome, log);
}

/** It ended with exactly this outcome, having logged exactly this. */
export function ends(outcome: Outcome, log: readonly LogEntry[] = []): Trial["wrong"] {
  return (ended) => {
    if (ended instanceof Error) return `was refused: ${ended.message}`;
    if (!isDeepStrictEqual(plain(ended.outcome), plain(outcome))) return `${told(ended.outcome)} instead of ${told(outcome)}`;
    return isDeepStrictEqual(plain(ended.log), log) ? undefined : `a log of ${told(ended.log)} instead of ${told(log)}`;
  };
}

/** It reached this limit; how far it got is the machine's. */
export function exhausts(limit: LimitName): Trial["wrong"] {
  return outcomeOf((outcome) => outcome.kind === "exhausted" && outcome.limit === limit);
}

/** Its own error ended it, with this name and message. */
export function fails(name: string, message: string | RegExp): Trial["wrong"] {
  return outcomeOf(({ kind, ...rest }) => {
    if (kind !== "failed" || !("error" in rest) || rest.error === undefined) return false;
    return rest.error.name === name && (typeof message === "string" ? rest.error.message === message : message.test(rest.error.message));
  });
}

/** Any end that is the guest's own, whatever its cell was told: it neither died nor spoke out of turn. */
export const contained = outcomeOf(
  (outcome) =>
    outcome.kind !== "cancelled" && !(outcome.kind === "trapped" && (outcome.trap === "cell_died" || outcome.trap === "protocol")),
);

export function outcomeOf(right: (outcome: Outcome) => boolean): Trial["wrong"] {
  return (ended) => {
    if (ended instanceof Error) return `was refused: ${ended.message}`;
    return right(ended.outcome) ? undefined : told(ended.outcome);
  };
}

/** Reports have objects without a prototype; equal is what would be equal as JSON. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

function told(value: unknown): string {
  return JSON.stringify(value).slice(0, 400);
}
