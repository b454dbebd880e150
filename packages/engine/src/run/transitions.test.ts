import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { FailureStrategy, OrderingStrategy, Step } from "../workflow/document.ts";
import { conditionStep, toolStep, workflowOf } from "./fixture.ts";
import { nextSteps } from "./ordering.ts";
import { type Plan, planRun } from "./plan.ts";
import { isEnded, mayBecome, runState, type Side, type StepChange, type StepStatus } from "./state.ts";
import { begin, cancelWaiting, initialStatuses, lease, postpone, resume, settle } from "./transitions.ts";

function apply(statuses: Map<string, StepStatus>, changes: readonly StepChange[]): void {
  for (const { id, from, to } of changes) {
    assert.equal(statuses.get(id), from);
    if (from.state !== to.state) assert.ok(mayBecome(from.state, to.state) || from.state === "pending", `${from.state} -> ${to.state}`);
    statuses.set(id, to);
  }
}

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

test("any graph comes to its end under every strategy, and no step starts before its parents ended", () => {
  const orders = fc.constantFrom<OrderingStrategy>("work_queue", "level", "reactive", "hybrid");
  const failures = fc.constantFrom<FailureStrategy>("fail_fast", "continue_on_error", "best_effort");
  const concurrency = fc.integer({ min: 1, max: 5 });
  const batch = fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined });
  fc.assert(
    fc.property(
      graphs,
      orders,
      failures,
      concurrency,
      batch,
      fc.array(fc.nat(), { minLength: 1 }),
      (graph, order, failure, max, batchSize, picks) => {
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
    ),
    { numRuns: 500 },
  );
});

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
