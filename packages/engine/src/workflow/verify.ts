import type { GuestRunner } from "../steps/context.ts";
import type { ToolSignature } from "../tools/tool.ts";
import { checkTools } from "./check-tools.ts";
import type { Problem } from "./document.ts";
import { checkSyntax } from "./expression-syntax.ts";
import { Findings } from "./findings.ts";
import type { LoadedWorkflow } from "./load.ts";
import { quoted } from "./text.ts";

/** What a document is checked against. */
export interface Surroundings {
  /** Expressions and patterns are parsed in it, all in one guest; a document without any needs none. Not closed here. */
  readonly sandbox: GuestRunner;
  readonly isolationKey: string;
  /** Whether a module's file, as written in the document, exists (relative to the document's folder). */
  readonly moduleExists: (path: string) => Promise<boolean>;
  readonly tools: ReadonlyMap<string, ToolSignature>;
  readonly signal?: AbortSignal;
}

/**
 * Checks what needs a cell, the disk or the tools, of a document with or without errors of other kinds.
 * @returns all problems, those of the loader too, in the order of the file
 */
export async function checkWorkflow(
  loaded: LoadedWorkflow,
  { sandbox, isolationKey, moduleExists, tools, signal }: Surroundings,
): Promise<readonly Problem[]> {
  const { pending } = loaded;
  const findings = new Findings(loaded.source, loaded.problems);
  checkTools(pending.tools, tools, findings);
  const paths = [...new Set(pending.modules.map(({ path }) => path))];
  const checks = { sandbox, isolationKey, ...(signal === undefined ? {} : { signal }) };
  const [exists] = await Promise.all([
    Promise.all(paths.map(async (path) => [path, await moduleExists(path)] as const)),
    checkSyntax(pending.expressions, pending.patterns, findings, checks),
  ]);
  const missing = new Set(exists.filter(([, found]) => !found).map(([path]) => path));
  for (const { path, span, what = "module" } of pending.modules) {
    if (missing.has(path)) findings.error("missing-module", span, `the ${what} ${quoted(path)} does not exist`);
  }
  return findings.problems();
}
