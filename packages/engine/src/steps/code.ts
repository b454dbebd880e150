import { basename } from "node:path";
import type { Guest, Json, PythonPackage } from "@glovebox/sandbox";
import type { RunGuest } from "../expression/evaluate.ts";
import type { CodeStep } from "../workflow/document.ts";
import type { RunContext } from "./context.ts";
import { type Ending, endingOf, refused } from "./ending.ts";
import { hostRequest } from "./guest-request.ts";
import { limitsOf } from "./limits.ts";
import { ModuleError } from "./modules.ts";

const EXTENSIONS = { python: "py", javascript: "js", typescript: "ts" } as const;

/** A program that anyone may have written, in the sandbox. `inputs` is the step's input. */
export async function runCode(step: CodeStep, input: Json, context: RunContext, guest: RunGuest): Promise<Ending> {
  const packages = await readPackages(step, context);
  if (!Array.isArray(packages)) return packages;
  const report = await guest({ guest: guestOf(step, packages), input, limits: limitsOf(step), ...(await hostRequest(step, context)) });
  return endingOf(report.outcome);
}

/** The bytes of its wheels, or how the step ends where one can't be read. */
async function readPackages({ packages = [] }: CodeStep, { modules }: RunContext): Promise<PythonPackage[] | Ending> {
  try {
    return await Promise.all(packages.map(async (path) => ({ name: basename(path), bytes: await modules.read(path, "package") })));
  } catch (error) {
    if (error instanceof ModuleError) return refused("ModuleError", error.message);
    throw error;
  }
}

function guestOf(step: CodeStep, packages: readonly PythonPackage[]): Guest {
  const filename = `${step.id}.${EXTENSIONS[step.language]}`;
  if (step.language !== "python") return { kind: step.language, code: step.code, filename };
  return {
    kind: "python",
    code: step.code,
    filename,
    ...(step.imports === undefined ? {} : { imports: step.imports }),
    ...(packages.length === 0 ? {} : { packages }),
  };
}
