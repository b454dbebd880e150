import assert from "node:assert/strict";
import { test } from "node:test";
import type { OrderingStrategy } from "../workflow/document.ts";
import { toolStep, workflowOf } from "./fixture.ts";
import { nextSteps, type Turn } from "./ordering.ts";
import { planRun } from "./plan.ts";

/** short; long -> long2 -> long3; irregular depends on levels 0 and 1. */
const plan = planRun(
  workflowOf([
    toolStep({ id: "short" }),
    toolStep({ id: "long" }),
    toolStep({ id: "other", dependsOn: ["short"] }),
    toolStep({ id: "long2", dependsOn: ["long"] }),
    toolStep({ id: "long3", dependsOn: ["long2"] }),
    toolStep({ id: "skewed", dependsOn: ["long", "long2"] }),
    toolStep({ id: "last", dependsOn: ["long3"] }),
  ]),
);

function next(strategy: OrderingStrategy, ready: readonly string[], given: Partial<Turn> = {}): readonly string[] {
  return nextSteps(plan, { strategy, ready, busy: [], waiting: [], maxConcurrency: 10, batchSize: undefined, ...given });
}

test("nextSteps() work_queue starts the longest remaining path first", () => {
  assert.deepEqual(next("work_queue", ["short", "long"]), ["long", "short"]);
  assert.deepEqual(next("work_queue", ["other", "long2"]), ["long2", "other"]);
});

test("nextSteps() reactive starts steps as they became ready", () => {
  assert.deepEqual(next("reactive", ["short", "long2"]), ["short", "long2"]);
});

test("nextSteps() level starts nothing of a level before the one above has ended", () => {
  assert.deepEqual(next("level", ["short", "long2"]), ["short"]);
  assert.deepEqual(next("level", ["long2", "other"]), ["other", "long2"]);
  assert.deepEqual(next("level", ["long2", "other"], { busy: ["short"] }), []);
  assert.deepEqual(next("level", ["long2"], { waiting: ["short"] }), []);
});

test("nextSteps() hybrid keeps the barrier of a regular level and lets steps of another one pass it", () => {
  assert.deepEqual(plan.regularLevels, [true, true, false, true]);
  assert.deepEqual(next("hybrid", ["short", "long2"]), ["short"]);
  assert.deepEqual(next("hybrid", ["other", "long3", "skewed"]), ["long3", "other", "skewed"]);
});

test("nextSteps() never starts more than there is room for", () => {
  assert.deepEqual(next("work_queue", ["short", "long"], { maxConcurrency: 3, busy: ["long2", "last"] }), ["long"]);
  assert.deepEqual(next("work_queue", ["short", "long"], { maxConcurrency: 3, busy: ["long2", "last", "other"] }), []);
});

test("nextSteps() waits until there is room for a whole batch, or for all that is ready", () => {
  const ready = ["short", "long"];
  assert.deepEqual(next("reactive", ready, { maxConcurrency: 3, busy: ["long2", "last"], batchSize: 2 }), []);
  assert.deepEqual(next("reactive", ready, { maxConcurrency: 3, busy: ["last"], batchSize: 2 }), ready);
  assert.deepEqual(next("reactive", ["short"], { maxConcurrency: 3, busy: ["long2", "last"], batchSize: 2 }), ["short"]);
  assert.deepEqual(next("reactive", ready, { maxConcurrency: 1, batchSize: 2 }), ["short"]);
});
