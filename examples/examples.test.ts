import assert from "node:assert/strict";
import { join } from "node:path";
import { after, test } from "node:test";
import { Sandbox } from "@glovebox/sandbox";
import { EXAMPLES, openExample, runExample, statesOf } from "./run.fixture.ts";

const sandbox = new Sandbox({ home: "process" });
after(() => sandbox[Symbol.asyncDispose]());

const DATA = join(EXAMPLES, "data");

test("hello.yaml greets whom it is told to, and the world otherwise", async () => {
  const world = await runExample("hello.yaml", sandbox);
  assert.equal(world.state, "succeeded", JSON.stringify(world.cause));
  assert.deepEqual(world.outputs, { greeting: "Hello, world! This is Python 3.14 inside WebAssembly." });
  assert.deepEqual(world.steps[0]?.attempts[0]?.log, [{ level: "info", message: "this line goes to the run's log" }]);
  const ada = await runExample("hello.yaml", sandbox, { input: { name: "Ada" } });
  assert.deepEqual(ada.outputs, { greeting: "Hello, Ada! This is Python 3.14 inside WebAssembly." });
});

test("text-pipeline.yaml sends a text through three local processors", async () => {
  const result = await runExample("text-pipeline.yaml", sandbox, { input: "the quick brown fox" });
  assert.equal(result.state, "succeeded");
  assert.deepEqual(result.outputs, {
    tidy: "The Quick Brown Fox",
    turned: "xoF nworB kciuQ ehT",
    framed: "« xoF nworB kciuQ ehT »",
  });
  assert.deepEqual(result.payload, { input: "the quick brown fox", output: "« xoF nworB kciuQ ehT »" });
  assert.equal(result.usage, undefined, "no guest was needed");
});

test("diamond.yaml joins a text that two analyzers looked at, and keeps what they found", async () => {
  const input = "To be, or not to be: that is the question.";
  const result = await runExample("diamond.yaml", sandbox, { input });
  assert.equal(result.state, "succeeded");
  assert.equal(result.payload?.output, "[to be, or not to be: that is the question.]");
  const metadata = Object.fromEntries(result.steps.map(({ id, metadata }) => [id, metadata]));
  assert.equal(metadata["count"]?.["word_count"], 10);
  assert.equal(metadata["count"]?.["char_count"], input.length);
  assert.equal(metadata["count"]?.["line_count"], 1);
  assert.equal(metadata["words"]?.["word_freq_be"], 2);
  assert.equal(metadata["words"]?.["word_freq_question"], 1);
  assert.equal(metadata["words"]?.["total_unique_words"], 8);
});

test("sandboxed-python.yaml totals orders and takes the branch that the data asks for", async () => {
  const result = await runExample("sandboxed-python.yaml", sandbox, { folder: DATA });
  assert.equal(result.state, "succeeded", JSON.stringify(result.cause));
  assert.deepEqual(result.outputs, {
    regions: { east: 1537.7, north: 313.8, south: 130.9, west: 226.9 },
    verdict: "Order 1009 is 21.7 times the median: look at it.",
  });
  assert.deepEqual(statesOf(result), {
    read: "succeeded",
    totals: "succeeded",
    suspicious: "succeeded",
    warn: "succeeded",
    reassure: "skipped",
    verdict: "succeeded",
  });
  const calm = await runExample("sandboxed-python.yaml", sandbox, { folder: DATA, input: { above: 10_000 } });
  assert.equal(calm.outputs["verdict"], "No order stands out; the largest is 1009.");
  assert.equal(statesOf(calm)["warn"], "skipped");
});

test("mixed-backends.yaml fails in one branch, and keeps what the other came to", async () => {
  const result = await runExample("mixed-backends.yaml", sandbox, { folder: DATA });
  assert.equal(result.state, "failed");
  assert.deepEqual(statesOf(result), { read: "succeeded", strict: "failed", report: "skipped", lenient: "succeeded", badge: "succeeded" });
  assert.equal(result.cause?.kind === "step_failed" && result.cause.step, "strict");
  const outcome = result.steps.find(({ id }) => id === "strict")?.outcome;
  assert.ok(outcome?.kind === "failed");
  assert.equal(outcome.error.name, "ValueError");
  assert.equal(outcome.error.line, 2);
  assert.match(outcome.error.message, /'unknown'/);
  assert.deepEqual(result.outputs, {
    strict: null,
    lenient: { items: 12, skipped: 1 },
    badge: "12 items, 1 row skipped-wasm",
  });
});

for (const [name, module] of [
  ["wasm-integration.yaml", "wasm_modules/hello_world.wasm"],
  ["wasm-integration-buffer.yaml", "wasm_modules/hello_world_buffer.wasm"],
] as const) {
  test(`${name} sends a text through a compiled module`, async () => {
    const result = await runExample(name, sandbox, { input: "Hello World" });
    assert.equal(result.state, "succeeded", JSON.stringify(result.cause));
    assert.deepEqual(result.outputs, {
      prepare_input: "hello world",
      wasm_hello_world: "hello world-wasm",
      final_format: "🦀 Rust + WASM: hello world-wasm ✨",
    });
    assert.deepEqual(result.payload, { input: "Hello World", output: "🦀 Rust + WASM: hello world-wasm ✨" });
    assert.deepEqual(result.steps.find(({ id }) => id === "wasm_hello_world")?.metadata, {
      module_path: module,
      input_length: 11,
      output_length: 16,
    });
  });
}

test("user-script.yaml loads, and ends with the NameError that is in it", async () => {
  const workflow = await openExample("user-script.yaml", sandbox);
  assert.deepEqual(
    workflow.steps.map(({ id, type }) => [id, type]),
    [["user_script", "code"]],
  );
  const result = await runExample("user-script.yaml", sandbox);
  assert.equal(result.state, "failed");
  const outcome = result.steps[0]?.outcome;
  assert.ok(outcome?.kind === "failed");
  assert.equal(outcome.error.name, "NameError");
  assert.equal(outcome.error.message, "name 'process_data' is not defined");
  assert.equal(outcome.error.line, 2);
  assert.match(outcome.error.traceback, /line 2.*\n\s+result = process_data\(inputs\['data'\]\)/);
});

test("user-script-defined.yaml, in which the function is defined, completes", async () => {
  const result = await runExample("user-script-defined.yaml", sandbox, { input: { data: [3, 1, 2] } });
  assert.equal(result.state, "succeeded", JSON.stringify(result.cause));
  assert.deepEqual(result.outputs, { user_script: { processed: { sum: 6, largest: 3, as_json: "[1, 2, 3]" } } });
});
