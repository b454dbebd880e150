import { readFile, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import {
  BUILTIN_TOOLS,
  checkWorkflow,
  loadWorkflow,
  renderProblems,
  type RunOptions,
  type RunResult,
  runWorkflow,
  toolsByName,
  type Workflow,
} from "@glovebox/engine";
import type { Sandbox } from "@glovebox/sandbox";

export const EXAMPLES = dirname(fileURLToPath(import.meta.url));

/** An example with everything checked that can be; a problem of any kind makes it throw, with all of them told. */
export async function openExample(name: string, sandbox: Sandbox): Promise<Workflow> {
  const file = join(EXAMPLES, name);
  const loaded = loadWorkflow(await readFile(file, "utf8"), { file });
  const problems = await checkWorkflow(loaded, {
    sandbox,
    isolationKey: "check",
    tools: toolsByName(BUILTIN_TOOLS),
    moduleExists: (path) => stat(resolve(EXAMPLES, path)).then((stats) => stats.isFile()),
  });
  if (loaded.workflow === undefined || problems.length > 0) throw new Error(renderProblems(problems, loaded.source));
  return loaded.workflow;
}

export async function runExample(name: string, sandbox: Sandbox, options: Pick<RunOptions, "input" | "folder"> = {}): Promise<RunResult> {
  return runWorkflow(await openExample(name, sandbox), { sandbox, ...options });
}

/** The states of a run's steps, by id. */
export function statesOf(result: RunResult): Record<string, string> {
  return Object.fromEntries(result.steps.map(({ id, state }) => [id, state]));
}
