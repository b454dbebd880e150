import assert from "node:assert/strict";
import fc from "fast-check";
import { property } from "../../../../fuzz/property.ts";
import type { FailureStrategy, OrderingStrategy, Step } from "../workflow/document.ts";
import { apply, conditionStep, toolStep, workflowOf } from "./fixture.ts";
import { nextSteps } from "./ordering.ts";
import { planRun } from "./plan.ts";
import { isEnded, type Side } from "./state.ts";
import { begin, initialStatuses, lease, settle } from "./transitions.ts";

/** Steps by index, each with dependencies on earlier ones; some are conditions, and some later ones in their branches. */
const graphs = fc.array(
  fc.record({
    dependencies: fc.array(fc.nat(), { maxLength: 3 }),
    needs: fc.constantFrom("all" as const, "any" as const),
    condition: fc.boolean(),
    branch: fc.option(fc.record({ of: fc.nat(), side: fc.constantFrom("then" as const, "else" as const) }), { nil: undefined }),
    end: fc.constantFrom("succeeded" as const, "succeeded" as const, "failed" as const),
    side: fc.constantFrom("then" as const, "else" as const),
  }),
  { minLength: 1, maxLength: 14 },
);

function stepsOf(
  graph: readonly { dependencies: number[]; needs: "all" | "any"; condition: boolean; branch: { of: number; side: Side } | undefined }[],
): Step[] {
  return graph.map((node, index) => {
    const dependsOn = index === 0 ? [] : [...new Set(node.dependencies.map((n) => `s${n % index}`))];
    const conditions = graph.slice(0, index).flatMap(({ condition }, i) => (condition ? [`s${i}`] : []));
    const condition = node.branch === undefined ? undefined : conditions[node.branch.of % Math.max(conditions.length, 1)];
    const branch = condition === undefined || node.branch === undefined ? {} : { branch: { condition, side: node.branch.side } };
    const given = { id: `s${index}`, dependsOn, needs: node.needs, ...branch };
    return node.condition ? conditionStep(given) : toolStep(given);
  });
}

const options = fc.record({
  order: fc.constantFrom<OrderingStrategy>("work_queue", "level", "reactive", "hybrid"),
  failure: fc.constantFrom<FailureStrategy>("fail_fast", "continue_on_error", "best_effort"),
  max: fc.integer({ min: 1, max: 5 }),
  batchSize: fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined }),
});

property(
  "any graph comes to its end under every strategy, and no step starts before its parents ended",
  500,
  [graphs, options, fc.array(fc.nat(), { minLength: 1 })],
  (graph, { order, failure, max, batchSize }, picks) => {
    const plan = planRun(workflowOf(stepsOf(graph)));
    const statuses = initialStatuses(plan);
    const ready = new Set(plan.steps.keys());
    const busy: string[] = [];
    for (let turn = 0; ; turn++) {
      for (const [id, { state }] of statuses) if (state !== "ready") ready.delete(id);
      for (const [id, { state }] of statuses) if (state === "ready") ready.add(id);
      const started = nextSteps(plan, {
        strategy: order,
        ready: [...ready],
        busy,
        waiting: [],
        maxConcurrency: max,
        batchSize,
      });
      for (const id of started) {
        for (const parent of plan.steps.get(id)?.parents ?? []) assert.ok(isEnded(statuses.get(parent)?.state ?? "pending"));
        apply(statuses, [lease(statuses, id)]);
        apply(statuses, [begin(statuses, id)]);
        busy.push(id);
      }
      assert.ok(busy.length <= max);
      const pick = (picks[turn % picks.length] ?? 0) % Math.max(busy.length, 1);
      const [id] = busy.splice(pick, 1);
      if (id === undefined) break;
      const node = graph[plan.steps.get(id)?.index ?? 0];
      const end = node?.end === "failed" ? { state: "failed" as const } : { state: "succeeded" as const, side: node?.side ?? "then" };
      apply(statuses, settle(plan, statuses, failure, id, end));
    }
    for (const [id, { state }] of statuses) assert.ok(isEnded(state), `${id} was left ${state}`);
  },
);
