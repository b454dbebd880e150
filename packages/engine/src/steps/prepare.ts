import type { Json } from "@glovebox/sandbox";
import { type Evaluated, evaluate, type RunGuest } from "../expression/evaluate.ts";
import { bareExpression, parseReference } from "../expression/reference.ts";
import { lookUp, type Scope } from "../expression/scope.ts";
import { expressionsIn, Filling, quoted, Unresolved } from "../expression/template.ts";
import type { Template } from "../workflow/document.ts";
import { type Ending, endingOf, refused } from "./ending.ts";
import { EXPRESSION_LIMITS } from "./limits.ts";

export type Prepared =
  | { readonly kind: "filled"; readonly values: readonly Json[] }
  /** `when` was false. */
  | { readonly kind: "not_wanted" }
  | { readonly kind: "ended"; readonly ending: Ending };

/**
 * Decides a step's `when`, and fills its templates if that holds. Plain references are looked up here; all expressions go into one
 * guest, and none is evaluated in the host.
 *
 * @throws GloveboxError `INPUT_TOO_LARGE` where the templates come to too much, and those of Sandbox.run()
 */
export async function prepare(when: string | undefined, templates: readonly Template[], scope: Scope, guest: RunGuest): Promise<Prepared> {
  try {
    const gate = when === undefined ? undefined : bareExpression(when).source;
    const reference = gate === undefined ? undefined : parseReference(gate);
    if (gate !== undefined && reference !== undefined) {
      const found = lookUp(reference, scope);
      // JavaScript would see undefined, which is false; a path that ends earlier it would throw at.
      if (!found.found && !found.last) throw new Unresolved(`Cannot resolve ${quoted(gate)}: ${found.message}`);
      if (!found.found || !found.value) return { kind: "not_wanted" };
    }
    const gated = gate !== undefined && reference === undefined;
    const expressions = [...new Set(templates.flatMap(expressionsIn))];
    const sources = gated ? [gate, ...expressions] : expressions;
    const values = new Map<string, Json>();
    if (sources.length > 0) {
      const answer = await evaluate({ sources, gate: gated, truth: false, limits: EXPRESSION_LIMITS }, scope, guest);
      if (!answer.ok) return { kind: "ended", ending: endingOf(answer.outcome) };
      for (const [index, result] of answer.results.entries()) {
        const source = sources[index] ?? "";
        if (result.kind !== "value") return { kind: "ended", ending: expressionEnding(source, result) };
        if (gated && index === 0) {
          if (result.value === false) return { kind: "not_wanted" };
        } else values.set(source, result.value);
      }
    }
    const filling = new Filling(scope, values);
    return { kind: "filled", values: templates.map((template) => filling.fill(template)) };
  } catch (error) {
    if (error instanceof Unresolved) return { kind: "ended", ending: refused("ReferenceError", error.message) };
    throw error;
  }
}

/** The end of an attempt one of whose expressions came to no value. */
export function expressionEnding(source: string, result: Exclude<Evaluated, { kind: "value" }>): Ending {
  if (result.kind === "none")
    return refused(
      "ExpressionError",
      `Cannot use ${quoted(source)}: it came to ${result.type === "undefined" ? "undefined" : `a ${result.type}`}, which is no JSON value`,
    );
  const { name, message } = result;
  return {
    outcome: { kind: "failed", error: { name, message, traceback: `${name}: ${message}\n  in ${quoted(source)}`, by: "guest" } },
    transient: false,
  };
}
