import type { Json } from "@glovebox/sandbox";
import { evaluate, type RunGuest } from "../expression/evaluate.ts";
import type { Scope } from "../expression/scope.ts";
import { expressionsIn, fill, Unresolved } from "../expression/template.ts";
import { endingOf } from "../steps/ending.ts";
import { EXPRESSION_LIMITS } from "../steps/limits.ts";
import { expressionEnding } from "../steps/prepare.ts";
import type { Template } from "../workflow/document.ts";
import { hostFailure, type StepOutcome } from "./attempt.ts";

export interface MadeOutputs {
  readonly outputs: Readonly<Record<string, Json>>;
  /** Those that could not be made, and why. Never `completed`. */
  readonly failures: readonly { readonly output: string; readonly outcome: StepOutcome }[];
}

/**
 * Fills a run's output templates, each by itself, so that one that can't be made does not cost the others. Their expressions go into
 * one guest; without `guest` those that have any are left out.
 */
export async function makeOutputs(
  templates: Readonly<Record<string, Template>>,
  scope: Scope,
  guest: RunGuest | undefined,
): Promise<MadeOutputs> {
  const sources = [...new Set(Object.values(templates).flatMap(expressionsIn))];
  const values = new Map<string, Json>();
  const broken = new Map<string, StepOutcome>();
  if (sources.length > 0 && guest !== undefined) {
    const answer = await evaluate({ sources, gate: false, truth: false, limits: EXPRESSION_LIMITS }, scope, guest);
    for (const [index, source] of sources.entries()) {
      const result = answer.ok ? answer.results[index] : undefined;
      if (result?.kind === "value") values.set(source, result.value);
      else if (result !== undefined) broken.set(source, expressionEnding(source, result).outcome);
      else if (!answer.ok) broken.set(source, endingOf(answer.outcome).outcome);
    }
  }
  const outputs: [string, Json][] = [];
  const failures: { output: string; outcome: StepOutcome }[] = [];
  for (const [output, template] of Object.entries(templates)) {
    const needed = expressionsIn(template);
    const outcome = needed.map((source) => broken.get(source)).find((reason) => reason !== undefined);
    if (outcome !== undefined) failures.push({ output, outcome });
    if (!needed.every((source) => values.has(source))) continue;
    try {
      outputs.push([output, fill(template, scope, values)]);
    } catch (error) {
      if (!(error instanceof Unresolved)) throw error;
      failures.push({ output, outcome: hostFailure("ReferenceError", error.message) });
    }
  }
  return { outputs: Object.fromEntries(outputs), failures };
}
