import { DEFAULT_LIMITS, type Limits } from "@glovebox/sandbox";
import type { Step, StepLimits } from "../workflow/document.ts";

const MiB = 2 ** 20;

/** What an expression may use: enough to look at data, too little to work on it. */
export const EXPRESSION_LIMITS: Partial<Limits> = { memoryBytes: 8 * MiB, cpuMs: 1_000, wallMs: 5_000 };

/** What checking a value against a schema may use. */
export const SCHEMA_LIMITS: Partial<Limits> = { memoryBytes: 64 * MiB, cpuMs: 5_000, wallMs: 15_000, inputBytes: 64 * MiB };

/** What a tool may hand on, where the step does not say: as much as a guest takes in. */
export const TOOL_OUTPUT_BYTES = 16 * MiB;

/** What a step's own guest has where nobody asks for anything. */
export function defaultLimitsOf(type: Step["type"]): Limits {
  return type === "condition" ? { ...DEFAULT_LIMITS, ...EXPRESSION_LIMITS } : DEFAULT_LIMITS;
}

/** The limits of a step's own guest; what is missing is the sandbox's default. */
export function limitsOf(step: { readonly type: Step["type"]; readonly limits: StepLimits }): Partial<Limits> {
  return step.type === "condition" ? { ...EXPRESSION_LIMITS, ...step.limits } : step.limits;
}
