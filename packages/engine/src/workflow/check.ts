import { checkReads, type Implied } from "./check-reads.ts";
import type { Step, Workflow } from "./document.ts";
import type { Draft, DraftStep, PlacedId } from "./draft.ts";
import type { Findings } from "./findings.ts";
import { type Edges, findCycles, printCycle } from "./graph.ts";
import type { PlacedRead } from "./templates.ts";
import { nearest, quoted } from "./text.ts";

/** Checks what a dialect read against itself, and makes the workflow of it. Undefined: there are errors. */
export function checkDraft(draft: Draft, findings: Findings): Workflow | undefined {
  const steps = new Map<string, DraftStep>();
  for (const step of draft.steps) {
    const first = steps.get(step.id);
    if (first === undefined) steps.set(step.id, step);
    else {
      const line = findings.source.lineAt(first.idSpan.start);
      findings.error("duplicate-id", step.idSpan, `the id ${quoted(step.id)} is given twice, first in line ${line}`);
    }
  }
  for (const step of draft.steps) checkDependencies(step, steps, findings);
  const implied = checkReads(draft, steps, findings);
  checkCycles(steps, implied, findings);
  for (const step of steps.values()) checkBranches(step, steps, findings);
  if (findings.failed || draft.workflow === undefined) return undefined;
  const finished: Step[] = [];
  for (const { id, dependsOn, step } of draft.steps) {
    if (step === undefined) return undefined;
    const all = new Set([...dependsOn.map((dependency) => dependency.id), ...(implied.get(id)?.keys() ?? [])]);
    finished.push({ ...step, dependsOn: [...all] });
  }
  return { ...draft.workflow, steps: finished };
}

function checkDependencies({ id, dependsOn }: DraftStep, steps: ReadonlyMap<string, DraftStep>, findings: Findings): void {
  const seen = new Set<string>();
  for (const { id: dependency, span } of dependsOn) {
    if (!steps.has(dependency)) {
      const message = `step "${id}" depends on "${dependency}", which does not exist`;
      findings.error("unknown-dependency", span, message, () => nearest(dependency, without(steps.keys(), id)));
    } else if (seen.has(dependency)) findings.warning("duplicate-dependency", span, `step "${id}" names "${dependency}" twice`);
    seen.add(dependency);
  }
}

function checkCycles(steps: ReadonlyMap<string, DraftStep>, implied: Implied, findings: Findings): void {
  const edges: Edges = new Map(
    [...steps.values()].map(({ id, dependsOn, branch }) => [
      id,
      [
        ...dependsOn.map((dependency) => dependency.id),
        ...(branch === undefined ? [] : [branch.condition]),
        ...(implied.get(id)?.keys() ?? []),
      ],
    ]),
  );
  for (const cycle of findCycles(edges)) {
    const path = printCycle(cycle);
    // Where one of the edges is only a reference, that is what is wrong: the rest is as its author wanted it.
    const [reader, read] = firstRead(cycle, steps, implied);
    if (read !== undefined) {
      const why = cycle.length === 2 ? "itself" : `"${read.path[0]}", which runs after it`;
      findings.error("reference-not-upstream", read.span, `step "${reader}" reads ${why}: ${path}`);
      continue;
    }
    const [first = "", second = ""] = cycle;
    const step = steps.get(first);
    const given = step?.dependsOn.find((dependency) => dependency.id === second);
    const message = cycle.length === 2 ? `step "${first}" depends on itself` : `these steps depend on each other: ${path}`;
    findings.error("dependency-cycle", given?.span ?? step?.idSpan ?? { start: 0, end: 0 }, message);
  }
}

function firstRead(cycle: readonly string[], steps: ReadonlyMap<string, DraftStep>, implied: Implied): [string, PlacedRead | undefined] {
  for (const [index, id] of cycle.entries()) {
    const next = cycle[index + 1];
    const step = steps.get(id);
    if (next === undefined || step === undefined || step.branch?.condition === next) continue;
    if (step.dependsOn.some((dependency) => dependency.id === next)) continue;
    return [id, implied.get(id)?.get(next)];
  }
  return ["", undefined];
}

/** A step all of whose dependencies must succeed can't have them in different branches of one condition. */
function checkBranches(
  { id, idSpan, dependsOn, branch, needs }: DraftStep,
  steps: ReadonlyMap<string, DraftStep>,
  findings: Findings,
): void {
  if (needs === "any" || (dependsOn.length < 2 && branch === undefined)) return;
  /** For each condition, the side that must be taken for the step to run, and what demands it. */
  const sides = new Map<string, { readonly side: string; readonly by: PlacedId | undefined }>();
  for (const by of [undefined, ...dependsOn]) {
    let at = by === undefined ? branch : steps.get(by.id)?.branch;
    // Branches nest as deeply as the document does, which is bounded.
    for (; at !== undefined; at = steps.get(at.condition)?.branch) {
      const known = sides.get(at.condition);
      if (known === undefined) sides.set(at.condition, { side: at.side, by });
      else if (known.side !== at.side) {
        const first = known.by === undefined ? "it is itself" : `"${known.by.id}" is`;
        const message = `step "${id}" never runs: ${first} in "${known.side}" of "${at.condition}", "${by?.id}" in "${at.side}" (with "needs: any", one is enough)`;
        findings.warning("never-runs", by?.span ?? idSpan, message);
        return;
      }
    }
  }
}

function* without(ids: Iterable<string>, own: string): Iterable<string> {
  for (const id of ids) if (id !== own) yield id;
}
