import type { FailureStrategy } from "../workflow/document.ts";
import type { PlannedStep } from "./plan.ts";
import type { SkipReason, StatusView } from "./state.ts";

/** What becomes of the rest of the run when a step has failed for good. */
export function onFailure(strategy: FailureStrategy): "end_run" | "go_on" {
  return strategy === "fail_fast" ? "end_run" : "go_on";
}

/**
 * What becomes of a step all of whose parents have ended.
 *
 * A step in a branch runs only if its condition succeeded and took that side. Besides that, `needs: all` (the default) asks that every
 * dependency succeeded. `needs: any` asks for at least one that did, and puts up with those that were skipped; with those that *failed* it puts
 * up under `best_effort` only.
 *
 * The reason of a skip names the first dependency in the order given, so it does not depend on which ended first.
 */
export function readiness(planned: PlannedStep, statuses: StatusView, strategy: FailureStrategy): "ready" | SkipReason {
  const { step } = planned;
  if (step.branch !== undefined) {
    const { condition, side } = step.branch;
    const obstacle = obstacleAt(condition, statuses);
    if (obstacle !== undefined) return obstacle;
    if (statuses.get(condition)?.side !== side) return { kind: "branch_not_taken", condition };
  }
  const obstacles = step.dependsOn.map((id) => obstacleAt(id, statuses)).filter((obstacle) => obstacle !== undefined);
  const [first] = obstacles;
  if (first === undefined) return "ready";
  if (step.needs === "all" || obstacles.length === step.dependsOn.length) return first;
  const failure = obstacles.find(({ kind }) => kind === "dependency_failed");
  return failure === undefined || strategy === "best_effort" ? "ready" : failure;
}

function obstacleAt(id: string, statuses: StatusView): SkipReason | undefined {
  const status = statuses.get(id);
  if (status?.state === "succeeded") return undefined;
  return status?.state === "skipped" ? { kind: "dependency_skipped", step: id } : { kind: "dependency_failed", step: id };
}
