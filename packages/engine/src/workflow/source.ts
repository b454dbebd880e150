import type { Place } from "./document.ts";

/** Bytes of a document, as UTF-8. Whoever reads a file can refuse it by its size, before reading it. */
export const DOCUMENT_BYTES_MAX = 2 ** 20;

/** A stretch of the text: offsets in UTF-16 units, `end` behind the last. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A document's text, and where in it things stand. Immutable. */
export class Source {
  /** As the user named it. */
  readonly file: string;
  /** Without a byte order mark: it is no part of any line. */
  readonly text: string;
  #lineStarts: readonly number[] | undefined;

  constructor(file: string, text: string) {
    this.file = file;
    this.text = text.startsWith("\uFEFF") ? text.slice(1) : text;
  }

  /** The place of a span, cut to its first line. Columns count UTF-16 units, as editors do. */
  place(span: Span): Place {
    const line = this.lineAt(span.start);
    const lineStart = this.#starts()[line - 1] ?? 0;
    const lineEnd = lineStart + this.line(line).length;
    const end = Math.min(span.end, lineEnd);
    return { line, column: span.start - lineStart + 1, length: Math.max(1, end - span.start) };
  }

  /** The offset where a line starts; 1-based. */
  lineStart(line: number): number {
    return this.#starts()[line - 1] ?? this.text.length;
  }

  /** 1-based line of an offset. */
  lineAt(offset: number): number {
    const starts = this.#starts();
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  }

  /** A line without its end; empty where there is none of that number. */
  line(line: number): string {
    const starts = this.#starts();
    const start = starts[line - 1];
    if (start === undefined) return "";
    const text = this.text.slice(start, starts[line] ?? this.text.length);
    return text.replace(/\r?\n$/, "");
  }

  #starts(): readonly number[] {
    if (this.#lineStarts !== undefined) return this.#lineStarts;
    const starts = [0];
    for (let at = this.text.indexOf("\n"); at >= 0; at = this.text.indexOf("\n", at + 1)) starts.push(at + 1);
    this.#lineStarts = starts;
    return starts;
  }
}
