import assert from "node:assert/strict";
import fc from "fast-check";
import { property } from "../../../../fuzz/property.ts";
import type { FailureStrategy, OrderingStrategy, Step, Workflow } from "../workflow/document.ts";
import { NO_SANDBOX, ONCE, toolStep, VirtualClock, workflowOf, workTool } from "./fixture.ts";
import { outputOf, type RunEvent } from "./result.ts";
import { runWorkflow } from "./run.ts";

/** @param jitters drawn from in turn, for ever */
async function execute(workflow: Workflow, jitters: readonly number[] = [0.5]) {
  const clock = new VirtualClock();
  const work = workTool(clock);
  const events: RunEvent[] = [];
  let drawn = 0;
  const result = await runWorkflow(workflow, {
    sandbox: NO_SANDBOX,
    tools: [work.tool],
    clock,
    random: () => jitters[drawn++ % jitters.length] as number,
    runId: "run-1",
    onEvent: (event) => events.push(event),
    input: { no: false },
  });
  return { result, events, work };
}

const ORDERS: readonly OrderingStrategy[] = ["work_queue", "level", "reactive", "hybrid"];

interface Node {
  readonly dependencies: readonly number[];
  readonly needs: "all" | "any";
  readonly ms: number;
  readonly fail: "always" | number;
  readonly wanted: boolean;
}

const dags: fc.Arbitrary<Node[]> = fc.array(
  fc.record({
    dependencies: fc.array(fc.nat(), { maxLength: 3 }),
    needs: fc.constantFrom<Node["needs"]>("all", "all", "any"),
    ms: fc.nat(50),
    fail: fc.constantFrom<Node["fail"]>(0, 0, 0, 1, 3, "always"),
    wanted: fc.constantFrom(true, true, true, false),
  }),
  { minLength: 1, maxLength: 10 },
);

function dagOf(nodes: readonly Node[]): Step[] {
  return nodes.map(({ dependencies, needs, ms, fail, wanted }, index) => {
    const dependsOn = index === 0 ? [] : [...new Set(dependencies.map((n) => `s${n % index}`))];
    const input = Object.fromEntries(dependsOn.map((id) => [id, `\${{ steps.${id}.output }}`]));
    const retry = { ...ONCE, maxAttempts: 3, backoff: "linear" as const, baseMs: 7, capMs: 100, jitter: 0.5 };
    const when = wanted ? {} : { when: "inputs.no" };
    return toolStep({ id: `s${index}`, dependsOn, needs, retry, with: { id: `s${index}`, input, ms, fail }, ...when });
  });
}

const orders = fc.constantFrom(...ORDERS);
const concurrencies = fc.integer({ min: 1, max: 4 });
const failureStrategies = fc.constantFrom<FailureStrategy>("continue_on_error", "best_effort");
const jitters = fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { minLength: 1, maxLength: 20 });

property(
  "any graph gives the same states and outputs under every ordering, concurrency and timing",
  60,
  [dags, failureStrategies, jitters],
  async (nodes, failureStrategy, jitters) => {
    const seen = new Set<string>();
    for (const strategy of ORDERS) {
      for (const [maxConcurrency, batchSize] of [[1], [3], [3, 2], [20]] as const) {
        const slower = nodes.map((node) => ({ ...node, ms: (node.ms * (maxConcurrency + 13)) % 37 }));
        const given = { strategy, failureStrategy, maxConcurrency, ...(batchSize === undefined ? {} : { batchSize }) };
        const { result } = await execute(workflowOf(dagOf(slower), given), jitters);
        const steps = result.steps.map(({ id, state, why, attempts }) => [id, state, why, attempts.length]);
        seen.add(JSON.stringify([result.state, result.outputs, steps]));
      }
    }
    assert.equal(seen.size, 1, [...seen].join("\n"));
  },
);

property(
  "any graph under fail_fast reaches no output that it would not reach otherwise, and fails just when it would",
  100,
  [dags, orders, concurrencies],
  async (nodes, strategy, maxConcurrency) => {
    const whole = await execute(workflowOf(dagOf(nodes), { failureStrategy: "continue_on_error" }));
    const fast = await execute(workflowOf(dagOf(nodes), { failureStrategy: "fail_fast", strategy, maxConcurrency }));
    assert.equal(fast.result.state, whole.result.state);
    for (const step of fast.result.steps) {
      if (step.state === "succeeded") assert.deepEqual(outputOf(step), whole.result.outputs[step.id]);
      if (fast.result.state === "succeeded") assert.equal(step.state, whole.result.steps.find(({ id }) => id === step.id)?.state);
    }
  },
);

property(
  "any graph passes max_concurrency never, and starts no step before its dependencies ended",
  100,
  [dags, orders, concurrencies],
  async (nodes, strategy, maxConcurrency) => {
    const steps = dagOf(nodes);
    const { work, events } = await execute(workflowOf(steps, { strategy, maxConcurrency, failureStrategy: "best_effort" }));
    assert.ok(work.most <= maxConcurrency);
    const ended = new Set<string>();
    for (const event of events) {
      if (event.kind === "step_ended") ended.add(event.step.id);
      if (event.kind === "attempt_started")
        for (const id of steps.find((step) => step.id === event.step)?.dependsOn ?? []) assert.ok(ended.has(id));
    }
  },
);
