import { stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import {
  BUILTIN_TOOLS,
  checkWorkflow,
  loadWorkflow,
  type Policy,
  type Problem,
  type Source,
  type Surroundings,
  toolsByName,
  type Workflow,
} from "@glovebox/engine";

/** A document with everything checked that can be. */
export interface CheckedDocument {
  /** Missing where a problem is an error. */
  readonly workflow?: Workflow;
  readonly problems: readonly Problem[];
  readonly source: Source;
}

/** Loads a document under what the operator allows, and checks it with all that this installation has. Guests run in `sandbox`; one where it has expressions. */
export async function checkDocument(
  file: string,
  text: string,
  policy: Policy,
  surroundings: Pick<Surroundings, "sandbox" | "isolationKey" | "signal">,
): Promise<CheckedDocument> {
  const loaded = loadWorkflow(text, { file, policy });
  const folder = dirname(resolve(file));
  const problems = await checkWorkflow(loaded, {
    ...surroundings,
    tools: toolsByName(BUILTIN_TOOLS),
    moduleExists: (path) =>
      stat(resolve(folder, path)).then(
        (stats) => stats.isFile(),
        () => false,
      ),
  });
  const { workflow, source } = loaded;
  const refused = workflow === undefined || problems.some(({ severity }) => severity === "error");
  return { ...(refused ? {} : { workflow }), problems, source };
}
