import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Json, Sandbox } from "@glovebox/sandbox";
import openWabt from "wabt";
import type { StepOutcome } from "../run/attempt.ts";
import { systemClock } from "../run/clock.ts";
import { conditionStep, toolStep, workflowOf, workTool } from "../run/fixture.ts";
import type { RunResult } from "../run/result.ts";
import { type RunOptions, runWorkflow } from "../run/run.ts";
import { BUILTIN_TOOLS } from "../tools/registry.ts";
import type { CodeStep, Step, WasmStep, Workflow } from "../workflow/document.ts";
import { loadWorkflow } from "../workflow/load.ts";
import type { GuestRunner } from "./context.ts";

/** Steps in real cells: what a guest does, and what becomes of it in the run. */

/** A `text` module that appends `-wasm`. */
const APPENDER = `(module
  (memory (export "memory") 2)
  (global $next (mut i32) (i32.const 1024))
  (data (i32.const 16) "-wasm\\00")
  (func $allocate (export "allocate") (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (global.get $next))
    (global.set $next (i32.add (global.get $next) (local.get $size)))
    (local.get $at))
  (func (export "deallocate") (param i32 i32))
  (func (export "process") (param $in i32) (result i32)
    (local $size i32) (local $out i32)
    (block $end (loop $next
      (br_if $end (i32.eqz (i32.load8_u (i32.add (local.get $in) (local.get $size)))))
      (local.set $size (i32.add (local.get $size) (i32.const 1)))
      (br $next)))
    (local.set $out (call $allocate (i32.add (local.get $size) (i32.const 6))))
    (memory.copy (local.get $out) (local.get $in) (local.get $size))
    (memory.copy (i32.add (local.get $out) (local.get $size)) (i32.const 16) (i32.const 6))
    (local.get $out)))`;

let sandbox: Sandbox;
let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "glovebox-steps-"));
  const wabt = await openWabt();
  const module = wabt.parseWat("appender.wat", APPENDER, { bulk_memory: true });
  await writeFile(join(folder, "appender.wasm"), module.toBinary({}).buffer);
  module.destroy();
  await writeFile(join(folder, "broken.wasm"), "no module");
  sandbox = new Sandbox({ home: "thread", cells: 2, warm: "none", spare: 0 });
});

