import assert from "node:assert/strict";
import { test } from "node:test";
import type { FailureStrategy } from "../workflow/document.ts";
import { onFailure, readiness } from "./failure.ts";
import { conditionStep, toolStep, workflowOf } from "./fixture.ts";
import { planRun } from "./plan.ts";
import type { Side, StepState, StepStatus } from "./state.ts";

const plan = planRun(
  workflowOf([
    toolStep({ id: "a" }),
    toolStep({ id: "b" }),
    conditionStep({ id: "c" }),
    toolStep({ id: "all", dependsOn: ["a", "b"] }),
    toolStep({ id: "any", dependsOn: ["a", "b"], needs: "any" }),
    toolStep({ id: "then", dependsOn: ["a"], branch: { condition: "c", side: "then" } }),
  ]),
);

function judged(id: string, states: Record<string, StepState>, side?: Side, strategy: FailureStrategy = "continue_on_error") {
  const statuses = new Map<string, StepStatus>(
    Object.entries(states).map(([other, state]) => [other, { state, attempts: 1, open: 0, ...(side === undefined ? {} : { side }) }]),
  );
  const planned = plan.steps.get(id);
  assert.ok(planned);
  return readiness(planned, statuses, strategy);
}

test("onFailure() ends the run under fail_fast only", () => {
  assert.equal(onFailure("fail_fast"), "end_run");
  assert.equal(onFailure("continue_on_error"), "go_on");
  assert.equal(onFailure("best_effort"), "go_on");
});

test("readiness() needs: all names the first dependency listed that did not succeed", () => {
  assert.equal(judged("all", { a: "succeeded", b: "succeeded" }), "ready");
  assert.deepEqual(judged("all", { a: "succeeded", b: "failed" }), { kind: "dependency_failed", step: "b" });
  assert.deepEqual(judged("all", { a: "skipped", b: "failed" }), { kind: "dependency_skipped", step: "a" });
});

test("readiness() needs: any puts up with skipped dependencies, and with failed ones under best_effort only", () => {
  assert.equal(judged("any", { a: "skipped", b: "succeeded" }), "ready");
  assert.deepEqual(judged("any", { a: "failed", b: "succeeded" }), { kind: "dependency_failed", step: "a" });
  assert.equal(judged("any", { a: "failed", b: "succeeded" }, undefined, "best_effort"), "ready");
  assert.deepEqual(judged("any", { a: "failed", b: "skipped" }, undefined, "best_effort"), { kind: "dependency_failed", step: "a" });
  assert.deepEqual(judged("any", { a: "skipped", b: "skipped" }), { kind: "dependency_skipped", step: "a" });
});

test("readiness() skips a branch that was not taken, whatever its dependencies", () => {
  assert.equal(judged("then", { a: "succeeded", c: "succeeded" }, "then"), "ready");
  assert.deepEqual(judged("then", { a: "succeeded", c: "succeeded" }, "else"), { kind: "branch_not_taken", condition: "c" });
  assert.deepEqual(judged("then", { a: "succeeded", c: "failed" }), { kind: "dependency_failed", step: "c" });
  assert.deepEqual(judged("then", { a: "succeeded", c: "skipped" }), { kind: "dependency_skipped", step: "c" });
});
