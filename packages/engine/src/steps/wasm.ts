import type { Guest, Json } from "@glovebox/sandbox";
import type { RunGuest } from "../expression/evaluate.ts";
import { asText } from "../expression/template.ts";
import type { WasmStep } from "../workflow/document.ts";
import type { RunContext } from "./context.ts";
import { type Ending, endingOf, refused } from "./ending.ts";
import { hostRequest } from "./guest-request.ts";
import { limitsOf } from "./limits.ts";
import { ModuleError } from "./modules.ts";

/** A compiled module, in the sandbox. `start` is what its `arguments` and `environment` came to. */
export async function runWasm(step: WasmStep, input: Json, start: Json | undefined, context: RunContext, guest: RunGuest): Promise<Ending> {
  let bytes: Uint8Array;
  try {
    bytes = await context.modules.read(step.module);
  } catch (error) {
    if (error instanceof ModuleError) return refused("ModuleError", error.message);
    throw error;
  }
  const host = await hostRequest(step, context);
  const report = await guest({ guest: moduleOf(step, bytes, start), input, limits: limitsOf(step), ...host });
  return endingOf(report.outcome);
}

function moduleOf({ module, scratch = [], stdout }: WasmStep, bytes: Uint8Array, start: Json | undefined): Guest {
  const directories = scratch.map((name) => ({ name, files: {} }));
  return {
    kind: "module",
    bytes,
    name: module,
    ...programStart(start),
    ...(directories.length === 0 ? {} : { directories }),
    ...(stdout === undefined ? {} : { stdout }),
  };
}

/** Text as it is, any other value as JSON: as where it stands within a longer text. */
function programStart(start: Json | undefined): { readonly arguments?: readonly string[]; readonly environment?: Record<string, string> } {
  if (start === undefined) return {};
  const { arguments: given, environment } = start as { readonly arguments: readonly Json[]; readonly environment: Record<string, Json> };
  return {
    arguments: given.map(asText),
    environment: Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, asText(value)])),
  };
}
