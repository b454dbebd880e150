import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_POLICY, type Policy } from "../../policy/policy.ts";
import type { Workflow } from "../document.ts";
import { loadWorkflow } from "../load.ts";

function loaded(text: string, file = "folder/report.yaml"): Workflow {
  const { workflow, problems } = loadWorkflow(text, { file });
  assert.deepEqual(problems, []);
  assert.ok(workflow);
  return workflow;
}

/** Templates have no prototype; here only what they hold is of interest. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

const EVERYTHING = `name: order-report
description: Totals per region
inputs:
  type: object
  properties: { orders: { type: string } }
  required: [orders]
strategy: level
failure_strategy: best_effort
max_concurrency: 8
timeout_ms: 60000
defaults: { retry: { max_attempts: 3, on: [failed] }, limits: { cpu_ms: 100 }, timeout_ms: 500 }
steps:
  - id: read
    type: tool
    tool: csv
    with: { file: "\${{ inputs.orders }}" }
  - id: totals
    type: code
    language: python
    description: adds
    imports: [statistics]
    limits: { memory_mb: 64, wall_ms: 8000 }
    retry: { max_attempts: 5, backoff: fibonacci, base_ms: 10, cap_ms: 20, jitter: 0 }
    timeout_ms: 900
    input: { rows: "\${{ steps.read.output.rows }}" }
    output_schema: { type: object, required: [regions] }
    code: |

      total = 1
      return {"regions": total}
  - id: suspicious
    type: condition
    depends_on: [totals]
    expression: inputs.totals.total > 1e6
    then:
      - { id: warn, type: wasm, module: warn.wasm, needs: any, when: "\${{ steps.read.status == 'succeeded' }}" }
      - id: inner
        type: condition
        expression: "true"
        else: [{ id: deep, type: tool, tool: csv }]
  - { id: last, type: tool, tool: csv, depends_on: [warn, read], with: { a: "\${{ steps.totals.output }} and \${{ steps['read'].output.length + steps.warn.output }}" } }
outputs: { report: "\${{ steps.totals.output }}" }
`;

test("loadWorkflow() reads all of its own dialect", () => {
  const retry = { maxAttempts: 3, backoff: "exponential", baseMs: 1_000, capMs: 60_000, jitter: 0.2, on: ["failed"] };
  const base = { needs: "all", retry, limits: { cpuMs: 100 }, inheritedLimits: ["cpuMs", "timeoutMs"], timeoutMs: 500, dependsOn: [] };
  const placed = (line: number, column: number, length: number): object => ({ place: { line, column, length } });
  assert.deepEqual(plain(loaded(EVERYTHING)), {
    name: "order-report",
    description: "Totals per region",
    file: "folder/report.yaml",
    inputs: { type: "object", properties: { orders: { type: "string" } }, required: ["orders"] },
    strategy: "level",
    failureStrategy: "best_effort",
    maxConcurrency: 8,
    timeoutMs: 60_000,
    payload: "json",
    outputs: { report: "${{ steps.totals.output }}" },
    steps: [
      { id: "read", ...base, ...placed(13, 9, 4), type: "tool", tool: "csv", with: { file: "${{ inputs.orders }}" } },
      {
        id: "totals",
        ...base,
        ...placed(17, 9, 6),
        dependsOn: ["read"],
        retry: { maxAttempts: 5, backoff: "fibonacci", baseMs: 10, capMs: 20, jitter: 0, on: ["failed"] },
        limits: { cpuMs: 100, memoryBytes: 64 * 2 ** 20, wallMs: 8_000 },
        timeoutMs: 900,
        inheritedLimits: ["cpuMs"],
        input: { rows: "${{ steps.read.output.rows }}" },
        outputSchema: { type: "object", required: ["regions"] },
        type: "code",
        language: "python",
        code: '\ntotal = 1\nreturn {"regions": total}\n',
        codeLine: 28,
        imports: ["statistics"],
      },
      {
        id: "suspicious",
        ...base,
        ...placed(31, 9, 10),
        dependsOn: ["totals"],
        type: "condition",
        expression: "inputs.totals.total > 1e6",
      },
      {
        id: "warn",
        ...base,
        ...placed(36, 15, 4),
        needs: "any",
        dependsOn: ["read"],
        when: "steps.read.status == 'succeeded'",
        branch: { condition: "suspicious", side: "then" },
        type: "wasm",
        module: "warn.wasm",
      },
      {
        id: "inner",
        ...base,
        ...placed(37, 13, 5),
        branch: { condition: "suspicious", side: "then" },
        type: "condition",
        expression: "true",
      },
      { id: "deep", ...base, ...placed(40, 22, 4), branch: { condition: "inner", side: "else" }, type: "tool", tool: "csv", with: {} },
      {
        id: "last",
        ...base,
        ...placed(41, 11, 4),
        dependsOn: ["warn", "read", "totals"],
        type: "tool",
        tool: "csv",
        with: { a: "${{ steps.totals.output }} and ${{ steps['read'].output.length + steps.warn.output }}" },
      },
    ],
  });
});

test("loadWorkflow() has a default for all that may be left out", () => {
  const { name, strategy, failureStrategy, maxConcurrency, steps, ...rest } = loaded(
    "steps: [{ id: a, type: condition, expression: 'true' }]",
  );
  assert.deepEqual([name, strategy, failureStrategy, maxConcurrency], ["report", "work_queue", "fail_fast", 4]);
  assert.deepEqual(rest, { file: "folder/report.yaml", payload: "json" });
  const retry = { maxAttempts: 1, backoff: "exponential", baseMs: 1_000, capMs: 60_000, jitter: 0.2, on: [] };
  assert.deepEqual(steps, [
    {
      id: "a",
      place: { line: 1, column: 15, length: 1 },
      dependsOn: [],
      needs: "all",
      retry,
      limits: {},
      type: "condition",
      expression: "true",
    },
  ]);
});

test("loadWorkflow() names a workflow after its file", () => {
  const names = ["a/b/c.yaml", "c.yml", "C:\\x\\c.json", "c", "-", "", "/"].map(
    (file) => loaded("steps: [{ id: a, type: tool, tool: csv }]", file).name,
  );
  assert.deepEqual(names, ["c", "c", "c", "c", "-", "workflow", "workflow"]);
});

test("loadWorkflow() knows where code begins, however it is written", () => {
  const lineOf = (code: string): number | undefined => {
    const [step] = loaded(`steps:\n  - id: a\n    type: code\n    language: javascript\n    code: ${code}\n`).steps;
    return step?.type === "code" ? step.codeLine : undefined;
  };
  assert.deepEqual(
    [
      lineOf("return 1"),
      lineOf('"return 1"'),
      lineOf("|\n      return 1"),
      lineOf("|2- # why\n      return 1"),
      lineOf(">\n      return 1"),
      lineOf("\n      return 1"),
    ],
    [5, 5, 6, 6, 6, 6],
  );
});

function capped(memoryBytes: number): Policy {
  const { caps } = DEFAULT_POLICY;
  return { ...DEFAULT_POLICY, caps: { ...caps, limits: { ...caps.limits, memoryBytes } } };
}

test("loadWorkflow() measures limits against the caps that it is given", () => {
  const text = "steps: [{ id: a, type: condition, expression: 'true', limits: { memory_mb: 2 } }]";
  assert.ok(loadWorkflow(text, { file: "w.yaml", policy: capped(2 ** 21) }).workflow);
  const { problems } = loadWorkflow(text, { file: "w.yaml", policy: capped(2 ** 21 - 1) });
  assert.deepEqual(
    problems.map(({ message }) => message),
    ['"memory_mb" is 2, above the cap of 1'],
  );
});

test("loadWorkflow() keeps inputs open where their schema does", () => {
  for (const schema of [
    "true",
    "{}",
    "{ type: object }",
    "{ properties: {}, additionalProperties: true }",
    "{ properties: {}, patternProperties: {} }",
    "{ $ref: '#/$defs/x', $defs: { x: {} } }",
  ]) {
    loaded(`inputs: ${schema}\nsteps: [{ id: a, type: tool, tool: csv, with: { x: "\${{ inputs.any }}" } }]`);
  }
});

test("loadWorkflow() reads as many steps as a document holds", () => {
  const steps = Array.from(
    { length: 4_000 },
    (_, index) => ` - {id: s${index}, type: tool, tool: csv${index === 0 ? "" : `, depends_on: [s${index - 1}]`}}\n`,
  );
  assert.equal(loaded(`steps:\n${steps.join("")}`).steps.length, 4_000);
});

test("loadWorkflow() refuses an expression that is a program", () => {
  const text = (length: number): string => `steps: [{ id: a, type: condition, expression: "${"1+".repeat((length - 1) / 2)}1" }]`;
  loaded(text(9_999));
  const { problems } = loadWorkflow(text(10_001), { file: "w.yaml" });
  assert.deepEqual(
    problems.map(({ code, place }) => [code, place]),
    [["expression-too-long", { line: 1, column: 48, length: 1 }]],
  );
});
