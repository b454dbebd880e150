import type { Json } from "@glovebox/sandbox";
import type { RunGuest } from "../expression/evaluate.ts";
import type { WasmStep } from "../workflow/document.ts";
import type { RunContext } from "./context.ts";
import { type Ending, endingOf, refused } from "./ending.ts";
import { hostRequest } from "./guest-request.ts";
import { limitsOf } from "./limits.ts";
import { ModuleError } from "./modules.ts";

/** A compiled module, in the sandbox. */
export async function runWasm(step: WasmStep, input: Json, context: RunContext, guest: RunGuest): Promise<Ending> {
  let bytes: Uint8Array;
  try {
    bytes = await context.modules.read(step.module);
  } catch (error) {
    if (error instanceof ModuleError) return refused("ModuleError", error.message);
    throw error;
  }
  const host = await hostRequest(step, context);
  const report = await guest({ guest: { kind: "module", bytes, name: step.module }, input, limits: limitsOf(step), ...host });
  return endingOf(report.outcome);
}
