import type { Json } from "@glovebox/sandbox";
import type { RunGuest } from "../expression/evaluate.ts";
import type { Step, Template } from "../workflow/document.ts";
import { runCode } from "./code.ts";
import { runCondition } from "./condition.ts";
import type { AttemptContext } from "./context.ts";
import type { Ending } from "./ending.ts";
import { runLocal } from "./local.ts";
import type { Meter } from "./meter.ts";
import type { OutputCheck } from "./output-check.ts";
import { runTool } from "./tool.ts";
import { runWasm } from "./wasm.ts";

/** The template of what a step works on. Undefined: it has none, and gets the default input. */
export function workTemplate(step: Step): Template | undefined {
  return step.type === "tool" ? step.with : step.input;
}

/** The template of what else a step's program is started with. Undefined: nothing. */
export function startTemplate(step: Step): Template | undefined {
  if (step.type !== "wasm" || (step.arguments === undefined && step.environment === undefined)) return undefined;
  return { arguments: step.arguments ?? [], environment: step.environment ?? {} };
}

/** A step's templates, filled in. */
export interface Filled {
  readonly input: Json;
  /** What {@link startTemplate} came to. */
  readonly start: Json | undefined;
}

/** Does the work of one attempt of a step, on input that is known. `signal` ends it. `check` is asked about what a guest writes as its output. */
export function runStep(
  step: Step,
  { input, start }: Filled,
  context: AttemptContext,
  meter: Meter,
  signal: AbortSignal,
  check: OutputCheck | undefined,
): Promise<Ending> | Ending {
  // A condition's guest answers with more than its output.
  const own: RunGuest = check === undefined ? meter.guest : (request) => meter.guest({ ...request, acceptOutput: check.accept });
  switch (step.type) {
    case "code":
      return runCode(step, input, context.run, own);
    case "condition":
      return runCondition(step, input, context, meter.guest);
    case "wasm":
      return runWasm(step, input, start, context.run, own);
    case "tool":
      return runTool(step, input, context, meter, signal);
    case "local":
      return runLocal(step, typeof input === "string" ? input : undefined);
  }
}
