import { GloveboxError } from "@glovebox/sandbox";
import type { Step, Workflow } from "../workflow/document.ts";

/** What is known of a workflow's steps before any of them has run. */
export interface Plan {
  /** In the order of the document. */
  readonly steps: ReadonlyMap<string, PlannedStep>;
  /** Per level, from 0: whether every edge into it comes from the level right above. */
  readonly regularLevels: readonly boolean[];
}

export interface PlannedStep {
  readonly step: Step;
  /** Place in the document, from 0. Ties are broken by it everywhere. */
  readonly index: number;
  /** What must have ended before it: its dependencies in the order given, and the condition whose branch it is in. */
  readonly parents: readonly string[];
  readonly children: readonly string[];
  /** Steps on the longest path from a step without parents to this one, from 0. */
  readonly level: number;
  /** Steps on the longest path from this one to a step without children, this one included. */
  readonly remaining: number;
}

/**
 * Plans a run of a workflow.
 * @throws GloveboxError `WORKFLOW_INVALID` where the steps are no acyclic graph. A document that passed its checks always is one.
 */
export function planRun(workflow: Pick<Workflow, "name" | "steps">): Plan {
  const refuse = (why: string): never => {
    throw new GloveboxError("WORKFLOW_INVALID", `Cannot run workflow "${workflow.name}": ${why}`);
  };
  const byId = new Map(workflow.steps.map((step) => [step.id, step]));
  const parents = new Map<string, readonly string[]>();
  const children = new Map<string, string[]>();
  for (const step of workflow.steps) {
    if (parents.has(step.id)) refuse(`two steps are called "${step.id}"`);
    parents.set(step.id, parentsOf(step));
    children.set(step.id, []);
  }
  for (const step of workflow.steps) {
    if (step.branch !== undefined && byId.get(step.branch.condition)?.type !== "condition") {
      refuse(`step "${step.id}" is in a branch of "${step.branch.condition}", which is no condition`);
    }
    for (const parent of parents.get(step.id) ?? []) {
      const siblings = children.get(parent) ?? refuse(`step "${step.id}" depends on "${parent}", which does not exist`);
      siblings.push(step.id);
    }
  }
  const order = topologicalOrder(parents, children);
  if (order.length < workflow.steps.length) {
    const reached = new Set(order);
    const left = workflow.steps.find(({ id }) => !reached.has(id));
    refuse(`step "${left?.id}" is on a cycle, or depends on one`);
  }
  const levels = longestPaths(order, parents);
  const remaining = longestPaths(order.toReversed(), children);
  const steps = new Map<string, PlannedStep>();
  for (const [index, step] of workflow.steps.entries()) {
    steps.set(step.id, {
      step,
      index,
      parents: parents.get(step.id) ?? [],
      children: children.get(step.id) ?? [],
      level: levels.get(step.id) ?? 0,
      remaining: (remaining.get(step.id) ?? 0) + 1,
    });
  }
  return { steps, regularLevels: regularLevels(steps) };
}

/** The steps that a step is downstream of, however far: all whose results it may refer to. */
export function ancestors(plan: Plan, id: string): ReadonlySet<string> {
  const found = new Set<string>();
  const open = [...(plan.steps.get(id)?.parents ?? [])];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    open.push(...(plan.steps.get(next)?.parents ?? []));
  }
  return found;
}

function parentsOf(step: Step): readonly string[] {
  return [...new Set(step.branch === undefined ? step.dependsOn : [...step.dependsOn, step.branch.condition])];
}

function topologicalOrder(
  parents: ReadonlyMap<string, readonly string[]>,
  children: ReadonlyMap<string, readonly string[]>,
): readonly string[] {
  const open = new Map([...parents].map(([id, above]) => [id, above.length]));
  const order = [...open].filter(([, count]) => count === 0).map(([id]) => id);
  for (const id of order) {
    for (const child of children.get(id) ?? []) {
      const count = (open.get(child) ?? 0) - 1;
      open.set(child, count);
      if (count === 0) order.push(child);
    }
  }
  return order;
}

/** Edges on the longest path to each node, given an order in which what is before a node comes before it. */
function longestPaths(order: readonly string[], before: ReadonlyMap<string, readonly string[]>): ReadonlyMap<string, number> {
  const lengths = new Map<string, number>();
  for (const id of order) {
    let length = 0;
    for (const other of before.get(id) ?? []) length = Math.max(length, (lengths.get(other) ?? 0) + 1);
    lengths.set(id, length);
  }
  return lengths;
}

function regularLevels(steps: ReadonlyMap<string, PlannedStep>): readonly boolean[] {
  const regular: boolean[] = [];
  for (const { level, parents } of steps.values()) {
    const adjacent = parents.every((parent) => steps.get(parent)?.level === level - 1);
    regular[level] = (regular[level] ?? true) && adjacent;
  }
  return regular;
}
