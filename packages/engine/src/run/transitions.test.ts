import assert from "node:assert/strict";
import { test } from "node:test";
import type { FailureStrategy, Step } from "../workflow/document.ts";
import { apply, conditionStep, toolStep, workflowOf } from "./fixture.ts";
import { type Plan, planRun } from "./plan.ts";
import { runState, type Side, type StepStatus } from "./state.ts";
import { begin, cancelWaiting, initialStatuses, lease, postpone, resume, settle } from "./transitions.ts";

function execute(
  plan: Plan,
  statuses: Map<string, StepStatus>,
  strategy: FailureStrategy,
  id: string,
  state: "succeeded" | "failed",
  side?: Side,
): void {
  apply(statuses, [lease(statuses, id)]);
  apply(statuses, [begin(statuses, id)]);
  apply(
    statuses,
    settle(plan, statuses, strategy, id, state === "failed" ? { state } : { state, ...(side === undefined ? {} : { side }) }),
  );
}

function states(statuses: Map<string, StepStatus>): string {
  return [...statuses].map(([id, { state }]) => `${id}:${state}`).join(" ");
}

const chain: readonly Step[] = [
  toolStep({ id: "a" }),
  toolStep({ id: "b", dependsOn: ["a"] }),
  toolStep({ id: "c", dependsOn: ["b"] }),
  toolStep({ id: "d" }),
];

test("settle() makes ready what has nothing left to wait for", () => {
  const plan = planRun(workflowOf(chain));
  const statuses = initialStatuses(plan);
  assert.equal(states(statuses), "a:ready b:pending c:pending d:ready");
  execute(plan, statuses, "fail_fast", "a", "succeeded");
  assert.equal(states(statuses), "a:succeeded b:ready c:pending d:ready");
});

test("settle() skips what depends on a failure, however far, under continue_on_error", () => {
  const plan = planRun(workflowOf(chain));
  const statuses = initialStatuses(plan);
  execute(plan, statuses, "continue_on_error", "a", "failed");
  assert.equal(states(statuses), "a:failed b:skipped c:skipped d:ready");
  assert.deepEqual(statuses.get("b")?.why, { kind: "dependency_failed", step: "a" });
  assert.deepEqual(statuses.get("c")?.why, { kind: "dependency_skipped", step: "b" });
});

test("settle() cancels all that is not being executed under fail_fast", () => {
  const plan = planRun(workflowOf([...chain, toolStep({ id: "e" })]));
  const statuses = initialStatuses(plan);
  apply(statuses, [lease(statuses, "e")]);
  execute(plan, statuses, "fail_fast", "a", "failed");
  assert.equal(states(statuses), "a:failed b:cancelled c:cancelled d:cancelled e:leased");
  assert.deepEqual(statuses.get("d")?.why, { kind: "step_failed", step: "a" });
});

test("settle() skips a nested branch as a whole and runs a join that needs any", () => {
  const plan = planRun(
    workflowOf([
      conditionStep({ id: "c" }),
      conditionStep({ id: "inner", branch: { condition: "c", side: "then" } }),
      toolStep({ id: "deep", branch: { condition: "inner", side: "then" } }),
      toolStep({ id: "other", branch: { condition: "c", side: "else" } }),
      toolStep({ id: "join", dependsOn: ["deep", "other"], needs: "any" }),
    ]),
  );
  const statuses = initialStatuses(plan);
  execute(plan, statuses, "fail_fast", "c", "succeeded", "else");
  assert.equal(states(statuses), "c:succeeded inner:skipped deep:skipped other:ready join:pending");
  execute(plan, statuses, "fail_fast", "other", "succeeded");
  assert.equal(statuses.get("join")?.state, "ready");
});

test("begin() counts attempts and postpone() and resume() bring a step back", () => {
  const plan = planRun(workflowOf([toolStep({ id: "a" })]));
  const statuses = initialStatuses(plan);
  for (const change of [lease, begin, postpone, resume, lease, begin]) apply(statuses, [change(statuses, "a")]);
  assert.deepEqual(statuses.get("a"), { state: "running", attempts: 2, open: 0 });
});

test("lease() refuses a step that is not ready", () => {
  const statuses = initialStatuses(planRun(workflowOf(chain)));
  assert.throws(() => lease(statuses, "b"), /assertion: step "b" is pending and cannot become leased/);
  assert.throws(() => lease(statuses, "x"), /assertion: step "x" is unknown/);
});

test("runState() follows from the steps", () => {
  const plan = planRun(workflowOf([toolStep({ id: "a" })]));
  const statuses = initialStatuses(plan);
  assert.equal(runState(statuses, undefined), "pending");
  apply(statuses, [lease(statuses, "a")]);
  assert.equal(runState(statuses, undefined), "running");
  apply(statuses, [begin(statuses, "a")]);
  apply(statuses, settle(plan, statuses, "fail_fast", "a", { state: "succeeded" }));
  assert.equal(runState(statuses, undefined), "succeeded");
  const cancelled = initialStatuses(plan);
  apply(cancelled, cancelWaiting(cancelled, { kind: "interrupted" }));
  assert.equal(runState(cancelled, { kind: "interrupted" }), "cancelled");
  assert.equal(runState(cancelled, { kind: "run_timeout", maxMs: 1 }), "failed");
});
