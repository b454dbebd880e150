import type { Problem } from "./document.ts";
import type { ProblemCode } from "./problems.ts";
import type { Source, Span } from "./source.ts";

/** Problems of one document that are kept; what is beyond is counted. */
export const PROBLEMS_MAX = 100;

/** Said only when it is needed: beyond {@link PROBLEMS_MAX} nothing is worked out any more. */
type Lazy<T> = T | (() => T);

/** Collects what is wrong with a document, by offset, and hands it out in the order of the file. */
export class Findings {
  readonly source: Source;
  readonly #found: { readonly start: number; readonly problem: Problem }[] = [];
  #errors = 0;
  #dropped = 0;

  /** `before`: what was found in the same source already. */
  constructor(source: Source, before: readonly Problem[] = []) {
    this.source = source;
    for (const problem of before) {
      this.#found.push({ start: source.lineStart(problem.place.line) + problem.place.column - 1, problem });
      if (problem.severity === "error") this.#errors += 1;
    }
  }

  /** Whether the document can't be run. */
  get failed(): boolean {
    return this.#errors > 0;
  }

  error(code: ProblemCode, at: Lazy<Span>, message: string, hint?: Lazy<string | undefined>): void {
    this.#errors += 1;
    this.#add("error", code, at, message, hint);
  }

  warning(code: ProblemCode, at: Lazy<Span>, message: string, hint?: Lazy<string | undefined>): void {
    this.#add("warning", code, at, message, hint);
  }

  /** In the order of the file; at one place, in the order found. */
  problems(): readonly Problem[] {
    const sorted = this.#found.toSorted((a, b) => a.start - b.start).map(({ problem }) => problem);
    if (this.#dropped === 0) return sorted;
    const last = sorted.at(-1)?.place ?? { line: 1, column: 1, length: 0 };
    const code: ProblemCode = "too-many-problems";
    const place = { line: last.line, column: last.column, length: 0 };
    return [...sorted, { severity: "error", code, place, message: `${this.#dropped} more problems are not shown` }];
  }

  #add(severity: Problem["severity"], code: ProblemCode, at: Lazy<Span>, message: string, lazyHint: Lazy<string | undefined>): void {
    if (this.#found.length >= PROBLEMS_MAX) {
      this.#dropped += 1;
      return;
    }
    const span = typeof at === "function" ? at() : at;
    const hint = typeof lazyHint === "function" ? lazyHint() : lazyHint;
    const place = this.source.place(span);
    this.#found.push({ start: span.start, problem: { severity, code, message, place, ...(hint === undefined ? {} : { hint }) } });
  }
}
