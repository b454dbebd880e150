import assert from "node:assert/strict";
import { test } from "node:test";
import { conditionStep, toolStep, workflowOf } from "./fixture.ts";
import { ancestors, planRun } from "./plan.ts";

const diamond = planRun(
  workflowOf([
    toolStep({ id: "a" }),
    toolStep({ id: "b", dependsOn: ["a"] }),
    toolStep({ id: "c", dependsOn: ["a"] }),
    toolStep({ id: "c2", dependsOn: ["c"] }),
    toolStep({ id: "d", dependsOn: ["b", "c2"] }),
  ]),
);

test("planRun() finds levels, longest remaining paths and regular levels", () => {
  const shown = [...diamond.steps].map(([id, { level, remaining }]) => `${id} ${level} ${remaining}`);
  assert.deepEqual(shown, ["a 0 4", "b 1 2", "c 1 3", "c2 2 2", "d 3 1"]);
  assert.deepEqual(diamond.regularLevels, [true, true, true, false]);
});

test("planRun() puts a condition before the steps of its branches", () => {
  const plan = planRun(workflowOf([toolStep({ id: "t", branch: { condition: "c", side: "then" } }), conditionStep({ id: "c" })]));
  assert.deepEqual(plan.steps.get("t")?.parents, ["c"]);
  assert.equal(plan.steps.get("t")?.level, 1);
});

test("ancestors() finds all that is upstream and nothing else", () => {
  assert.deepEqual([...ancestors(diamond, "d")].sort(), ["a", "b", "c", "c2"]);
  assert.deepEqual([...ancestors(diamond, "b")], ["a"]);
});

test("planRun() refuses what is no acyclic graph", () => {
  const refuses = (steps: Parameters<typeof workflowOf>[0], message: RegExp): void =>
    assert.throws(() => planRun(workflowOf(steps)), { code: "WORKFLOW_INVALID", message });
  refuses([toolStep({ id: "a" }), toolStep({ id: "b", dependsOn: ["c"] }), toolStep({ id: "c", dependsOn: ["b"] })], /"b" is on a cycle/);
  refuses([toolStep({ id: "a", dependsOn: ["a"] })], /cycle/);
  refuses([toolStep({ id: "a" }), toolStep({ id: "a" })], /two steps are called "a"/);
  refuses([toolStep({ id: "a", dependsOn: ["x"] })], /depends on "x", which does not exist/);
  refuses([toolStep({ id: "a" }), toolStep({ id: "b", branch: { condition: "a", side: "then" } })], /which is no condition/);
});

test("planRun() copes with a chain of 20,000 steps", () => {
  const steps = Array.from({ length: 20_000 }, (_, i) => toolStep({ id: `s${i}`, dependsOn: i === 0 ? [] : [`s${i - 1}`] }));
  assert.equal(planRun(workflowOf(steps)).steps.get("s0")?.remaining, 20_000);
});
