import type { AuditEntry, Json, LogEntry, Redactor } from "@glovebox/sandbox";
import type { StepOutcome } from "../run/attempt.ts";
import type { AttemptResult, RunCause, RunResult } from "../run/result.ts";
import type { RecordedResult, RecordedStep } from "./entry.ts";

/*
 * Takes all of a run's secrets out of what its record holds. Elsewhere a step is redacted for its own secrets alone, else it could find out
 * others by guessing; a record goes to no guest.
 */

export function redactLog(log: readonly LogEntry[], redactor: Redactor): readonly LogEntry[] {
  return log.map((entry) => ({ ...entry, message: redactor.text(entry.message) }));
}

export function redactAudit(audit: readonly AuditEntry[], redactor: Redactor): readonly AuditEntry[] {
  return audit.map((entry) => ({ ...entry, subject: redactor.text(entry.subject), reason: redactor.text(entry.reason) }));
}

export function redactAttempt(attempt: AttemptResult, redactor: Redactor): AttemptResult {
  const { outcome, log, audit } = attempt;
  return {
    ...attempt,
    // One that completed has its output elsewhere.
    outcome: outcome.kind === "completed" ? outcome : (redactOutcome(outcome, redactor) as AttemptResult["outcome"]),
    log: redactLog(log, redactor),
    ...(audit === undefined ? {} : { audit: redactAudit(audit, redactor) }),
  };
}

export function redactResult(result: RunResult, redactor: Redactor): RunResult {
  const { workflow, cause, steps, outputs, payload } = result;
  return {
    ...result,
    workflow: redactor.text(workflow),
    ...(cause === undefined ? {} : { cause: redactCause(cause, redactor) }),
    steps: steps.map(({ outcome, metadata, ...step }) => ({
      ...step,
      ...(outcome === undefined ? {} : { outcome: redactOutcome(outcome, redactor) }),
      ...(metadata === undefined ? {} : { metadata: redactRecord(metadata, redactor) }),
    })),
    outputs: redactRecord(outputs, redactor),
    ...(payload === undefined ? {} : { payload: { input: redactor.text(payload.input), output: redactor.text(payload.output) } }),
  };
}

/** Without the attempts: they are entries of their own. */
export function recordedResult({ steps, ...result }: RunResult): RecordedResult {
  return { ...result, steps: steps.map(({ attempts: _, ...step }): RecordedStep => step) };
}

function redactCause(cause: RunCause, redactor: Redactor): RunCause {
  return "outcome" in cause ? { ...cause, outcome: redactOutcome(cause.outcome, redactor) } : cause;
}

function redactOutcome(outcome: StepOutcome, redactor: Redactor): StepOutcome {
  const redacted = redactor.outcome(outcome);
  if (redacted.kind !== "failed") return redacted;
  return { kind: "failed", error: { ...redacted.error, by: outcome.kind === "failed" ? outcome.error.by : "guest" } };
}

function redactRecord(values: Readonly<Record<string, Json>>, redactor: Redactor): Readonly<Record<string, Json>> {
  return redactor.json(values) as Readonly<Record<string, Json>>;
}
