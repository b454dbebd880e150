import { readsOf } from "../expression/reads.ts";
import { bareExpression, parseReference, parseTemplate, REFERENCE_ROOTS, type Reference } from "../expression/reference.ts";
import type { Findings } from "./findings.ts";
import type { Source, Span } from "./source.ts";
import { nearest, quoted } from "./text.ts";
import type { Node, ScalarNode } from "./tree.ts";

/** Characters of one expression. More than that is a program: it belongs in a code step. */
const EXPRESSION_LENGTH_MAX = 10_000;

/** JavaScript that is only a name, and names below it. */
const PATH = /^\s*([A-Za-z_$][\w$]*)(?:\.[A-Za-z_$][\w$]*)*\s*$/;
/** `{{ steps.a.output }}` without a dollar in front of it. */
const UNMARKED = new RegExp(`(?<!\\$)\\{\\{\\s{0,20}(?:${REFERENCE_ROOTS.join("|")})\\.[^{}]{1,200}\\}\\}`, "g");
/** What such a path may begin with: our roots (`steps.a?.b` is no path, `inputs` is), and what the language has. */
const GLOBALS: ReadonlySet<string> = new Set([
  ...REFERENCE_ROOTS,
  ..."true false null undefined NaN Infinity this globalThis Array BigInt Boolean Date JSON Math Number Object String".split(" "),
]);

/** A name that a template or an expression reads. */
export interface PlacedRead extends Reference {
  /** What `inputs` stands for: the run's inputs, or the input of the step itself (in a condition, as in code). */
  readonly scope: "run" | "step";
  /** It is all there is of its template: an unknown path there is a mistake, and no JavaScript. */
  readonly plain: boolean;
  readonly written: string;
  /** A secret may stand here: what it is part of is handed to trusted code only, and it is no part of a program. */
  readonly secrets: boolean;
  readonly span: () => Span;
}

/** An expression whose syntax is yet to be checked, in a cell. */
export interface PlacedExpression {
  readonly source: string;
  /** The span of `length` characters from `offset` in `source`. */
  readonly span: (offset: number, length: number) => Span;
}

/** Collects reads and expressions; what can't be a template is refused. Linear in the text. */
export class ReadCollector {
  readonly reads: PlacedRead[] = [];
  readonly #expressions: PlacedExpression[];
  readonly #findings: Findings;

  /** Expressions are added to `reading`'s; reads are kept here. */
  constructor({ findings, expressions }: { readonly findings: Findings; readonly expressions: PlacedExpression[] }) {
    this.#findings = findings;
    this.#expressions = expressions;
  }

  /** All strings in a value, keys of mappings aside: they are never templates. */
  template(node: Node, secrets = false): void {
    if (node.kind === "list") for (const item of node.items) this.template(item, secrets);
    else if (node.kind === "map") for (const { value } of node.entries.values()) this.template(value, secrets);
    else if (typeof node.value === "string") {
      this.#lookForUnmarked(node, node.value);
      if (node.value.includes("${{")) this.#text(node, node.value, secrets);
    }
  }

  /** The JavaScript of a `when` or a condition, bare or as one template; `scope` as in {@link PlacedRead}. Hands back what to run. */
  expression(node: Node, written: string, scope: PlacedRead["scope"]): string {
    if (/^\s*\{\{/.test(written)) {
      const message = "an expression stands by itself, or in `${{` and `}}`";
      this.#findings.error("expression-syntax", node, message);
      return written;
    }
    const { source, offset } = bareExpression(written);
    const reference = parseReference(source);
    if (reference !== undefined && node.kind === "scalar") this.#reference(node, reference, source, offset, scope, false);
    else if (node.kind === "scalar") this.#code(node, source, offset, scope);
    return source.trim();
  }

  /** What other engines write as a template is text here: one that reads what there is to read was meant as one. */
  #lookForUnmarked(node: ScalarNode, text: string): void {
    for (const { index, 0: found } of text.matchAll(UNMARKED)) {
      const span = (): Span => spanInScalar(this.#findings.source, node, index, found.length);
      this.#findings.warning("template-unmarked", span, `${quoted(found)} is taken as text: a template begins with \`\${{\``);
    }
  }

  #text(node: ScalarNode, text: string, secrets: boolean): void {
    const { parts, unclosedAt } = parseTemplate(text);
    if (unclosedAt !== undefined) {
      const span = (): Span => spanInScalar(this.#findings.source, node, unclosedAt, 3);
      this.#findings.error("template-unclosed", span, "this `${{` has no `}}` behind it");
    }
    for (const part of parts) {
      if (part.kind === "reference") this.#reference(node, part.reference, part.source, part.offset, "run", secrets);
      else if (part.kind === "expression") this.#code(node, part.source, part.offset, "run");
    }
  }

  #reference(node: ScalarNode, reference: Reference, source: string, offset: number, scope: PlacedRead["scope"], secrets: boolean): void {
    const written = source.trim();
    const start = offset + source.length - source.trimStart().length;
    const span = (): Span => spanInScalar(this.#findings.source, node, start, written.length);
    this.reads.push({ ...reference, scope, plain: true, written, secrets, span });
  }

  #code(node: ScalarNode, source: string, offset: number, scope: PlacedRead["scope"]): void {
    const spanOf = (at: number, length: number): Span => spanInScalar(this.#findings.source, node, offset + at, length);
    if (source.length > EXPRESSION_LENGTH_MAX) {
      const message = `the expression is longer than ${EXPRESSION_LENGTH_MAX} characters: a code step has room for it`;
      this.#findings.error("expression-too-long", () => spanOf(0, 1), message);
      return;
    }
    const [, name] = PATH.exec(source) ?? [];
    if (name !== undefined && !GLOBALS.has(name)) {
      const message = `${quoted(source.trim())}: there is no ${quoted(name)}; what can be read is ${REFERENCE_ROOTS.slice(0, 3).join(", ")}`;
      const start = source.length - source.trimStart().length;
      this.#findings.error(
        "unknown-reference",
        () => spanOf(start, source.trim().length),
        message,
        () => nearest(name, REFERENCE_ROOTS),
      );
      return;
    }
    this.#expressions.push({ source, span: spanOf });
    for (const { root, path, offset: at, length } of readsOf(source)) {
      const written = source.slice(at, at + length);
      this.reads.push({ root, path, scope, plain: false, written, secrets: false, span: () => spanOf(at, length) });
    }
  }
}

/**
 * The span of a piece of a scalar's value. What is written differs from the value by quotes, escapes, indentation and folding, so the
 * piece is searched for as it stands, the same one of several; where it does not stand there, the whole scalar is meant.
 */
function spanInScalar(source: Source, node: ScalarNode, offset: number, length: number): Span {
  const value = String(node.value);
  const written = source.text.slice(node.start, node.end);
  const [piece = ""] = value.slice(offset, offset + length).split("\n");
  if (piece === "") return node;
  let before = 0;
  for (let at = value.indexOf(piece); at >= 0 && at < offset; at = value.indexOf(piece, at + 1)) before += 1;
  let found = written.indexOf(piece, node.style === "quoted" ? 1 : 0);
  for (; before > 0 && found >= 0; before -= 1) found = written.indexOf(piece, found + 1);
  return found < 0 ? node : { start: node.start + found, end: node.start + found + piece.length };
}
