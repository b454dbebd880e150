import { GloveboxError, type Json } from "@glovebox/sandbox";
import { evaluate, type RunGuest } from "../expression/evaluate.ts";
import type { Scope } from "../expression/scope.ts";
import { expressionsIn, Filling, Unresolved } from "../expression/template.ts";
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
  const values = new Map<string, Json>();
  const broken = new Map<string, StepOutcome>();
  if (guest !== undefined) await evaluateAll([...new Set(Object.values(templates).flatMap(expressionsIn))], scope, guest, values, broken);
  const outputs: [string, Json][] = [];
  const failures: { output: string; outcome: StepOutcome }[] = [];
  const filling = new Filling(scope, values);
  for (const [output, template] of Object.entries(templates)) {
    const needed = expressionsIn(template);
    const outcome = needed.map((source) => broken.get(source)).find((reason) => reason !== undefined);
    if (outcome !== undefined) failures.push({ output, outcome });
    if (!needed.every((source) => values.has(source))) continue;
    try {
      outputs.push([output, filling.fill(template)]);
    } catch (error) {
      if (error instanceof Unresolved) failures.push({ output, outcome: hostFailure("ReferenceError", error.message) });
      else if (error instanceof GloveboxError) failures.push({ output, outcome: hostFailure(error.code, error.message) });
      else throw error;
    }
  }
  return { outputs: Object.fromEntries(outputs), failures };
}

async function evaluateAll(
  sources: readonly string[],
  scope: Scope,
  guest: RunGuest,
  values: Map<string, Json>,
  broken: Map<string, StepOutcome>,
): Promise<void> {
  if (sources.length === 0) return;
  try {
    const answer = await evaluate({ sources, gate: false, truth: false, limits: EXPRESSION_LIMITS }, scope, guest);
    for (const [index, source] of sources.entries()) {
      const result = answer.ok ? answer.results[index] : undefined;
      if (result?.kind === "value") values.set(source, result.value);
      else if (result !== undefined) broken.set(source, expressionEnding(source, result).outcome);
      else if (!answer.ok) broken.set(source, endingOf(answer.outcome).outcome);
    }
  } catch (error) {
    // The sandbox refuses the request, as when all that is read together is more than a guest may be given. What the run reached is kept.
    if (!(error instanceof GloveboxError)) throw error;
    for (const source of sources) broken.set(source, hostFailure(error.code, error.message));
  }
}
