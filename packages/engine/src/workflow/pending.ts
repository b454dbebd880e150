import type { Span } from "./source.ts";
import type { PlacedExpression } from "./templates.ts";
import type { MapNode } from "./tree.ts";

/** What a document needs checked where the loader can't: in a cell, on the disk, among the tools. */
export interface Pending {
  readonly expressions: readonly PlacedExpression[];
  readonly patterns: readonly PlacedPattern[];
  readonly modules: readonly PlacedModule[];
  readonly tools: readonly PlacedTool[];
}

/** A regular expression of a schema, yet to be compiled, in a cell. */
export interface PlacedPattern {
  readonly source: string;
  readonly span: Span;
}

export interface PlacedModule {
  readonly path: string;
  readonly span: Span;
  /** Default: a module. */
  readonly what?: "package";
}

export interface PlacedTool {
  readonly name: string;
  readonly span: Span;
  readonly step: string;
  readonly given: MapNode | undefined;
  /** What was given as arguments is no mapping, and that has been said. */
  readonly refused: boolean;
}
