import type { AuditEntry, GuestError, Json, LogEntry, Outcome, Usage } from "@glovebox/sandbox";
import type { Side } from "./state.ts";

/** How an attempt ended: as its guest did, or, where no guest was at work, in the same words. */
export type StepOutcome = Exclude<Outcome, { kind: "failed" }> | { readonly kind: "failed"; readonly error: StepError };

/**
 * `guest`: every text in it was written by a guest, or by the author of an expression. `host`: by us or by a trusted tool, though names and values in it may come
 * from the document.
 */
export interface StepError extends GuestError {
  readonly by: "guest" | "host";
}

/** What an attempt came to, told to the state machine and kept for the result. */
export interface AttemptEnd {
  readonly outcome: StepOutcome;
  /** It may well succeed when it is tried again as it is: a cell died, a server was busy. */
  readonly transient: boolean;
  /** What the other side asked for before the next attempt. */
  readonly retryAfterMs?: number;
  /** Of a condition that completed. */
  readonly side?: Side;
  /** The sum over all guests of the attempt: its own, the one for its expressions, the one for its schema. Missing: there was none. */
  readonly usage?: Usage;
  readonly log: readonly LogEntry[];
  /** What its guests asked of the host. Missing: nothing. */
  readonly audit?: readonly AuditEntry[];
  /** Facts about the payload (processors dialect). */
  readonly metadata?: Readonly<Record<string, Json>>;
}

/** The step's `when` was false: there was no attempt. */
export interface NotWanted {
  readonly outcome: "not_wanted";
  readonly usage?: Usage;
  readonly log: readonly LogEntry[];
  readonly audit?: readonly AuditEntry[];
}

export function hostFailure(name: string, message: string): StepOutcome {
  return { kind: "failed", error: { name, message, traceback: "", by: "host" } };
}
