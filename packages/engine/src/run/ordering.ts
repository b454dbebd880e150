import type { OrderingStrategy } from "../workflow/document.ts";
import type { Plan, PlannedStep } from "./plan.ts";

export interface Turn {
  readonly strategy: OrderingStrategy;
  /** Steps in state *ready*, in the order in which they became so. */
  readonly ready: readonly string[];
  /** Steps that are leased or running now. */
  readonly busy: readonly string[];
  /** Steps that wait for a retry. */
  readonly waiting: readonly string[];
  readonly maxConcurrency: number;
  /** Undefined: as many as fit. */
  readonly batchSize: number | undefined;
}

/**
 * The steps to start now, in that order. Strategies differ in order only: whatever they hold back becomes startable without it, so a run
 * never comes to a stop. None: nothing can start before an attempt ends.
 *
 * - `reactive`: as they became ready.
 * - `work_queue`: the longest remaining path first.
 * - `level`: in the order of the document, and nothing of a level before all of the levels above have ended.
 * - `hybrid`: like `level` at the levels where the graph is regular (every edge into the level comes from the level right above), like
 *   `work_queue` elsewhere: a regular level keeps its barrier, any other step starts as soon as it is ready.
 *
 * With a batch size, steps are started that many at a time: a turn waits until there is room for a whole batch, or for all that is ready.
 */
export function nextSteps(plan: Plan, turn: Turn): readonly string[] {
  const room = turn.maxConcurrency - turn.busy.length;
  if (room <= 0) return [];
  const startable = inOrder(plan, turn);
  if (turn.batchSize === undefined) return startable.slice(0, room);
  const started: string[] = [];
  while (started.length < startable.length) {
    const batch = startable.slice(started.length, started.length + Math.min(turn.batchSize, turn.maxConcurrency));
    if (batch.length > room - started.length) break;
    started.push(...batch);
  }
  return started;
}

function inOrder(plan: Plan, { strategy, ready, busy, waiting }: Turn): readonly string[] {
  if (strategy === "reactive") return ready;
  const steps = ready.map((id) => planned(plan, id));
  if (strategy === "work_queue") return ids(steps.sort(longestFirst));
  const level = lowestLevel(plan, [...ready, ...busy, ...waiting]);
  if (strategy === "level") return ids(steps.filter((step) => step.level === level).sort((a, b) => a.index - b.index));
  return ids(steps.filter((step) => step.level === level || plan.regularLevels[step.level] === false).sort(longestFirst));
}

function planned(plan: Plan, id: string): PlannedStep {
  const step = plan.steps.get(id);
  if (step === undefined) throw new Error(`assertion: step "${id}" is not in the plan`);
  return step;
}

/** Of steps that have not ended. Those that are pending need no look: what they wait for has not ended and is on a lower level. */
function lowestLevel(plan: Plan, ids: Iterable<string>): number {
  let lowest = Number.POSITIVE_INFINITY;
  for (const id of ids) lowest = Math.min(lowest, planned(plan, id).level);
  return lowest;
}

function longestFirst(a: PlannedStep, b: PlannedStep): number {
  return b.remaining - a.remaining || a.index - b.index;
}

function ids(steps: readonly PlannedStep[]): readonly string[] {
  return steps.map(({ step }) => step.id);
}
