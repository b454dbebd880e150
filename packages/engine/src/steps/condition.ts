import type { Json } from "@glovebox/sandbox";
import { evaluate, type RunGuest } from "../expression/evaluate.ts";
import { bareExpression } from "../expression/reference.ts";
import type { ConditionStep } from "../workflow/document.ts";
import type { AttemptContext } from "./context.ts";
import { type Ending, endingOf } from "./ending.ts";
import { hostRequest } from "./guest-request.ts";
import { limitsOf } from "./limits.ts";
import { expressionEnding } from "./prepare.ts";

/**
 * One expression, always in the sandbox. `inputs` in it is the step's own input; what the run was given is `run.inputs`. The output is
 * `{ result, branch }`: what the expression came to, true or false as JavaScript sees it, and the side that is taken for it.
 */
export async function runCondition(
  step: ConditionStep,
  input: Json,
  context: Pick<AttemptContext, "scope" | "run">,
  guest: RunGuest,
): Promise<Ending> {
  const { source } = bareExpression(step.expression);
  const question = { sources: [source], gate: false, truth: true, limits: limitsOf(step), host: await hostRequest(step, context.run) };
  const answer = await evaluate(question, { ...context.scope, inputs: input }, guest);
  if (!answer.ok) return endingOf(answer.outcome);
  const [result] = answer.results;
  if (result === undefined) throw new Error("assertion: a condition without an answer");
  if (result.kind !== "value") return expressionEnding(source, result);
  const side = result.value === true ? "then" : "else";
  return { outcome: { kind: "completed", output: { result: result.value, branch: side } }, transient: false, side };
}
