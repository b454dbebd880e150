import { DEFAULT_POLICY, type Policy } from "../policy/policy.ts";
import { checkDraft } from "./check.ts";
import { readGlovebox } from "./dialects/glovebox.ts";
import { readNodes } from "./dialects/nodes.ts";
import { readProcessors } from "./dialects/processors.ts";
import type { Problem, Workflow } from "./document.ts";
import type { Draft, Reading } from "./draft.ts";
import { firstKey } from "./fields.ts";
import { Findings } from "./findings.ts";
import { parseDocument } from "./parse.ts";
import type { Pending } from "./pending.ts";
import { DOCUMENT_BYTES_MAX, Source } from "./source.ts";
import { nearest } from "./text.ts";
import { type MapNode, type Node, typeName } from "./tree.ts";

export interface LoadOptions {
  /** The file as the user named it. */
  readonly file: string;
  /** What the operator allows. Missing: `DEFAULT_POLICY`. */
  readonly policy?: Policy;
}

/** What a document came to. */
export interface LoadedWorkflow {
  /** Missing where there is an error among the problems. */
  readonly workflow?: Workflow;
  /** In the order of the file. */
  readonly problems: readonly Problem[];
  readonly source: Source;
  /** What `checkWorkflow` has left to check. */
  readonly pending: Pending;
}

const DIALECTS: Readonly<Record<string, (root: MapNode, reading: Reading) => Draft>> = {
  steps: readGlovebox,
  processors: readProcessors,
  nodes: readNodes,
};

/**
 * Reads a workflow in any dialect and checks what can be checked without a cell, a disk and the tools: all problems at once. Pure and
 * synchronous; it never throws for what a document holds, and its time is bounded by the size of the document, whatever that holds.
 */
export function loadWorkflow(text: string, { file, policy = DEFAULT_POLICY }: LoadOptions): LoadedWorkflow {
  const tooLarge = text.length > DOCUMENT_BYTES_MAX || Buffer.byteLength(text) > DOCUMENT_BYTES_MAX;
  const source = new Source(file, tooLarge ? "" : text);
  const findings = new Findings(source);
  const reading: Reading = { findings, policy, expressions: [], patterns: [], modules: [], tools: [] };
  if (tooLarge) findings.error("document-too-large", { start: 0, end: 0 }, `the document is larger than ${DOCUMENT_BYTES_MAX} bytes`);
  const root = tooLarge ? undefined : parseDocument(source, findings);
  const draft = root === undefined ? undefined : readDialect(root, reading);
  const workflow = draft === undefined ? undefined : checkDraft(draft, findings);
  const { expressions, patterns, modules, tools } = reading;
  return {
    ...(workflow === undefined ? {} : { workflow }),
    problems: findings.problems(),
    source,
    pending: { expressions, patterns, modules, tools },
  };
}

function readDialect(root: Node, reading: Reading): Draft | undefined {
  const { findings } = reading;
  if (root.kind !== "map") {
    findings.error("wrong-type", root, `a workflow must be a mapping, not ${typeName(root)}`);
    return undefined;
  }
  const named = Object.keys(DIALECTS).filter((key) => root.entries.has(key));
  const [only, second] = named;
  if (only === undefined) {
    const meant = [...root.entries]
      .map(([name, { key }]) => ({ key, hint: nearest(name, Object.keys(DIALECTS)) }))
      .find(({ hint }) => hint !== undefined);
    findings.error(
      "unknown-dialect",
      meant?.key ?? firstKey(root),
      `a workflow needs the key "steps" (or "processors", or "nodes")`,
      meant?.hint,
    );
    return undefined;
  }
  if (second !== undefined) {
    const at = root.entries.get(second)?.key ?? root;
    findings.error("unknown-dialect", at, `"${only}" and "${second}" belong to different dialects: a document is written in one`);
    return undefined;
  }
  return DIALECTS[only]?.(root, reading);
}
