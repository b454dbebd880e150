import { Composer, CST, type Document, isAlias, isMap, isScalar, isSeq, Lexer, type ParsedNode, Parser, type Scalar } from "yaml";
import type { Findings } from "./findings.ts";
import type { Source, Span } from "./source.ts";
import { escaped, quoted } from "./text.ts";
import type { Entry, Node } from "./tree.ts";

/** Lexical tokens of a document: some 25,000 lines, or 5,000 steps. A megabyte of brackets is given up on here, before it costs a second. */
const TOKENS_MAX = 200_000;
/** Levels of nesting, through aliases too. What comes after walks the tree by recursion. */
const DEPTH_MAX = 100;
/** Values that aliases may add to those written out. */
const ALIASED_MAX = 10_000;
/** Errors of syntax that are shown: one is most often the cause of all that follow. */
const SYNTAX_ERRORS_MAX = 5;

/** What YAML 1.2 doesn't allow in a document, raw. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
const NOT_PRINTABLE = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u0084\u0086-\u009F\uFEFF\uFFFE\uFFFF]|\p{Cs}/gu;
const BIDI_CONTROL = /\p{Bidi_Control}/gu;

/**
 * Reads YAML 1.2 (so JSON too) of at most `DOCUMENT_BYTES_MAX` into a tree with places. Only the core schema is read, nothing is constructed, and all work is bounded
 * before it is done; what is refused is in `findings`. Undefined: there is no tree that would be worth looking at.
 */
export function parseDocument(source: Source, findings: Findings): Node | undefined {
  const { text } = source;
  refuseCharacters(text, findings);
  if (findings.failed) return undefined;
  const tokens = tokensOf(text, findings);
  if (tokens === undefined) return undefined;
  const documents = compose(tokens, text.length);
  const [document, second] = documents;
  let lastLine = 0;
  let shown = 0;
  for (const error of documents.flatMap(({ errors }) => errors)) {
    const span = { start: error.pos[0], end: error.pos[1] };
    const line = source.lineAt(span.start);
    if (line === lastLine || shown === SYNTAX_ERRORS_MAX) continue;
    lastLine = line;
    shown += 1;
    findings.error("yaml-syntax", span, sentence(error.message));
  }
  if (second !== undefined) {
    findings.error(
      "yaml-unsupported",
      { start: second.range[0], end: second.range[0] + 1 },
      "a file holds one document: what follows `...` is a second one",
    );
  }
  const contents = document?.contents;
  if (findings.failed || contents === undefined) return undefined;
  if (contents === null || (isScalar(contents) && contents.value === null && contents.source === "")) {
    findings.error("document-empty", { start: 0, end: 0 }, "the document is empty");
    return undefined;
  }
  return new TreeBuilder(text, findings).build(contents as ParsedNode);
}

