import type { Json, Outcome } from "@glovebox/sandbox";
import type { RunGuest } from "../expression/evaluate.ts";
import { printable } from "../run/printable.ts";
import { SCHEMA_LIMITS } from "./limits.ts";

/** How many problems a message names. */
const PROBLEMS_SHOWN = 5;

export type SchemaVerdict =
  | { readonly kind: "fits" }
  /** One sentence about what does not fit, values' own names made printable. */
  | { readonly kind: "problems"; readonly message: string }
  /** The check itself did not come to an end. */
  | { readonly kind: "ended"; readonly outcome: Exclude<Outcome, { kind: "completed" }> };

/** Checks a value against a JSON Schema, in the sandbox: schemas and values can be made to hold a validator up for long. */
export async function checkSchema(schema: Json, value: Json, guest: RunGuest): Promise<SchemaVerdict> {
  const { outcome } = await guest({ guest: { kind: "schema", schema }, input: value, limits: SCHEMA_LIMITS });
  if (outcome.kind !== "completed") return { kind: "ended", outcome };
  const problems = readProblems(outcome.output);
  if (problems === undefined) return { kind: "ended", outcome: { kind: "trapped", trap: "protocol" } };
  if (problems.length === 0) return { kind: "fits" };
  const more = problems.length > PROBLEMS_SHOWN ? `; and ${problems.length - PROBLEMS_SHOWN} more` : "";
  return { kind: "problems", message: problems.slice(0, PROBLEMS_SHOWN).join("; ") + more };
}

function readProblems(output: Json): readonly string[] | undefined {
  const problems = field(output, "problems");
  if (!Array.isArray(problems)) return undefined;
  const sentences: string[] = [];
  for (const problem of problems as readonly Json[]) {
    const path = field(problem, "path");
    const message = field(problem, "message");
    if (typeof path !== "string" || typeof message !== "string") return undefined;
    sentences.push(`${path === "" ? "the whole" : printable(path, 200)} ${printable(message, 300)}`);
  }
  return sentences;
}

function field(value: Json | undefined, key: string): Json | undefined {
  if (value === undefined || value === null || typeof value !== "object" || Array.isArray(value) || !Object.hasOwn(value, key))
    return undefined;
  return (value as { readonly [key: string]: Json })[key];
}
