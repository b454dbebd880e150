import assert from "node:assert/strict";
import { test } from "node:test";
import type { Json } from "@glovebox/sandbox";
import type { FailureStrategy, Workflow } from "../workflow/document.ts";
import { localStep, NO_SANDBOX, ONCE, toolStep, VirtualClock, workflowOf, workTool } from "./fixture.ts";
import type { RunEvent, RunResult } from "./result.ts";
import { type RunOptions, runWorkflow } from "./run.ts";

async function execute(workflow: Workflow, given: Partial<RunOptions> = {}) {
  const clock = new VirtualClock();
  const work = workTool(clock);
  const events: RunEvent[] = [];
  const result = await runWorkflow(workflow, {
    sandbox: NO_SANDBOX,
    tools: [work.tool],
    clock,
    random: () => 0.5,
    runId: "run-1",
    onEvent: (event) => events.push(event),
    ...given,
  });
  return { result, events, work, clock };
}

function states({ steps }: RunResult): string {
  return steps.map(({ id, state }) => `${id}:${state}`).join(" ");
}

test("runWorkflow() hands outputs along references and keeps their types", async () => {
  const { result } = await execute(
    workflowOf(
      [
        toolStep({ id: "a", with: { input: "${{ inputs.list }}" } }),
        toolStep({
          id: "b",
          dependsOn: ["a"],
          with: { input: { whole: "${{ steps.a.output }}", text: "<${{ steps.a.output.of[1] }}|${{ inputs.list }}>" } },
        }),
      ],
      { outputs: { last: "${{ steps.b.output.of }}", run: "${{ run.id }}", status: "${{steps.a.status}}" } },
    ),
    { input: { list: [1, "two"] } },
  );
  assert.equal(result.state, "succeeded");
  assert.deepEqual(result.outputs, { last: { whole: { of: [1, "two"] }, text: '<two|[1,"two"]>' }, run: "run-1", status: "succeeded" });
});

