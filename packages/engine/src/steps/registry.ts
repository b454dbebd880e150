import type { Json } from "@glovebox/sandbox";
import type { Step, Template } from "../workflow/document.ts";
import { runCode } from "./code.ts";
import { runCondition } from "./condition.ts";
import type { AttemptContext } from "./context.ts";
import type { Ending } from "./ending.ts";
import { runLocal } from "./local.ts";
import type { Meter } from "./meter.ts";
import { runTool } from "./tool.ts";
import { runWasm } from "./wasm.ts";

/** The template of what a step works on. Undefined: it has none, and gets the default input. */
export function workTemplate(step: Step): Template | undefined {
  return step.type === "tool" ? step.with : step.input;
}

/** Does the work of one attempt of a step, on input that is known. `signal` ends it. */
export function runStep(step: Step, input: Json, context: AttemptContext, meter: Meter, signal: AbortSignal): Promise<Ending> | Ending {
  switch (step.type) {
    case "code":
      return runCode(step, input, context.run, meter.guest);
    case "condition":
      return runCondition(step, input, context, meter.guest);
    case "wasm":
      return runWasm(step, input, context.run, meter.guest);
    case "tool":
      return runTool(step, input, context, meter, signal);
    case "local":
      return runLocal(step, typeof input === "string" ? input : undefined);
  }
}
