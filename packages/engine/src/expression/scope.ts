import type { Json } from "@glovebox/sandbox";
import { printable } from "../run/printable.ts";
import type { StepState } from "../run/state.ts";
import type { Reference } from "./reference.ts";

/**
 * What the references and expressions of one step may read.
 *
 * - `inputs`: what the run was given. In the expression of a condition alone it is the step's own input, as for every guest; there, what
 *   the run was given is `run.inputs`.
 * - `steps.<id>.output` and `.status` of every step upstream. The output of a step that did not succeed is null.
 * - `run.id`, `run.inputs`.
 */
export interface Scope {
  readonly inputs: Json;
  readonly steps: StepViews;
  readonly run: { readonly id: string; readonly inputs: Json };
  /** Values by name, where templates may hold them: in the arguments of a tool. No guest is ever given them. */
  readonly secrets?: ReadonlyMap<string, string>;
}

/** The steps that may be read, by id. Looked up one by one: most steps read one or two of thousands. */
export interface StepViews {
  get(id: string): StepView | undefined;
  keys(): Iterable<string>;
}

export interface StepView {
  readonly status: StepState;
  readonly output: Json;
}

export type Lookup =
  | { readonly found: true; readonly value: Json }
  /** `last`: all but the last name of the path was found, so in JavaScript it would be undefined. */
  | { readonly found: false; readonly last: boolean; readonly message: string };

/** Looks a plain reference up, by own keys only. Below the output of a step that did not succeed everything is null. */
export function lookUp({ root, path }: Reference, scope: Scope): Lookup {
  if (root === "secrets") return lookUpSecret(path, scope);
  if (root === "item") return missing(false, "`item` exists only inside of a loop");
  if (root !== "steps") return walk(root === "run" ? scope.run : scope.inputs, path, [root]);
  const [id, ...below] = path;
  if (id === undefined) return missing(false, "`steps` needs the id of a step, as in steps.read.output");
  const view = scope.steps.get(String(id));
  if (view === undefined) return missing(false, `there is no step ${JSON.stringify(id)} before this one`);
  if (below[0] === "output" && view.status !== "succeeded") return { found: true, value: null };
  return walk({ status: view.status, output: view.output }, below, ["steps", id]);
}

function lookUpSecret(path: Reference["path"], { secrets }: Scope): Lookup {
  const value = path.length === 1 ? secrets?.get(String(path[0])) : undefined;
  return value === undefined ? missing(false, "there is no such secret here") : { found: true, value };
}

function walk(from: Json, path: readonly (string | number)[], above: readonly (string | number)[]): Lookup {
  let value = from;
  for (const [depth, key] of path.entries()) {
    const next = own(value, key);
    if (next === undefined) {
      const whole = printable(shown([...above, ...path.slice(0, depth)]), 200);
      return missing(depth === path.length - 1, `${whole} ${described(value)} and has no ${JSON.stringify(key)}`);
    }
    value = next;
  }
  return { found: true, value };
}

function own(value: Json, key: string | number): Json | undefined {
  if (Array.isArray(value)) return typeof key === "number" ? value[key] : undefined;
  if (value === null || typeof value !== "object" || !Object.hasOwn(value, key)) return undefined;
  return (value as { readonly [key: string]: Json })[key];
}

function missing(last: boolean, message: string): Lookup {
  return { found: false, last, message };
}

function shown(path: readonly (string | number)[]): string {
  return path.map((key, i) => (typeof key === "number" ? `[${key}]` : i === 0 ? key : `.${key}`)).join("");
}

function described(value: Json): string {
  if (value === null) return "is null";
  if (Array.isArray(value)) return `is a list of ${value.length}`;
  return typeof value === "object" ? "is an object" : `is a ${typeof value}`;
}
