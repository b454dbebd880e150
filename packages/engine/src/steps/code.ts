import type { Guest, Json } from "@glovebox/sandbox";
import type { RunGuest } from "../expression/evaluate.ts";
import type { CodeStep } from "../workflow/document.ts";
import type { RunContext } from "./context.ts";
import { type Ending, endingOf } from "./ending.ts";
import { hostRequest } from "./guest-request.ts";
import { limitsOf } from "./limits.ts";

const EXTENSIONS = { python: "py", javascript: "js", typescript: "ts" } as const;

/** A program that anyone may have written, in the sandbox. `inputs` is the step's input. */
export async function runCode(step: CodeStep, input: Json, context: RunContext, guest: RunGuest): Promise<Ending> {
  const report = await guest({ guest: guestOf(step), input, limits: limitsOf(step), ...(await hostRequest(step, context)) });
  return endingOf(report.outcome);
}

function guestOf(step: CodeStep): Guest {
  const filename = `${step.id}.${EXTENSIONS[step.language]}`;
  if (step.language !== "python") return { kind: step.language, code: step.code, filename };
  return { kind: "python", code: step.code, filename, ...(step.imports === undefined ? {} : { imports: step.imports }) };
}
