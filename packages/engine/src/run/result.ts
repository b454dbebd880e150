import type { AuditEntry, Json, LogEntry, Usage } from "@glovebox/sandbox";
import type { Step } from "../workflow/document.ts";
import type { StepOutcome } from "./attempt.ts";
import type { CancelReason, RunState, Side, SkipReason, StepState } from "./state.ts";

/** A run, told in full. All of it is JSON. Times are milliseconds since the start of the run. */
export interface RunResult {
  readonly runId: string;
  readonly workflow: string;
  readonly state: Extract<RunState, "succeeded" | "failed" | "cancelled">;
  /** Why it did not succeed. */
  readonly cause?: RunCause;
  readonly wallMs: number;
  /** Of all guests together. Missing: there was none. */
  readonly usage?: Usage;
  /** In the order of the document. */
  readonly steps: readonly StepResult[];
  /** As the document asks, else every step's output by its id. Of a run that did not succeed: those that could be made. */
  readonly outputs: Readonly<Record<string, Json>>;
  /** The text that the run was given, and what it became (processors dialect). */
  readonly payload?: { readonly input: string; readonly output: string };
}

export type RunCause =
  /** Under `fail_fast` the step that ended the run, else the first in the document that failed. */
  | { readonly kind: "step_failed"; readonly step: string; readonly outcome: StepOutcome }
  | { readonly kind: "run_timeout"; readonly maxMs: number }
  | { readonly kind: "interrupted" }
  /** All steps were done, and an output could not be made of them. */
  | { readonly kind: "output_failed"; readonly output: string; readonly outcome: StepOutcome };

export interface StepResult {
  readonly id: string;
  readonly type: Step["type"];
  readonly state: EndState;
  /** Why it was skipped or cancelled. */
  readonly why?: SkipReason | CancelReason;
  /** Of a condition: the branch that was taken. */
  readonly side?: Side;
  /** When it first began. Missing: it never did. */
  readonly startedMs?: number;
  readonly endedMs: number;
  /** How the last attempt ended; of a step that succeeded it holds the output. Missing: there was no attempt. */
  readonly outcome?: StepOutcome;
  readonly attempts: readonly AttemptResult[];
  /** Of all its guests together, over all attempts. Missing: there was none. */
  readonly usage?: Usage;
  readonly metadata?: Readonly<Record<string, Json>>;
}

export type EndState = Extract<StepState, "succeeded" | "failed" | "skipped" | "cancelled">;

export interface AttemptResult {
  /** From 1. */
  readonly number: number;
  readonly startedMs: number;
  readonly endedMs: number;
  /** Without the output: that is in the step's. */
  readonly outcome: Exclude<StepOutcome, { kind: "completed" }> | { readonly kind: "completed" };
  /** It was tried again after this delay. */
  readonly retryInMs?: number;
  readonly usage?: Usage;
  readonly log: readonly LogEntry[];
  /** What its guests asked of the host, in order. Missing: nothing. */
  readonly audit?: readonly AuditEntry[];
}

/** What happens in a run, in order, while it happens. */
export type RunEvent =
  | { readonly kind: "run_started"; readonly runId: string; readonly steps: number }
  | { readonly kind: "attempt_started"; readonly step: string; readonly number: number; readonly atMs: number }
  | { readonly kind: "attempt_ended"; readonly step: string; readonly attempt: AttemptResult }
  | { readonly kind: "step_ended"; readonly step: StepResult }
  | { readonly kind: "run_ended"; readonly state: RunResult["state"]; readonly atMs: number };

/** What a step handed on. Undefined where it did not succeed. */
export function outputOf(step: StepResult): Json | undefined {
  return step.outcome?.kind === "completed" && step.state === "succeeded" ? step.outcome.output : undefined;
}
