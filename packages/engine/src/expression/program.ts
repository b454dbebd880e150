import type { Json } from "@glovebox/sandbox";
import { readsOf } from "./reads.ts";
import type { Scope } from "./scope.ts";

/**
 * The guest that evaluates expressions. They reach it as data and each becomes a function of its own, so that one with an error in it
 * does not break the others. With `gate` the first one decides whether the rest is evaluated at all. What it returns is a list, one
 * `{ value }`, `{ none }` or `{ error }` for each that was evaluated; with `truth` values are true or false. What the engine throws for
 * want of memory or stack is not caught: then the guest has ended at a limit, and that is what is to be told.
 */
export const EVALUATOR = `
const { sources, scope, gate, truth } = inputs;
const results = [];
for (let i = 0; i < sources.length; i++) {
  try {
    const evaluate = new Function("inputs", "steps", "run", '"use strict"; return (' + sources[i] + "\\n);");
    const value = evaluate(scope.inputs, scope.steps, scope.run);
    const judged = truth || (gate && i === 0);
    if (judged) results.push({ value: !!value });
    else results.push(JSON.stringify(value) === undefined ? { none: typeof value } : { value });
    if (gate && i === 0 && !value) break;
  } catch (error) {
    if (error instanceof InternalError) throw error;
    results.push({ error: error instanceof Error ? { name: String(error.name), message: String(error.message) } : { name: "Error", message: String(error) } });
    if (gate && i === 0) break;
  }
}
return results;
`;

/**
 * The part of a scope that expressions can read, as JSON: of the steps only those that are named, and outputs only where more
 * than the status is read. A computed name (`steps[x]`) brings all of them.
 */
export function scopeFor(sources: readonly string[], scope: Scope): Json {
  const outputs = new Set<string>();
  const named = new Set<string>();
  let inputs = false;
  let runInputs = false;
  for (const { root, path } of sources.flatMap(readsOf)) {
    if (root === "inputs") inputs = true;
    if (root === "run" && path[0] !== "id") runInputs = true;
    if (root !== "steps") continue;
    const ids = path[0] === undefined ? scope.steps.keys() : [String(path[0])];
    for (const id of ids) {
      named.add(id);
      if (path[1] !== "status") outputs.add(id);
    }
  }
  const steps: [string, Json][] = [];
  for (const id of named) {
    const view = scope.steps.get(id);
    if (view !== undefined) steps.push([id, outputs.has(id) ? { status: view.status, output: view.output } : { status: view.status }]);
  }
  return {
    inputs: inputs ? scope.inputs : null,
    steps: Object.fromEntries(steps),
    run: runInputs ? scope.run : { id: scope.run.id },
  };
}
