import { maskLiterals } from "./mask.ts";

/** What a document may read without any code: `inputs.orders`, `steps.read.output.rows[0]`, `steps.read.status`, `run.id`. */
export interface Reference {
  readonly root: ReferenceRoot;
  /** Names and indexes below the root, to be looked up by own keys. */
  readonly path: readonly (string | number)[];
}

export const REFERENCE_ROOTS = ["inputs", "steps", "run", "item", "secrets"] as const;
export type ReferenceRoot = (typeof REFERENCE_ROOTS)[number];

/** A piece of a string in a template. A template of one part that is no text keeps that part's type; else parts are joined as text. */
export type TemplatePart =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "reference"; readonly reference: Reference; readonly source: string; readonly offset: number }
  /** JavaScript for the sandbox. `offset` is that of `source` in the string, UTF-16 units. */
  | { readonly kind: "expression"; readonly source: string; readonly offset: number };

export interface ParsedTemplate {
  readonly parts: readonly TemplatePart[];
  /** Offset of a `${{` that is never closed; the rest from there on is its last text. The loader refuses such a document. */
  readonly unclosedAt?: number;
}

const NAME = /\.([\p{ID_Start}$_][\p{ID_Continue}$]*)/uy;
/** Directly below `steps` a name is a step's id, which may hold dashes: no document subtracts from a step. */
const STEP_ID = /\.([A-Za-z0-9_][A-Za-z0-9_-]*)/y;
const INDEX = /\[(?:(0|[1-9]\d{0,9})|"([^"\\\n]*)"|'([^'\\\n]*)')\]/y;

/** The reference that `source` is, spaces around it aside; undefined where it is anything more, which makes it an expression. */
export function parseReference(source: string): Reference | undefined {
  const text = source.trim();
  const root = REFERENCE_ROOTS.find((name) => text.startsWith(name));
  if (root === undefined) return undefined;
  const path: (string | number)[] = [];
  let at = root.length;
  while (at < text.length) {
    const named = matchAt(root === "steps" && path.length === 0 ? STEP_ID : NAME, text, at);
    const indexed = named === null ? matchAt(INDEX, text, at) : null;
    const match = named ?? indexed;
    if (match === null) return undefined;
    path.push(match[1] === undefined || named !== null ? (match[1] ?? match[2] ?? match[3] ?? "") : Number(match[1]));
    at += match[0].length;
  }
  return { root, path };
}

/** Splits a string at its `${{ ... }}`. Pure and linear; what is inside is not judged, only told apart. */
export function parseTemplate(text: string): ParsedTemplate {
  const parts: TemplatePart[] = [];
  let from = 0;
  let brackets = true;
  for (;;) {
    const start = text.indexOf("${{", from);
    if (start < 0) break;
    const offset = start + 3;
    let end = -1;
    if (brackets) {
      const mask = maskLiterals(text, offset, true);
      if (mask.closed) end = mask.end;
      // Brackets that never match are the expression's own fault: from now on the next `}}` ends one, which keeps this linear.
      else brackets = false;
    }
    if (end < 0) end = text.indexOf("}}", offset);
    if (end < 0) return { parts: withText(parts, text.slice(from)), unclosedAt: start };
    withText(parts, text.slice(from, start));
    const source = text.slice(offset, end);
    const reference = parseReference(source);
    parts.push(reference === undefined ? { kind: "expression", source, offset } : { kind: "reference", reference, source, offset });
    from = end + 2;
  }
  return { parts: withText(parts, text.slice(from)) };
}

/** The JavaScript of a `when` or a condition, which may be written bare or as one `${{ ... }}`; `offset` is its place in `text`. */
export function bareExpression(text: string): { readonly source: string; readonly offset: number } {
  const { parts } = parseTemplate(text.trim());
  const [only] = parts;
  const lead = text.length - text.trimStart().length;
  if (parts.length !== 1 || only === undefined || only.kind === "text") return { source: text, offset: 0 };
  return { source: only.source, offset: lead + only.offset };
}

function withText(parts: TemplatePart[], text: string): TemplatePart[] {
  if (text !== "") parts.push({ kind: "text", text });
  return parts;
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}
