import assert from "node:assert/strict";
import { test } from "node:test";
import { loadWorkflow } from "../load.ts";

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

const BASE = {
  dependsOn: [],
  needs: "all",
  retry: { maxAttempts: 1, backoff: "exponential", baseMs: 1_000, capMs: 60_000, jitter: 0.2, on: [] },
  limits: {},
};

test("loadWorkflow() reads a code node as it stands", () => {
  const text = `nodes:
  - id: user_script
    type: code
    code: |
      # User provided Python code
      result = process_data(inputs['data'])
      return {"processed": result}
    imports: ["json", "math"]  # Restricted imports
`;
  const { workflow, problems } = loadWorkflow(text, { file: "w.yaml" });
  assert.deepEqual(problems, []);
  assert.deepEqual(plain(workflow), {
    name: "w",
    file: "w.yaml",
    strategy: "work_queue",
    failureStrategy: "fail_fast",
    maxConcurrency: 4,
    payload: "json",
    steps: [
      {
        ...BASE,
        id: "user_script",
        place: { line: 2, column: 9, length: 11 },
        type: "code",
        language: "python",
        code: "# User provided Python code\nresult = process_data(inputs['data'])\nreturn {\"processed\": result}\n",
        codeLine: 5,
        imports: ["json", "math"],
      },
    ],
  });
});

test("loadWorkflow() reads tool and condition nodes, names and modes", () => {
  const text = `execution_mode: sandbox
nodes:
  - id: document_parser
    name: Parses
    type: tool
    tool_name: document_parser
    execution_mode: direct
    tool_args:
      file_paths: ["doc1.pdf", "\${{ steps.other.output }}"]
  - { id: other, type: code, code: return 1, language: javascript, execution_mode: wasm, output_schema: { type: number } }
  - { id: large, type: condition, expression: inputs.other > 1, dependencies: [other] }
`;
  const { workflow, problems } = loadWorkflow(text, { file: "w.yaml" });
  assert.deepEqual(problems, []);
  assert.deepEqual(plain(workflow?.steps), [
    {
      ...BASE,
      id: "document_parser",
      place: { line: 3, column: 9, length: 15 },
      dependsOn: ["other"],
      type: "tool",
      tool: "document_parser",
      with: { file_paths: ["doc1.pdf", "${{ steps.other.output }}"] },
    },
    {
      ...BASE,
      id: "other",
      place: { line: 10, column: 11, length: 5 },
      outputSchema: { type: "number" },
      type: "code",
      language: "javascript",
      code: "return 1",
      codeLine: 10,
    },
    {
      ...BASE,
      id: "large",
      place: { line: 11, column: 11, length: 5 },
      dependsOn: ["other"],
      type: "condition",
      expression: "inputs.other > 1",
    },
  ]);
});
