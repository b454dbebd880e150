import { GUEST_TEXT_MAX, type GuestReport, type Json, type Outcome, type Request } from "@glovebox/sandbox";
import type { GuestPurpose } from "../record/entry.ts";
import { printable } from "../run/printable.ts";
import { EVALUATOR, scopeFor } from "./program.ts";
import type { Scope } from "./scope.ts";

const NAME_MAX = 100;

/** Runs a guest of the attempt: what it costs and logs is added to the attempt's. */
export type RunGuest = (request: GuestRequest) => Promise<GuestReport>;

export type GuestRequest = Pick<Request, "guest" | "input" | "limits" | "grants" | "hostLimits" | "secrets" | "acceptOutput"> & {
  /** Missing: `schema` where it checks a value, else `work`. */
  readonly purpose?: GuestPurpose;
};

/** What one expression came to. `none`: to nothing that JSON has (undefined, a function). */
export type Evaluated =
  | { readonly kind: "value"; readonly value: Json }
  | { readonly kind: "none"; readonly type: string }
  | { readonly kind: "error"; readonly name: string; readonly message: string };

export interface Question {
  readonly sources: readonly string[];
  /** The first expression decides whether the others are evaluated; it comes to true or false. */
  readonly gate: boolean;
  /** All of them come to true or false, as JavaScript sees it. */
  readonly truth: boolean;
  readonly limits: Request["limits"];
  /** What the expressions may ask of the host. Missing: nothing. */
  readonly host?: Pick<GuestRequest, "grants" | "hostLimits" | "secrets">;
}

export type Answer =
  | { readonly ok: true; readonly results: readonly Evaluated[] }
  /** The guest did not get to an answer: a limit, a trap, an interruption. Never `completed`. */
  | { readonly ok: false; readonly outcome: Outcome };

/** Evaluates expressions, all of them in one guest and none in the host. The answer may be shorter than the question where a gate closed. */
export async function evaluate(question: Question, scope: Scope, guest: RunGuest): Promise<Answer> {
  const { outcome } = await guest({
    purpose: question.host === undefined ? "expression" : "work",
    guest: { kind: "javascript", code: EVALUATOR, filename: "expression.js" },
    input: { sources: question.sources, scope: scopeFor(question.sources, scope), gate: question.gate, truth: question.truth },
    ...(question.limits === undefined ? {} : { limits: question.limits }),
    ...question.host,
  });
  if (outcome.kind !== "completed") return { ok: false, outcome };
  const results = readResults(outcome.output, question);
  // The guest's own code can replace what the evaluator is made of, so its answer is as hostile as any.
  return results === undefined ? { ok: false, outcome: { kind: "trapped", trap: "protocol" } } : { ok: true, results };
}

function readResults(output: Json, { sources, gate, truth }: Question): readonly Evaluated[] | undefined {
  if (!Array.isArray(output) || output.length > sources.length) return undefined;
  const results: Evaluated[] = [];
  for (const [index, item] of (output as readonly Json[]).entries()) {
    const result = readResult(item);
    if (result === undefined) return undefined;
    if ((truth || (gate && index === 0)) && result.kind === "value" && typeof result.value !== "boolean") return undefined;
    results.push(result);
  }
  const [first] = results;
  const closed = gate && first !== undefined && (first.kind !== "value" || first.value === false);
  return results.length === (closed ? 1 : sources.length) ? results : undefined;
}

function readResult(item: Json): Evaluated | undefined {
  const value = field(item, "value");
  if (value !== undefined) return { kind: "value", value };
  const none = field(item, "none");
  if (typeof none === "string") return { kind: "none", type: none.slice(0, 16) };
  const error = field(item, "error");
  const name = error === undefined ? undefined : field(error, "name");
  const message = error === undefined ? undefined : field(error, "message");
  if (typeof name !== "string" || typeof message !== "string") return undefined;
  return { kind: "error", name: printable(name, NAME_MAX), message: printable(message, GUEST_TEXT_MAX) };
}

function field(value: Json, key: string): Json | undefined {
  if (value === null || typeof value !== "object" || Array.isArray(value) || !Object.hasOwn(value, key)) return undefined;
  return (value as { readonly [key: string]: Json })[key];
}
