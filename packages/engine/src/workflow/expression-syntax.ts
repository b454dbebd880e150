import type { Json, Outcome } from "@glovebox/sandbox";
import type { GuestRunner } from "../steps/context.ts";
import type { Findings } from "./findings.ts";
import type { PlacedPattern } from "./pending.ts";
import type { Span } from "./source.ts";
import type { PlacedExpression } from "./templates.ts";
import { escaped } from "./text.ts";

/**
 * Parses, and runs nothing. Every expression is tried in two kinds of brackets: `1); (2` parses in one of them, and is no expression.
 * The source has lines of its own, so that the place of an error needs no arithmetic but the engine's two lines before a function's body.
 */
const CHECKER = `
const answer = (make) => {
  try {
    make();
    return null;
  } catch (error) {
    const at = /:(\\d+):(\\d+)/.exec(String(error.stack)) ?? [];
    return { message: String(error.message), line: Number(at[1] ?? 0) - 3, column: Number(at[2] ?? 0) };
  }
};
const parse = (source) => {
  for (const [open, close] of ["()", "[]"]) new Function("inputs", "steps", "run", '"use strict"; return ' + open + "\\n" + source + "\\n" + close);
};
return {
  expressions: inputs.expressions.map((source) => answer(() => parse(source))),
  patterns: inputs.patterns.map((source) => answer(() => new RegExp(source, "u"))),
};
`;

const MESSAGE_MAX = 200;

/** Parses all expressions and patterns of a document, in one guest. What does not parse is refused at its place. */
export async function checkSyntax(
  expressions: readonly PlacedExpression[],
  patterns: readonly PlacedPattern[],
  findings: Findings,
  { sandbox, isolationKey, signal }: { readonly sandbox: GuestRunner; readonly isolationKey: string; readonly signal?: AbortSignal },
): Promise<void> {
  const empty = expressions.filter(({ source }) => source.trim() === "");
  for (const { span } of empty) findings.error("expression-syntax", () => span(0, 1), "the expression is empty");
  const asked = expressions.filter(({ source }) => source.trim() !== "");
  const [first] = [
    ...asked.map(
      ({ span }) =>
        () =>
          span(0, 1),
    ),
    ...patterns.map(({ span }) => span),
  ];
  if (first === undefined) return;
  const { outcome } = await sandbox.run({
    guest: { kind: "javascript", code: CHECKER, filename: "expressions.js" },
    input: { expressions: asked.map(({ source }) => source), patterns: patterns.map(({ source }) => source) },
    isolationKey,
    ...(signal === undefined ? {} : { signal }),
  });
  const answers = outcome.kind === "completed" ? readAnswers(outcome.output, asked.length, patterns.length) : undefined;
  if (answers === undefined) {
    findings.error(
      "not-checked",
      first,
      `the expressions of the document could not be checked: the guest that parses them ended as ${ending(outcome)}`,
    );
    return;
  }
  for (const [index, answer] of answers.expressions.entries()) {
    const expression = asked[index];
    if (answer === undefined || expression === undefined) continue;
    const { source, span } = expression;
    const offset = offsetOf(source, answer);
    if (offset === "end")
      findings.error("expression-syntax", () => span(source.trimEnd().length - 1, 1), "the expression does not parse: it ends too early");
    else {
      const at = (): Span => (offset === undefined ? span(0, source.length) : span(offset, 1));
      findings.error("expression-syntax", at, `the expression does not parse: ${answer.message}`);
    }
  }
  for (const [index, answer] of answers.patterns.entries()) {
    const pattern = patterns[index];
    if (answer !== undefined && pattern !== undefined)
      findings.error("pattern-syntax", pattern.span, `the pattern is no regular expression: ${answer.message}`);
  }
}

function ending(outcome: Outcome): string {
  if (outcome.kind === "trapped") return `${outcome.kind} (${outcome.trap})`;
  return outcome.kind === "exhausted" ? `${outcome.kind} (${outcome.limit})` : outcome.kind;
}

/** What a guest found; its words are the engine's, quoting the document. Line and column are 1-based, in the source itself. */
interface Answer {
  readonly message: string;
  readonly line: number;
  readonly column: number;
}

/** The guest ran the checker alone, yet what comes back is looked at like anything that comes out of a cell. */
function readAnswers(
  output: Json,
  expressions: number,
  patterns: number,
): { expressions: (Answer | undefined)[]; patterns: (Answer | undefined)[] } | undefined {
  const forExpressions = readList(field(output, "expressions"), expressions);
  const forPatterns = readList(field(output, "patterns"), patterns);
  return forExpressions === undefined || forPatterns === undefined ? undefined : { expressions: forExpressions, patterns: forPatterns };
}

function readList(value: Json | undefined, length: number): (Answer | undefined)[] | undefined {
  if (!Array.isArray(value) || value.length !== length) return undefined;
  const answers: (Answer | undefined)[] = [];
  for (const item of value as readonly Json[]) {
    if (item === null) answers.push(undefined);
    else {
      const [message, line, column] = [field(item, "message"), field(item, "line"), field(item, "column")];
      if (typeof message !== "string" || typeof line !== "number" || typeof column !== "number") return undefined;
      answers.push({ message: lowered(escaped(message.slice(0, MESSAGE_MAX))), line, column });
    }
  }
  return answers;
}

function lowered(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1);
}

function field(value: Json | undefined, key: string): Json | undefined {
  if (value === undefined || value === null || typeof value !== "object" || Array.isArray(value) || !Object.hasOwn(value, key))
    return undefined;
  return (value as { readonly [key: string]: Json })[key];
}

/** `end`: behind all of the source, at the bracket that closes it. */
function offsetOf(source: string, { line, column }: Answer): number | "end" | undefined {
  const lines = source.split("\n");
  if (line === lines.length + 1) return "end";
  const at = lines[line - 1];
  if (at === undefined || column < 1 || column > at.length) return undefined;
  return lines.slice(0, line - 1).reduce((sum, { length }) => sum + length + 1, 0) + column - 1;
}
