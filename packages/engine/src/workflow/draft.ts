import type { Policy } from "../policy/policy.ts";
import type { Step, Workflow } from "./document.ts";
import type { Findings } from "./findings.ts";
import type { PlacedModule, PlacedPattern, PlacedTool } from "./pending.ts";
import type { Span } from "./source.ts";
import type { PlacedExpression, PlacedRead } from "./templates.ts";
import type { Node } from "./tree.ts";

/** What a dialect makes of a document: the steps as far as they could be read, with the places that the checks need. */
export interface Draft {
  readonly steps: readonly DraftStep[];
  /** All but the steps; undefined where something of it was refused. */
  readonly workflow: Omit<Workflow, "steps"> | undefined;
  /** The schema of the run's inputs. Undefined: the document declares none. `text`: there are none to name. */
  readonly inputs: Node | "text" | undefined;
  /** Names of the secrets that the document declares. */
  readonly secrets: ReadonlySet<string>;
  /** What the outputs read. */
  readonly outputReads: readonly PlacedRead[];
}

export interface DraftStep {
  readonly id: string;
  readonly idSpan: Span;
  /** As given. */
  readonly dependsOn: readonly PlacedId[];
  readonly branch: Step["branch"];
  readonly needs: Step["needs"];
  readonly reads: readonly PlacedRead[];
  /** What the step's own `inputs` hold, where its expression reads them: undefined, one name for each dependency. */
  readonly inputNames: ReadonlySet<string> | "any" | undefined;
  /** With the dependencies as given; undefined where something of it was refused. */
  readonly step: Step | undefined;
}

export interface PlacedId {
  readonly id: string;
  readonly span: Span;
}

/** What a dialect writes to while it reads a document. */
export interface Reading {
  readonly findings: Findings;
  /** What the document is held against. */
  readonly policy: Policy;
  readonly expressions: PlacedExpression[];
  readonly patterns: PlacedPattern[];
  readonly modules: PlacedModule[];
  readonly tools: PlacedTool[];
}

/** The name of a workflow that gives itself none: that of its file. */
export function nameOfFile(file: string): string {
  const base = file.split(/[\\/]/).at(-1) ?? "";
  return base.replace(/\.(ya?ml|json)$/i, "") || "workflow";
}
