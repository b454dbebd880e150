import type { OrderingStrategy } from "../workflow/document.ts";
import type { Plan, PlannedStep } from "./plan.ts";
import { isEnded, type Statuses } from "./state.ts";

export interface Turn {
  readonly strategy: OrderingStrategy;
  /** Steps in state *ready*, in the order in which they became so. */
  readonly ready: readonly string[];
  /** Attempts that are leased or running now. */
  readonly busy: number;
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
export function nextSteps(plan: Plan, statuses: Statuses, turn: Turn): readonly string[] {
  const startable = inOrder(plan, statuses, turn);
  const room = turn.maxConcurrency - turn.busy;
  if (turn.batchSize === undefined) return startable.slice(0, Math.max(room, 0));
  const started: string[] = [];
  while (started.length < startable.length) {
    const batch = startable.slice(started.length, started.length + Math.min(turn.batchSize, turn.maxConcurrency));
    if (batch.length > room - started.length) break;
    started.push(...batch);
  }
  return started;
}

function inOrder(plan: Plan, statuses: Statuses, { strategy, ready }: Turn): readonly string[] {
  if (strategy === "reactive") return ready;
  const steps = ready.map((id) => planned(plan, id));
  if (strategy === "work_queue") return ids(steps.sort(longestFirst));
  const level = lowestOpenLevel(plan, statuses);
  if (strategy === "level") return ids(steps.filter((step) => step.level === level).sort((a, b) => a.index - b.index));
  return ids(steps.filter((step) => step.level === level || plan.regularLevels[step.level] === false).sort(longestFirst));
}

function planned(plan: Plan, id: string): PlannedStep {
  const step = plan.steps.get(id);
  if (step === undefined) throw new Error(`assertion: step "${id}" is not in the plan`);
  return step;
}

function lowestOpenLevel(plan: Plan, statuses: Statuses): number {
  let lowest = Number.POSITIVE_INFINITY;
  for (const [id, { level }] of plan.steps) {
    const status = statuses.get(id);
    if (level < lowest && status !== undefined && !isEnded(status.state)) lowest = level;
  }
  return lowest;
}

function longestFirst(a: PlannedStep, b: PlannedStep): number {
  return b.remaining - a.remaining || a.index - b.index;
}

function ids(steps: readonly PlannedStep[]): readonly string[] {
  return steps.map(({ step }) => step.id);
}
