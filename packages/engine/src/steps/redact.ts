import { Redactor } from "@glovebox/sandbox";
import type { AttemptEnd, NotWanted, StepOutcome } from "../run/attempt.ts";
import { ownSecrets } from "../secrets/uses.ts";
import type { Step } from "../workflow/document.ts";

/**
 * Takes the step's own secrets out of all text that leaves an attempt: its output, which is what other steps and the run's outputs are made of,
 * its errors, its log. Secrets of other steps stay: a step that has them by other ways could else find out what they are by guessing.
 */
export function redactEnd(end: AttemptEnd | NotWanted, step: Step, secrets: ReadonlyMap<string, string>): AttemptEnd | NotWanted {
  const own = ownSecrets(step, secrets);
  if (own.size === 0) return end;
  const redactor = new Redactor(own);
  const log = end.log.map((entry) => ({ ...entry, message: redactor.text(entry.message) }));
  if (end.outcome === "not_wanted") return { ...end, outcome: end.outcome, log };
  const { metadata } = end;
  return {
    ...end,
    outcome: redactOutcome(end.outcome, redactor),
    log,
    ...(metadata === undefined
      ? {}
      : { metadata: Object.fromEntries(Object.entries(metadata).map(([key, value]) => [redactor.text(key), redactor.json(value)])) }),
  };
}

function redactOutcome(outcome: StepOutcome, redactor: Redactor): StepOutcome {
  if (outcome.kind !== "failed") return redactor.outcome(outcome) as StepOutcome;
  const redacted = redactor.outcome(outcome);
  return redacted.kind === "failed" ? { kind: "failed", error: { ...redacted.error, by: outcome.error.by } } : outcome;
}
