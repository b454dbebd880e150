import type { Problem } from "./document.ts";
import type { Source } from "./source.ts";
import { escaped, quoted, showable } from "./text.ts";

/** Columns of a line that are shown; a longer line is cut around the place. */
const SHOWN_COLUMNS = 120;
const LEAD = 30;

/** Characters that take two columns of a terminal. */
const WIDE = /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6]|\p{Emoji_Presentation}/u;
const ZERO = /[\p{Mn}\p{Me}]/u;

/**
 * A problem as a person reads it: `file:line:column: error: message [code]`, the line, a caret under the place, and a suggestion.
 * No colours, no newline at the end. Nothing in it is obeyed by a terminal, whatever the document holds.
 */
export function renderProblem(problem: Problem, source: Source): string {
  const { line, column, length } = problem.place;
  const head = `${escaped(source.file)}:${line}:${column}: ${problem.severity}: ${problem.message} [${problem.code}]`;
  const number = String(line).padStart(5);
  const gutter = " ".repeat(number.length);
  const lines = [head];
  if (source.text !== "" && length > 0) {
    const shown = excerpt(source.line(line), column - 1, length);
    lines.push(`${number} | ${shown.text}`, `${gutter} | ${shown.marks}`);
  }
  if (problem.hint !== undefined) lines.push(`${gutter} = did you mean ${quoted(problem.hint)}?`);
  return lines.join("\n");
}

/** All problems, one after another, in the order given. */
export function renderProblems(problems: readonly Problem[], source: Source): string {
  return problems.map((problem) => `${renderProblem(problem, source)}\n`).join("");
}

/** Problems as data for `--json`: what {@link Problem} has, with the file and the place flat. */
export function problemsAsJson(problems: readonly Problem[], source: Source): readonly ProblemRecord[] {
  return problems.map(({ severity, code, message, place, hint }) => ({
    file: source.file,
    ...place,
    severity,
    code,
    message,
    ...(hint === undefined ? {} : { hint }),
  }));
}

/** A problem in JSON. `line` and `column` are 1-based; `column` and `length` count UTF-16 units. */
export interface ProblemRecord {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly length: number;
  readonly severity: Problem["severity"];
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

function excerpt(line: string, start: number, length: number): { text: string; marks: string } {
  let from = 0;
  let to = line.length;
  if (line.length > SHOWN_COLUMNS) {
    from = start + length > SHOWN_COLUMNS ? Math.max(0, start - LEAD) : 0;
    to = Math.min(line.length, from + SHOWN_COLUMNS);
  }
  // Lone halves of a pair at a cut become one replacement character each, as wide as one.
  const before = showable(line.slice(from, start).toWellFormed());
  const marked = showable(line.slice(start, Math.min(start + length, to)).toWellFormed());
  const after = showable(line.slice(Math.max(start, Math.min(start + length, to)), to).toWellFormed());
  const lead = from > 0 ? "…" : "";
  const columns = Math.max(1, width(marked));
  return {
    text: `${lead}${before}${marked}${after}${to < line.length ? "…" : ""}`.trimEnd(),
    marks: `${lead === "" ? "" : " "}${blanks(before)}^${"~".repeat(columns - 1)}`,
  };
}

/** Blanks as wide as the text; tabs stay tabs, so that they are as wide as above. */
function blanks(text: string): string {
  return Array.from(text, (char) => (char === "\t" ? char : " ".repeat(width(char)))).join("");
}

function width(text: string): number {
  let columns = 0;
  for (const char of text) columns += ZERO.test(char) ? 0 : WIDE.test(char) ? 2 : 1;
  return columns;
}