/** Synchronous. Nobody sees the stacks of the library's errors, and a hundred thousand of them would take seconds. */
function compose(tokens: readonly CST.Token[], length: number): Document.Parsed[] {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    const composer = new Composer({
      version: "1.2",
      schema: "core",
      merge: false,
      uniqueKeys: false,
      logLevel: "silent",
      prettyErrors: false,
    });
    return [...composer.compose(tokens, true, length)];
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function refuseCharacters(text: string, findings: Findings): void {
  let shown = 0;
  for (const match of text.matchAll(NOT_PRINTABLE)) {
    if (shown === SYNTAX_ERRORS_MAX) break;
    shown += 1;
    const span = { start: match.index, end: match.index + 1 };
    findings.error(
      "control-character",
      span,
      `the character ${codePoint(match[0])} may not stand in a document; in double quotes it can be escaped`,
    );
  }
  shown = 0;
  for (const match of text.matchAll(BIDI_CONTROL)) {
    if (shown === SYNTAX_ERRORS_MAX) break;
    shown += 1;
    const span = { start: match.index, end: match.index + 1 };
    findings.warning(
      "bidi-control",
      span,
      `the character ${codePoint(match[0])} changes the direction of the text after it: what is shown is not what is run`,
    );
  }
}

/** Drives the lexer and the parser token by token, so that size, depth and what is not read are decided before anything is built. */
function tokensOf(text: string, findings: Findings): CST.Token[] | undefined {
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  let count = 0;
  let scalarFollows = false;
  let contentSeen = false;
  for (const lexeme of new Lexer().lex(text)) {
    count += 1;
    if (count > TOKENS_MAX) {
      findings.error(
        "document-too-large",
        { start: parser.offset, end: parser.offset + 1 },
        `the document has more than ${TOKENS_MAX} tokens`,
      );
      return undefined;
    }
    const type: string | null | undefined = scalarFollows ? undefined : CST.tokenType(lexeme);
    const span = { start: parser.offset, end: parser.offset + lexeme.length };
    if (type === "tag")
      findings.error("yaml-unsupported", span, `the tag ${quoted(lexeme)} is not read: a text is written in quotes, all else as it is`);
    if (type === "directive-line") findings.error("yaml-unsupported", span, `the directive ${quoted(lexeme)} is not read`);
    if (type === "doc-start" && contentSeen) {
      findings.error("yaml-unsupported", span, "a file holds one document: what follows `---` is a second one");
    }
    scalarFollows = type === "scalar";
    contentSeen ||= typeof type === "string" && !OUTSIDE.has(type);
    for (const token of parser.next(lexeme)) tokens.push(token);
    if (parser.stack.length > DEPTH_MAX) {
      findings.error("document-too-large", span, `the document is nested deeper than ${DEPTH_MAX} levels`);
      return undefined;
    }
  }
  for (const token of parser.end()) tokens.push(token);
  return findings.failed ? undefined : tokens;
}

/** What may stand before a document's `---`. */
const OUTSIDE = new Set<string>(["byte-order-mark", "doc-mode", "space", "comment", "newline"]);

/** Turns what the composer made into the tree: aliases resolved and counted, keys made sure of, numbers kept exactly or refused. */
class TreeBuilder {
  readonly #text: string;
  readonly #findings: Findings;
  /** Undefined: what the anchor names was refused, and that has been said. */
  readonly #anchors = new Map<string, Built | undefined>();
  #aliased = 0;

  constructor(text: string, findings: Findings) {
    this.#text = text;
    this.#findings = findings;
  }

  build(node: ParsedNode): Node | undefined {
    return this.#build(node, 0)?.node;
  }

  /** `holder` is where an empty value is shown: at its key, or the dash or bracket of its list. */
  #build(node: ParsedNode | null, depth: number, holder?: Span): Built | undefined {
    if (node === null) return leaf({ kind: "scalar", value: null, style: "plain", ...(holder ?? { start: 0, end: 0 }) });
    const span = { start: node.range[0], end: node.range[1] };
    if (isAlias(node)) return this.#resolve(node.source, span, depth);
    const built = isScalar(node) ? this.#scalar(node, span, holder) : this.#collection(node, span, depth);
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, built);
    return built;
  }

  #resolve(name: string, span: Span, depth: number): Built | undefined {
    const target = this.#anchors.get(name);
    if (target === undefined) {
      if (this.#anchors.has(name)) return undefined;
      this.#findings.error("yaml-alias", span, `the alias ${quoted(`*${name}`)} names no anchor before it`);
      return undefined;
    }
    this.#aliased += target.size;
    if (this.#aliased > ALIASED_MAX) {
      // Said once: from here on everything is beyond the bound.
      if (this.#aliased - target.size <= ALIASED_MAX) {
        this.#findings.error("yaml-alias", span, `the aliases of the document expand to more than ${ALIASED_MAX} values`);
      }
      return undefined;
    }
    if (depth + target.height > DEPTH_MAX) {
      this.#findings.error("yaml-alias", span, `with its aliases the document is nested deeper than ${DEPTH_MAX} levels`);
      return undefined;
    }
    return target;
  }

  #scalar(node: Scalar.Parsed, span: Span, holder: Span | undefined): Built {
    const { value, type } = node;
    const style = type === "BLOCK_LITERAL" ? "literal" : type === "BLOCK_FOLDED" ? "folded" : type === "PLAIN" ? "plain" : "quoted";
    if (value === null) return leaf({ kind: "scalar", value: null, style, ...(span.end > span.start ? span : (holder ?? span)) });
    if (typeof value === "number" && !isExact(value, node.source ?? "")) {
      const written = quoted(this.#text.slice(span.start, span.end));
      this.#findings.error("number-inexact", span, `the number ${written} can't be kept as it is: write it in quotes to keep it as a text`);
      return leaf({ kind: "scalar", value: 0, style, ...span });
    }
    // The core schema makes nothing else than these.
    return leaf({ kind: "scalar", value: value as boolean | number | string, style, ...span });
  }

  #collection(node: ParsedNode, span: Span, depth: number): Built | undefined {
    let size = 1;
    let height = 1;
    let complete = true;
    const add = (built: Built | undefined): Node | undefined => {
      complete &&= built !== undefined;
      size += built?.size ?? 0;
      height = Math.max(height, 1 + (built?.height ?? 0));
      return built?.node;
    };
    if (isSeq(node)) {
      const items: Node[] = [];
      for (const item of node.items) {
        const value = add(this.#build(item as ParsedNode | null, depth + 1, span));
        if (value !== undefined) items.push(value);
      }
      return complete ? { node: { kind: "list", items, ...span }, size, height } : undefined;
    }
    if (!isMap(node)) return undefined;
    const entries = new Map<string, Entry>();
    for (const pair of node.items) {
      const key = this.#key(pair.key as ParsedNode | null, span);
      const value = add(this.#build(pair.value as ParsedNode | null, depth + 1, key?.span ?? span));
      if (key === undefined) complete = false;
      if (key === undefined || value === undefined) continue;
      const first = entries.get(key.name);
      if (first === undefined) entries.set(key.name, { key: key.span, value });
      else {
        const line = this.#findings.source.lineAt(first.key.start);
        this.#findings.error("duplicate-key", key.span, `the key ${quoted(key.name)} is given twice, first in line ${line}`);
      }
    }
    return complete ? { node: { kind: "map", entries, ...span }, size, height } : undefined;
  }

  #key(node: ParsedNode | null, holder: Span): { readonly name: string; readonly span: Span } | undefined {
    const span =
      node === null
        ? { start: holder.start, end: holder.start + 1 }
        : { start: node.range[0], end: Math.max(node.range[1], node.range[0] + 1) };
    if (!isScalar(node) || typeof node.value !== "string") {
      const text = this.#text.slice(span.start, span.end);
      this.#findings.error("yaml-unsupported", span, `the key ${quoted(text)} is no text: write it in quotes`);
      return undefined;
    }
    if (node.value === "<<" && node.type === "PLAIN") {
      this.#findings.error("yaml-unsupported", span, "merge keys are not read: write the keys out");
      return undefined;
    }
    return { name: node.value, span };
  }
}

interface Built {
  readonly node: Node;
  /** Values in it, itself included, aliases expanded. */
  readonly size: number;
  /** Levels below it, itself included. */
  readonly height: number;
}

function leaf(node: Node): Built {
  return { node, size: 1, height: 1 };
}

/** Fractions and powers of ten are rounded as in JSON; a number written as a whole one must survive. */
function isExact(value: number, written: string): boolean {
  return Number.isFinite(value) && (Number.isSafeInteger(value) || /^[-+]?[\d.]*[.eE]/.test(written));
}

function codePoint(char: string): string {
  return `U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
}

/** A message of the YAML library in the form of ours. It may quote the document. */
function sentence(message: string): string {
  const plain = message.replace(/^Missing closing (["'])quote/, "missing closing $1");
  const text = escaped(plain.length > 160 ? `${plain.slice(0, 160)}…` : plain);
  return text.charAt(0).toLowerCase() + text.slice(1);
}
