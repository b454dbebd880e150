import type { FailureStrategy } from "../workflow/document.ts";
import { onFailure, readiness } from "./failure.ts";
import type { Plan } from "./plan.ts";
import {
  type CancelReason,
  isEnded,
  mayBecome,
  type Side,
  type Statuses,
  type StepChange,
  type StepState,
  type StepStatus,
} from "./state.ts";

/** How the steps of a new run stand: pending, but for those that depend on nothing. */
export function initialStatuses(plan: Plan): Map<string, StepStatus> {
  const statuses = new Map<string, StepStatus>();
  for (const [id, { parents }] of plan.steps) {
    statuses.set(id, { state: parents.length === 0 ? "ready" : "pending", attempts: 0, open: parents.length });
  }
  return statuses;
}

/** Someone takes the next attempt of a ready step. */
export function lease(statuses: Statuses, id: string): StepChange {
  return change(statuses, id, "leased");
}

/** The attempt of a leased step begins. */
export function begin(statuses: Statuses, id: string): StepChange {
  const { from, to } = change(statuses, id, "running");
  return { id, from, to: { ...to, attempts: to.attempts + 1 } };
}

/** A running step's attempt ended in a way that is tried again, after a delay. */
export function postpone(statuses: Statuses, id: string): StepChange {
  return change(statuses, id, "waiting");
}

/** The delay of a waiting step is over. */
export function resume(statuses: Statuses, id: string): StepChange {
  return change(statuses, id, "ready");
}

/** How a running step ended. */
export type StepEnd =
  | { readonly state: "succeeded"; readonly side?: Side }
  | { readonly state: "failed" }
  | { readonly state: "skipped" }
  | { readonly state: "cancelled"; readonly why: CancelReason };

/**
 * A running step has ended, with all that follows from it: dependents that become ready or are skipped (and theirs in turn), and under
 * `fail_fast` the end of the run, which leaves leased and running steps to their executor to stop.
 */
export function settle(plan: Plan, statuses: Statuses, strategy: FailureStrategy, id: string, end: StepEnd): readonly StepChange[] {
  const { from, to } = change(statuses, id, end.state);
  const ended: StepStatus = {
    ...to,
    ...(end.state === "succeeded" && end.side !== undefined ? { side: end.side } : {}),
    ...(end.state === "cancelled" ? { why: end.why } : {}),
    ...(end.state === "skipped" ? { why: { kind: "when_false" } } : {}),
  };
  const view = new Overlay(statuses);
  view.set({ id, from, to: ended });
  if (end.state === "failed" && onFailure(strategy) === "end_run") {
    for (const other of cancelWaiting(statuses, { kind: "step_failed", step: id })) view.set(other);
    return view.changes();
  }
  propagate(plan, view, strategy, id);
  return view.changes();
}

/** The run is over: every step that is not being executed at this moment is cancelled. Those that are, are their executor's to stop. */
export function cancelWaiting(statuses: Statuses, why: CancelReason): readonly StepChange[] {
  const changes: StepChange[] = [];
  for (const [id, from] of statuses) {
    if (isEnded(from.state) || from.state === "leased" || from.state === "running") continue;
    changes.push({ id, from, to: { ...from, state: "cancelled", why } });
  }
  return changes;
}

function propagate(plan: Plan, view: Overlay, strategy: FailureStrategy, id: string): void {
  const ended = [id];
  for (const next of ended) {
    for (const child of plan.steps.get(next)?.children ?? []) {
      const planned = plan.steps.get(child);
      const from = view.get(child);
      if (planned === undefined || from?.state !== "pending") continue;
      const open = from.open - 1;
      if (open > 0) {
        view.set({ id: child, from, to: { ...from, open } });
        continue;
      }
      const verdict = readiness(planned, view, strategy);
      if (verdict === "ready") {
        view.set({ id: child, from, to: { ...from, open, state: "ready" } });
      } else {
        view.set({ id: child, from, to: { ...from, open, state: "skipped", why: verdict } });
        ended.push(child);
      }
    }
  }
}

/** Statuses with changes over them that have not been applied yet. A step that changes twice has one change, from its first state to its last. */
class Overlay {
  readonly #below: Statuses;
  readonly #changes = new Map<string, StepChange>();

  constructor(below: Statuses) {
    this.#below = below;
  }

  get(id: string): StepStatus | undefined {
    return this.#changes.get(id)?.to ?? this.#below.get(id);
  }

  set({ id, from, to }: StepChange): void {
    this.#changes.set(id, { id, from: this.#changes.get(id)?.from ?? from, to });
  }

  changes(): readonly StepChange[] {
    return [...this.#changes.values()];
  }
}

function change(statuses: Statuses, id: string, state: StepState): StepChange {
  const from = statuses.get(id);
  if (from === undefined || !mayBecome(from.state, state)) {
    throw new Error(`assertion: step "${id}" is ${from?.state ?? "unknown"} and cannot become ${state}`);
  }
  return { id, from, to: { ...from, state } };
}
