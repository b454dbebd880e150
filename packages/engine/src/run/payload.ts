import { isAnalyzer } from "../steps/processors.ts";
import type { Step } from "../workflow/document.ts";

/** Whether a step hands on its own result (else what it got, and its result is metadata). */
export function transforms(step: Step): boolean {
  if (step.intent === "analyze") return false;
  return step.type !== "local" || !isAnalyzer(step.processor);
}

/**
 * The payload that comes out of several steps: that of the last one listed that transforms, else of the last one. Steps without a payload
 * (they did not succeed) don't count. Undefined: none has one.
 */
export function mergePayloads(steps: Iterable<Step>, payloads: Pick<ReadonlyMap<string, string>, "get">): string | undefined {
  let last: string | undefined;
  let transformed: string | undefined;
  for (const step of steps) {
    const payload = payloads.get(step.id);
    if (payload === undefined) continue;
    last = payload;
    if (transforms(step)) transformed = payload;
  }
  return transformed ?? last;
}
