import type { Source } from "../source.ts";
import type { Node } from "../tree.ts";

/** 1-based line of the file on which the first line of a step's code stands. */
export function codeLine(code: Node, source: Source): number {
  const line = source.lineAt(code.start);
  // A block's text begins behind the line of its `|` or `>`.
  return code.kind === "scalar" && (code.style === "literal" || code.style === "folded") ? line + 1 : line;
}