test("runWorkflow() resolves references by own keys only and fails the attempt where one leads nowhere", async () => {
  for (const path of ["inputs.toString", "inputs.a.constructor", "inputs.a[0]", "steps.z.output", "inputs['__proto__']"]) {
    const { result } = await execute(workflowOf([toolStep({ id: "a", with: { input: `\${{ ${path} }}` } })]), { input: { a: {} } });
    const outcome = result.steps[0]?.outcome;
    assert.ok(outcome?.kind === "failed" && outcome.error.name === "ReferenceError", path);
    assert.match(outcome.error.message, /^Cannot resolve \$\{\{ /);
  }
});

test("runWorkflow() retries transient failures with the delays of the backoff and one idempotency key", async () => {
  const retry = { ...ONCE, maxAttempts: 4, backoff: "exponential" as const, baseMs: 100, capMs: 1_000 };
  const { result, work } = await execute(workflowOf([toolStep({ id: "a", retry, with: { fail: 3, ms: 10 } })]));
  assert.equal(result.state, "succeeded");
  const attempts = result.steps[0]?.attempts ?? [];
  assert.deepEqual(
    attempts.map(({ number, startedMs, endedMs, retryInMs, outcome }) => [number, startedMs, endedMs, retryInMs, outcome.kind]),
    [
      [1, 0, 10, 100, "failed"],
      [2, 110, 120, 200, "failed"],
      [3, 320, 330, 400, "failed"],
      [4, 730, 740, undefined, "completed"],
    ],
  );
  assert.deepEqual(new Set(work.keys), new Set(["run-1/a"]));
});

test("runWorkflow() gives a slot free while a step waits for its retry", async () => {
  const retry = { ...ONCE, maxAttempts: 2, baseMs: 1_000, capMs: 1_000 };
  const steps = [toolStep({ id: "a", retry, with: { id: "a", fail: 1 } }), toolStep({ id: "b", with: { id: "b" } })];
  const { work } = await execute(workflowOf(steps, { maxConcurrency: 1 }));
  assert.deepEqual(work.events, ["began a", "ended a", "began b", "ended b", "began a", "ended a"]);
});

test("runWorkflow() fail_fast stops what runs, cancels the rest and names the step", async () => {
  const { result } = await execute(
    workflowOf([
      toolStep({ id: "bad", with: { fail: "always", ms: 10 } }),
      toolStep({ id: "quick", with: { ms: 5 } }),
      toolStep({ id: "slow", with: { ms: 1_000_000 } }),
      toolStep({ id: "after", dependsOn: ["bad"] }),
    ]),
  );
  assert.equal(states(result), "bad:failed quick:succeeded slow:cancelled after:cancelled");
  assert.equal(result.state, "failed");
  assert.equal(result.wallMs, 10);
  assert.ok(result.cause?.kind === "step_failed" && result.cause.step === "bad");
  assert.deepEqual(result.steps[2]?.why, { kind: "step_failed", step: "bad" });
  assert.deepEqual(result.outputs, { quick: { of: null } });
});

test("runWorkflow() a run with an unhandled failure is failed under every failure strategy, with what was reached", async () => {
  const steps = [
    toolStep({ id: "bad", with: { fail: "always" } }),
    toolStep({ id: "good", with: { ms: 20 } }),
    toolStep({ id: "all", dependsOn: ["bad", "good"] }),
    toolStep({ id: "any", dependsOn: ["bad", "good"], needs: "any", with: { input: "${{ steps.bad.output }}" } }),
  ];
  const shown = async (failureStrategy: FailureStrategy) => {
    const { result } = await execute(workflowOf(steps, { failureStrategy }));
    return `${result.state} ${states(result)}`;
  };
  assert.equal(await shown("fail_fast"), "failed bad:failed good:cancelled all:cancelled any:cancelled");
  assert.equal(await shown("continue_on_error"), "failed bad:failed good:succeeded all:skipped any:skipped");
  assert.equal(await shown("best_effort"), "failed bad:failed good:succeeded all:skipped any:succeeded");
});

test("runWorkflow() skips a step whose `when` is false, and what depends on it", async () => {
  const steps = [
    toolStep({ id: "a", when: "inputs.no" }),
    toolStep({ id: "b", when: "inputs.missing" }),
    toolStep({ id: "c", when: "inputs.yes" }),
    toolStep({ id: "d", dependsOn: ["a", "c"] }),
    toolStep({ id: "e", dependsOn: ["a", "c"], needs: "any" }),
  ];
  const { result } = await execute(workflowOf(steps), { input: { yes: 1, no: 0 } });
  assert.equal(states(result), "a:skipped b:skipped c:succeeded d:skipped e:succeeded");
  assert.equal(result.state, "succeeded");
  assert.deepEqual([result.steps[0]?.why, result.steps[0]?.attempts], [{ kind: "when_false" }, []]);
});

test("runWorkflow() ends an attempt at its timeout as exhausted: wall", async () => {
  const { result } = await execute(workflowOf([toolStep({ id: "a", timeoutMs: 50, with: { ms: 60 } })]));
  assert.deepEqual(result.steps[0]?.outcome, { kind: "exhausted", limit: "wall", used: 50, max: 50 });
  assert.equal(result.state, "failed");
});

test("runWorkflow() abandons a tool that does not heed its signal", async () => {
  const clock = new VirtualClock();
  const deaf = { ...workTool(clock).tool, invoke: () => new Promise<Json>(() => {}) };
  const { result } = await execute(workflowOf([toolStep({ id: "a", timeoutMs: 50 })]), { clock, tools: [deaf] });
  const outcome = result.steps[0]?.outcome;
  assert.ok(outcome?.kind === "exhausted" && outcome.limit === "wall" && outcome.used >= 50);
});

test("runWorkflow() ends a run at its timeout", async () => {
  const { result } = await execute(
    workflowOf([toolStep({ id: "a", with: { ms: 100 } }), toolStep({ id: "b", dependsOn: ["a"] })], { timeoutMs: 70 }),
  );
  assert.equal(states(result), "a:cancelled b:cancelled");
  assert.deepEqual([result.state, result.cause, result.wallMs], ["failed", { kind: "run_timeout", maxMs: 70 }, 70]);
});

test("runWorkflow() ends cancelled when its signal is aborted, before and while it runs, also between two attempts", async () => {
  const before = await execute(workflowOf([toolStep({ id: "a" })]), { signal: AbortSignal.abort() });
  assert.deepEqual([before.result.state, before.result.cause, before.work.events], ["cancelled", { kind: "interrupted" }, []]);
  for (const at of ["attempt_started", "attempt_ended"] as const) {
    const controller = new AbortController();
    const retry = { ...ONCE, maxAttempts: 9, baseMs: 1e9, capMs: 1e9 };
    const steps = [toolStep({ id: "a", retry, with: { ms: 10, fail: 5 } }), toolStep({ id: "b", dependsOn: ["a"] })];
    const { result } = await execute(workflowOf(steps), {
      signal: controller.signal,
      onEvent: ({ kind }) => kind === at && setImmediate(() => controller.abort()),
    });
    assert.equal(`${result.state} ${states(result)}`, "cancelled a:cancelled b:cancelled");
  }
});

test("runWorkflow() keeps the first reason for which a run was ended", async () => {
  const controller = new AbortController();
  const steps = [toolStep({ id: "bad", with: { fail: "always" } }), toolStep({ id: "slow", with: { ms: 100 } })];
  const onEvent = (event: RunEvent): void => {
    if (event.kind === "step_ended") controller.abort();
  };
  const { result } = await execute(workflowOf(steps, { timeoutMs: 1 }), { signal: controller.signal, onEvent });
  assert.deepEqual(
    [result.state, result.cause?.kind, result.steps[1]?.why],
    ["failed", "step_failed", { kind: "step_failed", step: "bad" }],
  );
});

test("runWorkflow() shows a step nothing of steps that are not upstream of it, even when they have ended", async () => {
  const steps = [
    toolStep({ id: "a" }),
    toolStep({ id: "b" }),
    toolStep({ id: "c", dependsOn: ["b"], with: { input: "${{ steps.a.status }}" } }),
  ];
  const { result } = await execute(workflowOf(steps, { maxConcurrency: 1 }));
  const outcome = result.steps[2]?.outcome;
  assert.ok(outcome?.kind === "failed");
  assert.match(outcome.error.message, /there is no step "a" before this one/);
});

test("runWorkflow() tells every attempt and every step's end, in order", async () => {
  const { events, result } = await execute(workflowOf([toolStep({ id: "a" }), toolStep({ id: "b", dependsOn: ["a"], when: "inputs.no" })]));
  const shown = events.map((event) =>
    "step" in event ? `${event.kind} ${typeof event.step === "string" ? event.step : event.step.id}` : event.kind,
  );
  assert.deepEqual(shown, [
    "run_started",
    "attempt_started a",
    "attempt_ended a",
    "step_ended a",
    "attempt_started b",
    "step_ended b",
    "run_ended",
  ]);
  assert.deepEqual(JSON.parse(JSON.stringify(result)), result);
});

test("runWorkflow() rejects with a mistake of ours only after everything has stopped", async () => {
  const clock = new VirtualClock();
  const work = workTool(clock);
  const steps = [toolStep({ id: "a", with: { id: "a", ms: 5 } }), toolStep({ id: "b", with: { id: "b", ms: 10 } })];
  const run = runWorkflow(workflowOf(steps), {
    sandbox: NO_SANDBOX,
    tools: [work.tool],
    clock,
    onEvent: (event) => {
      if (event.kind === "attempt_ended") throw new Error("mistake");
    },
  });
  await assert.rejects(run, /mistake/);
  assert.deepEqual(work.events.toSorted(), ["began a", "began b", "ended a", "ended b"]);
});

test("runWorkflow() refuses an input, a folder or tools that it cannot use before anything starts", async () => {
  const text = workflowOf([localStep({ id: "a", processor: "reverse_text" })], { payload: "text" });
  await assert.rejects(execute(text, { input: { a: 1 } }), { code: "INPUT_INVALID" });
  await assert.rejects(execute(workflowOf([]), { folder: "/does/not/exist" }), { code: "FOLDER_INVALID" });
  const { tool } = workTool(new VirtualClock());
  await assert.rejects(execute(workflowOf([]), { tools: [tool, tool] }), { code: "TOOL_INVALID" });
});

test("runWorkflow() carries a text along its processors, past analyzers", async () => {
  const workflow = workflowOf(
    [
      localStep({ id: "lower", processor: "change_text_case_lower" }),
      localStep({ id: "count", processor: "token_counter", dependsOn: ["lower"] }),
      localStep({ id: "words", processor: "word_frequency_analyzer", dependsOn: ["lower"] }),
      localStep({
        id: "frame",
        processor: "prefix_suffix_adder",
        options: { prefix: "<", suffix: ">" },
        dependsOn: ["lower", "count", "words"],
      }),
      localStep({ id: "after", processor: "token_counter", dependsOn: ["frame"] }),
    ],
    { payload: "text" },
  );
  const { result } = await execute(workflow, { input: "Hello hello World" });
  assert.deepEqual(result.payload, { input: "Hello hello World", output: "<hello hello world>" });
  assert.equal(result.outputs["words"], "hello hello world");
  assert.deepEqual(result.steps[1]?.metadata, { char_count: 17, word_count: 3, line_count: 1 });
  assert.deepEqual(result.steps[2]?.metadata, { word_freq_hello: 2, word_freq_world: 1, total_unique_words: 2 });
  assert.equal(result.steps[0]?.metadata, undefined);
});
