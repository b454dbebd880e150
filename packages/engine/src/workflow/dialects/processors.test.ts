import assert from "node:assert/strict";
import { test } from "node:test";
import { loadWorkflow } from "../load.ts";

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

const ONCE = { maxAttempts: 1, backoff: "exponential", baseMs: 1_000, capMs: 60_000, jitter: 0.2, on: [] };

test("loadWorkflow() reads a document of processors as it stands", () => {
  const text = `# Demo: a module in a sandbox
strategy: work_queue
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
    module: wasm_modules/hello_world.wasm
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
  const { workflow, problems } = loadWorkflow(text, { file: "demo.yaml" });
  assert.deepEqual(problems, []);
  const base = { needs: "all", retry: ONCE, limits: {} };
  assert.deepEqual(plain(workflow), {
    name: "demo",
    file: "demo.yaml",
    strategy: "work_queue",
    failureStrategy: "fail_fast",
    maxConcurrency: 2,
    payload: "text",
    steps: [
      {
        id: "prepare_input",
        ...base,
        place: { line: 9, column: 9, length: 13 },
        dependsOn: [],
        type: "local",
        processor: "change_text_case_lower",
        options: {},
      },
      {
        id: "wasm_hello_world",
        ...base,
        place: { line: 15, column: 9, length: 16 },
        dependsOn: ["prepare_input"],
        intent: "transform",
        type: "wasm",
        module: "wasm_modules/hello_world.wasm",
      },
      {
        id: "final_format",
        ...base,
        place: { line: 22, column: 9, length: 12 },
        dependsOn: ["wasm_hello_world"],
        type: "local",
        processor: "prefix_suffix_adder",
        options: { prefix: "🦀 Rust + WASM: ", suffix: " ✨" },
      },
    ],
  });
});

test("loadWorkflow() gives every executor option of processors an effect", () => {
  const text = `name: n
executor_options: { max_concurrency: 3, timeout_seconds: 1.5, retry_attempts: 2, batch_size: 7 }
processors: [{ id: a, type: local, processor: reverse_text, options: { intent: analyze } }]
`;
  const { workflow } = loadWorkflow(text, { file: "w.yaml" });
  assert.deepEqual([workflow?.name, workflow?.maxConcurrency, workflow?.timeoutMs, workflow?.batchSize], ["n", 3, 1_500, 7]);
  const [step] = workflow?.steps ?? [];
  assert.deepEqual(step?.retry, { ...ONCE, maxAttempts: 3, on: ["failed", "trapped", "exhausted"] });
  assert.deepEqual([step?.type, step?.intent], ["local", "analyze"]);
});

test("loadWorkflow() leaves the options of processors alone: they are no templates", () => {
  const { workflow } = loadWorkflow(
    'processors: [{ id: a, backend: local, impl: prefix_suffix_adder, options: { prefix: "${{ x", suffix: "${{ y }}" } }]',
    { file: "w.yaml" },
  );
  const [step] = workflow?.steps ?? [];
  assert.deepEqual(step?.type === "local" && { ...step.options }, { prefix: "${{ x", suffix: "${{ y }}" });
});