after(async () => {
  await sandbox[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const { tool: work } = workTool(systemClock);

function run(steps: readonly Step[], given: Partial<Workflow> = {}, options: Partial<RunOptions> = {}): Promise<RunResult> {
  const file = join(folder, "test.yaml");
  return runWorkflow(workflowOf(steps, { file, ...given }), { sandbox, tools: [work, ...BUILTIN_TOOLS], folder, ...options });
}

const BASE = toolStep({ id: "base" });

function code(id: string, language: CodeStep["language"], source: string, given: Partial<CodeStep> = {}): CodeStep {
  const { tool: _, with: __, ...base } = BASE;
  return { ...base, type: "code", language, code: source, codeLine: 1, id, ...given };
}

function wasm(id: string, module: string, given: Partial<WasmStep> = {}): WasmStep {
  const { tool: _, with: __, ...base } = BASE;
  return { ...base, type: "wasm", module, id, ...given };
}

function outcome(result: RunResult, id: string): StepOutcome | undefined {
  return result.steps.find((step) => step.id === id)?.outcome;
}

function output(result: RunResult, id: string): Json | undefined {
  const end = outcome(result, id);
  assert.equal(end?.kind, "completed", JSON.stringify(end));
  return end.output;
}

test("code: Python, JavaScript and TypeScript get what their dependencies returned, and what they cost is told", async () => {
  const result = await run(
    [
      code("py", "python", "import json\nprint('hi')\nreturn {'sum': sum(inputs['numbers'])}", { input: { numbers: "${{ inputs.n }}" } }),
      code("js", "javascript", "return { twice: inputs.py.sum * 2 };", { dependsOn: ["py"] }),
      code("ts", "typescript", "const n: number = inputs.js.twice; return n + inputs.py.sum;", { dependsOn: ["py", "js"] }),
    ],
    {},
    { input: { n: [1, 2, 3] } },
  );
  assert.equal(output(result, "ts"), 18);
  assert.deepEqual(
    result.steps[0]?.attempts[0]?.log.map(({ message }) => message.trim()),
    ["hi"],
  );
  assert.ok((result.steps[0]?.usage?.peakMemoryBytes ?? 0) > 0);
  assert.ok((result.usage?.inputBytes ?? 0) > 0);
  assert.deepEqual(JSON.parse(JSON.stringify(result)).outputs, { py: { sum: 6 }, js: { twice: 12 }, ts: 18 });
});

test("code: a step that depends on nothing gets what the run was given", async () => {
  const result = await run([code("a", "javascript", "return inputs.data + 1")], {}, { input: { data: 1 } });
  assert.equal(output(result, "a"), 2);
});

test("code: a guest's error keeps its name, its line and the step's name, and is marked as the guest's", async () => {
  const result = await run([code("script", "python", "# comment\nresult = process_data(inputs['data'])")]);
  const end = outcome(result, "script");
  assert.ok(end?.kind === "failed");
  assert.deepEqual([end.error.by, end.error.name, end.error.line], ["guest", "NameError", 2]);
  assert.match(end.error.traceback, /script\.py/);
  assert.deepEqual([result.state, result.cause?.kind], ["failed", "step_failed"]);
});

test("code: limits of the step hold, and exhaustion is retried only where `on` names it", async () => {
  const retry = { maxAttempts: 2, backoff: "none", baseMs: 0, capMs: 0, jitter: 0, on: ["exhausted"] } as const;
  const loop = "while (true) {}";
  const limits = { cpuMs: 100, wallMs: 1_000 };
  const result = await run([code("a", "javascript", loop, { limits }), code("b", "javascript", loop, { limits, retry })], {
    failureStrategy: "continue_on_error",
  });
  assert.deepEqual(
    result.steps.map(({ outcome, attempts }) => [outcome?.kind, attempts.length]),
    [
      ["exhausted", 1],
      ["exhausted", 2],
    ],
  );
});

test("code: cancelling a run ends the guest that runs", async () => {
  const controller = new AbortController();
  const onEvent: RunOptions["onEvent"] = ({ kind }) => {
    if (kind === "attempt_started") setTimeout(() => controller.abort(), 50);
  };
  const result = await run(
    [code("a", "python", "while True: pass"), code("b", "python", "1", { dependsOn: ["a"] })],
    {},
    { signal: controller.signal, onEvent },
  );
  assert.deepEqual([result.state, ...result.steps.map(({ state }) => state)], ["cancelled", "cancelled", "cancelled"]);
});

test("code: a step's timeout bounds its guest too", async () => {
  const result = await run([code("a", "javascript", "while (true) {}", { timeoutMs: 100 })]);
  const end = outcome(result, "a");
  assert.ok(end?.kind === "exhausted" && end.limit === "wall" && end.max === 100, JSON.stringify(end));
});

test("expressions run in the sandbox, in one guest for a step, and see what is upstream", async () => {
  let guests = 0;
  const counting: GuestRunner = {
    run(request) {
      guests++;
      return sandbox.run(request);
    },
  };
  const result = await run(
    [
      code("a", "javascript", "return { rows: [1, 2, 3] }"),
      toolStep({
        id: "b",
        dependsOn: ["a"],
        when: "steps.a.output.rows.length === 3 && inputs.go",
        with: {
          input: {
            sum: "${{ steps.a.output.rows.reduce((x, y) => x + y) }}",
            text: "${{ steps.a.output.rows.length + 1 }} of <${{ inputs.who.toUpperCase() }}>",
            status: "${{ steps.a.status + '!' }}",
            absent: "${{ typeof process + typeof require + typeof fetch }}",
            run: "${{ run.inputs.who + (run.id === 'r1') }}",
          },
        },
      }),
    ],
    {},
    { input: { go: true, who: "me" }, runId: "r1", sandbox: counting },
  );
  const of = { sum: 6, text: "4 of <ME>", status: "succeeded!", absent: "undefinedundefinedundefined", run: "metrue" };
  assert.deepEqual(output(result, "b"), { of });
  // One for step a, one for all expressions of step b.
  assert.equal(guests, 2);
});

test("expressions: a `when` that is false skips the step before its input is looked at", async () => {
  const result = await run([toolStep({ id: "a", when: "1 > 2", with: { input: "${{ nothing.at.all() }}" } })]);
  assert.deepEqual([result.steps[0]?.state, result.steps[0]?.why], ["skipped", { kind: "when_false" }]);
  assert.ok((result.steps[0]?.usage?.wallMs ?? 0) > 0);
});

test("expressions: what throws, what does not parse and what is no value fails the step in the author's words", async () => {
  const fails = async (source: string): Promise<{ name: string; message: string; by: string }> => {
    const result = await run([toolStep({ id: "a", with: { input: `\${{ ${source} }}` } })], {}, { input: {} });
    const end = outcome(result, "a");
    assert.ok(end?.kind === "failed", `${source}: ${JSON.stringify(end)}`);
    return end.error;
  };
  assert.deepEqual(await fails("inputs.a.b.c + 1").then(({ name, by }) => [name, by]), ["TypeError", "guest"]);
  assert.equal((await fails("1 +")).name, "SyntaxError");
  assert.match((await fails("inputs.nothing || undefined")).message, /it came to undefined/);
  assert.match((await fails("() => 1")).message, /it came to a function/);
  assert.equal((await fails("(() => { throw { name: 'X' } })()")).name, "Error");
  assert.equal((await fails("10n ** 3n")).name, "TypeError");
});

test("expressions: one that never ends is stopped by the limits of a condition", async () => {
  const result = await run([toolStep({ id: "a", with: { input: "${{ (() => { for (;;); })() }}" } })]);
  const end = outcome(result, "a");
  assert.ok(end?.kind === "exhausted" && end.max <= 5_000, JSON.stringify(end));
});

test("expressions: a guest that rewrites the evaluator's answer is told apart from one", async () => {
  for (const lie of ["Array.prototype.push = () => 0", "JSON.stringify = () => '[]'"]) {
    const result = await run([toolStep({ id: "a", with: { input: `\${{ (() => { ${lie}; return 1 })() }}` } })]);
    const end = outcome(result, "a");
    assert.ok(end?.kind === "trapped" || (end?.kind === "completed" && JSON.stringify(end.output) === '{"of":1}'), JSON.stringify(end));
  }
});

test("condition: takes one side and skips the other, nested too; `inputs` is its own input", async () => {
  const steps = (limit: number): Step[] => [
    code("totals", "javascript", "return { total: inputs.n }"),
    conditionStep({ id: "big", dependsOn: ["totals"], expression: `inputs.totals.total > ${limit} && run.inputs.n === 7` }),
    conditionStep({ id: "odd", branch: { condition: "big", side: "then" }, input: { n: "${{ inputs.n }}" }, expression: "inputs.n % 2" }),
    toolStep({ id: "both", branch: { condition: "odd", side: "then" } }),
    toolStep({ id: "small", branch: { condition: "big", side: "else" } }),
    toolStep({ id: "join", dependsOn: ["both", "small"], needs: "any", with: { input: "${{ steps.big.output.branch }}" } }),
  ];
  const states = async (limit: number): Promise<string> => {
    const result = await run(steps(limit), {}, { input: { n: 7 } });
    return result.steps.map(({ state }) => state).join(" ");
  };
  assert.equal(await states(6), "succeeded succeeded succeeded succeeded skipped succeeded");
  assert.equal(await states(8), "succeeded succeeded skipped skipped succeeded succeeded");
});

test("condition: an error in it fails it, and what is in its branches is skipped under continue_on_error", async () => {
  const result = await run(
    [conditionStep({ id: "c", expression: "inputs.a.b" }), toolStep({ id: "t", branch: { condition: "c", side: "then" } })],
    { failureStrategy: "continue_on_error" },
  );
  assert.deepEqual(
    result.steps.map(({ state }) => state),
    ["failed", "skipped"],
  );
  assert.deepEqual(result.steps[1]?.why, { kind: "dependency_failed", step: "c" });
});

test("condition: one that never ends, or takes all memory, is stopped by a condition's limits", async () => {
  const endless = await run([conditionStep({ id: "c", expression: "(() => { for (;;); })()" })]);
  const end = outcome(endless, "c");
  assert.ok(end?.kind === "exhausted" && end.max <= 5_000, JSON.stringify(end));
  const greedy = await run([conditionStep({ id: "c", expression: "'x'.repeat(2 ** 24) + 'x'.repeat(2 ** 24 - 1)" })]);
  const stopped = outcome(greedy, "c");
  assert.ok(stopped?.kind === "exhausted" && stopped.limit === "memory" && stopped.max === 8 * 2 ** 20, JSON.stringify(stopped));
});

test("conditions, failures and joins come to the same under every ordering and concurrency", async () => {
  const steps: readonly Step[] = [
    code("n", "javascript", "return inputs.n"),
    conditionStep({ id: "even", dependsOn: ["n"], expression: "inputs.n % 2 === 0" }),
    code("half", "javascript", "return inputs.n / 2", { dependsOn: ["n"], branch: { condition: "even", side: "then" } }),
    code("triple", "javascript", "return inputs.n * 3 + 1", { dependsOn: ["n"], branch: { condition: "even", side: "else" } }),
    code("bad", "javascript", "throw new RangeError('no')", { dependsOn: ["n"] }),
    toolStep({ id: "join", dependsOn: ["half", "triple", "bad"], needs: "any", with: { input: "${{ steps.triple.output }}" } }),
    toolStep({ id: "after", dependsOn: ["bad"] }),
  ];
  for (const failureStrategy of ["continue_on_error", "best_effort"] as const) {
    const seen = new Set<string>();
    for (const strategy of ["work_queue", "level", "reactive", "hybrid"] as const) {
      for (const maxConcurrency of [1, 3]) {
        const result = await run(steps, { strategy, maxConcurrency, failureStrategy }, { input: { n: 7 } });
        seen.add(JSON.stringify([result.state, result.steps.map(({ state, why }) => [state, why]), result.outputs]));
      }
    }
    assert.equal(seen.size, 1, [...seen].join("\n"));
    assert.match([...seen].join(), failureStrategy === "best_effort" ? /"join":\{"of":22\}/ : /^(?!.*"join":)/);
  }
});

test("a cell that dies is no fault of its guest: the attempt is tried again, with the same input", async () => {
  let died = 0;
  const dying: GuestRunner = {
    async run(request) {
      const report = await sandbox.run(request);
      return died++ < 2 ? { ...report, outcome: { kind: "trapped", trap: "cell_died" } } : report;
    },
  };
  const retry = { maxAttempts: 3, backoff: "none", baseMs: 1, capMs: 1, jitter: 0, on: [] } as const;
  const result = await run([code("a", "javascript", "return 1", { retry })], {}, { sandbox: dying });
  assert.deepEqual(
    result.steps[0]?.attempts.map(({ outcome }) => outcome.kind),
    ["trapped", "trapped", "completed"],
  );
});

test("wasm: a module gets text as it is, relative to the document", async () => {
  const result = await run([wasm("m", "appender.wasm", { input: "${{ inputs.text }}" })], {}, { input: { text: "grüezi" } });
  assert.equal(output(result, "m"), "grüezi-wasm");
});

test("wasm: a module that is missing, or none, fails the step by name", async () => {
  const missing = outcome(await run([wasm("m", "nothing.wasm")]), "m");
  assert.ok(missing?.kind === "failed" && missing.error.name === "ModuleError");
  assert.match(missing.error.message, /^Cannot load module "nothing.wasm": it does not exist$/);
  const broken = outcome(await run([wasm("m", "broken.wasm")]), "m");
  assert.ok(broken?.kind === "failed" && broken.error.name === "MODULE_REFUSED" && broken.error.by === "host", JSON.stringify(broken));
});

test("output_schema: an output that does not fit fails the attempt and says where", async () => {
  const outputSchema = { type: "object", required: ["regions"], properties: { regions: { type: "array", items: { type: "string" } } } };
  const result = await run(
    [
      code("good", "javascript", "return { regions: ['a'] }", { outputSchema }),
      code("bad", "javascript", "return { regions: ['a', 7] }", { outputSchema }),
      code("odd", "javascript", "return 1", { outputSchema: { type: "nonsense" } }),
    ],
    { failureStrategy: "continue_on_error" },
  );
  assert.deepEqual(
    result.steps.map(({ state }) => state),
    ["succeeded", "failed", "failed"],
  );
  const bad = outcome(result, "bad");
  assert.ok(bad?.kind === "failed" && bad.error.name === "OutputSchemaError");
  assert.match(bad.error.message, /step "bad".*\/regions\/1 must be string/);
  assert.equal(outcome(result, "odd")?.kind, "failed");
});

test("inputs: a run whose input does not fit its schema is refused before anything starts", async () => {
  const inputs = { type: "object", properties: { n: { type: "number" } }, required: ["n"] };
  const events: string[] = [];
  const refused = run([code("a", "javascript", "return 1")], { inputs }, { input: { n: "x" }, onEvent: ({ kind }) => events.push(kind) });
  await assert.rejects(refused, { code: "INPUT_INVALID", message: /its input does not fit: \/n must be number/ });
  assert.deepEqual(events, []);
  assert.equal((await run([code("a", "javascript", "return 1")], { inputs }, { input: { n: 1 } })).state, "succeeded");
});

test("outputs: each is made by itself, and one that can't be made fails the run", async () => {
  const outputs = { good: "${{ steps.a.output.n * 2 }}", bad: "${{ steps.a.output.x.y + 1 }}", lost: "${{ steps.a.output.m }}" };
  const result = await run([code("a", "javascript", "return { n: 21 }")], { outputs });
  assert.deepEqual(result.outputs, { good: 42 });
  assert.ok(result.state === "failed" && result.cause?.kind === "output_failed" && result.cause.output === "bad");
});

test("outputs: what is too large for a guest costs the output, not what the run reached", async () => {
  const outputs = { size: "${{ steps.a.output.of.length + steps.b.output.of.length }}", a: "${{ steps.a.status }}" };
  const steps = ["a", "b"].map((id) => toolStep({ id, with: { input: "${{ inputs.big }}" } }));
  const result = await run(steps, { outputs }, { input: { big: "x".repeat(9 * 2 ** 20) } });
  assert.deepEqual([result.state, result.outputs], ["failed", { a: "succeeded" }]);
  assert.ok(result.cause?.kind === "output_failed" && result.cause.outcome.kind === "failed");
  assert.deepEqual([result.cause.outcome.error.name, result.cause.outcome.error.by], ["INPUT_TOO_LARGE", "host"]);
});

test("tool: what a guest wrote is data to it, a path that leads out of the folder too", async () => {
  const result = await run(
    [
      code("evil", "javascript", "return { file: '../../etc/passwd', text: '${{ run.id }}' }"),
      toolStep({ id: "read", tool: "read_text", dependsOn: ["evil"], with: { file: "${{ steps.evil.output.file }}" } }),
      toolStep({ id: "write", tool: "write_text", dependsOn: ["evil"], with: { file: "out.txt", text: "${{ steps.evil.output.text }}" } }),
      toolStep({ id: "wrong", tool: "write_text", dependsOn: ["evil"], with: { file: "${{ steps.evil.output }}", text: "" } }),
    ],
    { failureStrategy: "continue_on_error" },
  );
  const read = outcome(result, "read");
  assert.ok(read?.kind === "failed");
  assert.match(read.error.message, /lies outside of the folder/);
  assert.equal(await readFile(join(folder, "out.txt"), "utf8"), "${{ run.id }}");
  const wrong = outcome(result, "wrong");
  assert.ok(wrong?.kind === "failed");
  assert.match(wrong.error.message, /argument "file" must be a string, and is an object/);
});

test("a document of processors runs from its file, with metadata of its module", async () => {
  const document = `strategy: work_queue
failure_strategy: fail_fast
executor_options:
  max_concurrency: 2
processors:
  - id: prepare_input
    backend: local
    impl: change_text_case_lower
    depends_on: []
    options: {}
  - id: wasm_hello_world
    backend: wasm
    module: appender.wasm
    depends_on: [prepare_input]
    options:
      intent: transform
  - id: final_format
    backend: local
    impl: prefix_suffix_adder
    depends_on: [wasm_hello_world]
    options:
      prefix: "🦀 Rust + WASM: "
      suffix: " ✨"
`;
  const { workflow, problems } = loadWorkflow(document, { file: join(folder, "demo.yaml") });
  assert.deepEqual(problems, []);
  assert.ok(workflow);
  for (const strategy of ["work_queue", "level", "reactive", "hybrid"] as const) {
    const result = await runWorkflow({ ...workflow, strategy }, { sandbox, input: "Hello World" });
    assert.deepEqual(result.payload, { input: "Hello World", output: "🦀 Rust + WASM: hello world-wasm ✨" });
    assert.deepEqual(result.outputs["wasm_hello_world"], "hello world-wasm");
    assert.deepEqual(
      result.steps.map(({ metadata }) => metadata),
      [undefined, { module_path: "appender.wasm", input_length: 11, output_length: 16 }, undefined],
    );
  }
});

test("a module that analyzes hands on what it got, and keeps its result as metadata", async () => {
  const result = await run([wasm("m", "appender.wasm", { intent: "analyze" })], { payload: "text" }, { input: "text" });
  assert.equal(output(result, "m"), "text");
  assert.deepEqual(result.steps[0]?.metadata, { module_path: "appender.wasm", input_length: 4, output_length: 9, result: "text-wasm" });
});
