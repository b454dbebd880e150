import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_POLICY, type Policy } from "../policy/policy.ts";
import { BUILTIN_TOOLS, toolsByName } from "../tools/registry.ts";
import { loadWorkflow } from "../workflow/load.ts";
import { renderProblems } from "../workflow/render.ts";
import { type ExplainedStep, type Explanation, explainWorkflow } from "./explain.ts";

function explained(text: string, policy: Policy = DEFAULT_POLICY): Explanation {
  const { workflow, problems, source } = loadWorkflow(text, { file: "w.yaml", policy });
  assert.equal(renderProblems(problems, source), "");
  assert.ok(workflow);
  return explainWorkflow(workflow, policy, toolsByName(BUILTIN_TOOLS));
}

function step({ steps }: Explanation, id: string): ExplainedStep {
  const found = steps.find((other) => other.id === id);
  assert.ok(found);
  return found;
}

test("explainWorkflow() says of every number by whose word it is what it is", () => {
  const { caps } = DEFAULT_POLICY;
  const policy: Policy = { ...DEFAULT_POLICY, profile: "verified", caps: { ...caps, limits: { ...caps.limits, logBytes: 1000 } } };
  const explanation = explained(
    `
profile: community
defaults: { limits: { cpu_ms: 900, http_requests: 3 }, timeout_ms: 5000 }
steps:
  - { id: a, type: code, language: python, code: "1", limits: { memory_mb: 7 }, grants: { files: [{ name: x, path: x }] } }
  - { id: b, type: code, language: python, code: "1", profile: untrusted, limits: { http_requests: 0 } }
  - { id: c, type: tool, tool: csv, with: { file: x }, limits: { output_bytes: 5 }, timeout_ms: 6 }
  - { id: d, type: code, language: python, code: "1", grants: { http: [{ allow: "https://example.com/" }] } }
`,
    policy,
  );
  assert.deepEqual(explanation.profile, { name: "community", from: "document" });
  const numbers = (id: string) => Object.fromEntries(step(explanation, id).limits.map(({ key, value, from }) => [key, `${value} ${from}`]));
  assert.deepEqual(numbers("a"), {
    memory_mb: "7 step",
    cpu_ms: "900 document",
    wall_ms: "30000 default",
    output_bytes: "4194304 default",
    log_bytes: "1000 cap",
    input_bytes: "16777216 default",
    host_calls: "10000 default",
    host_calls_per_second: "2000 default",
    log_lines_per_second: "10000 default",
    file_bytes: "33554432 default",
    timeout_ms: "5000 document",
  });
  assert.deepEqual(step(explanation, "b").profile, { name: "untrusted", from: "step" });
  assert.deepEqual(
    [numbers("d")["http_requests"], numbers("d")["http_bytes_out"], "file_bytes" in numbers("d")],
    ["3 document", "65536 profile", false],
  );
  assert.deepEqual([numbers("b")["wall_ms"], numbers("b")["memory_mb"]], ["10000 profile", "32 default"]);
  assert.deepEqual(numbers("c"), { output_bytes: "5 step", timeout_ms: "6 step" });
});

test("explainWorkflow() says where every value comes from, and which sandboxed step decides what a tool reaches", () => {
  const explanation = explained(`
inputs: { properties: { file: { type: string } } }
secrets: [KEY]
steps:
  - { id: fixed, type: tool, tool: read_text, with: { file: list.txt } }
  - { id: asked, type: tool, tool: read_text, with: { file: "\${{ inputs.file }}", missing: "\${{ secrets.KEY }}" } }
  - { id: named, type: tool, tool: read_text, with: { file: "\${{ steps.asked.output.text }}" } }
  - { id: chooses, type: code, language: python, code: "return 'x'", input: { a: "\${{ steps.fixed.output.text }} \${{ run.id }}" } }
  - { id: reads, type: tool, tool: read_text, with: { file: "data/\${{ steps.chooses.output }}.txt" } }
  - { id: writes, type: tool, tool: write_text, with: { file: "\${{ steps.reads.output.text.trim() }}", text: "\${{ steps.chooses.output }}" } }
  - { id: any, type: tool, tool: read_text, depends_on: [writes], with: { file: "\${{ steps[run.inputs.file].output }}" } }
  - { id: told, type: tool, tool: read_text, with: { file: "\${{ steps.chooses.status }}.txt" } }
`);
  const of = (id: string) =>
    step(explanation, id).values.map(({ where, names, from, confusedDeputy }) => [
      where,
      names ?? "",
      confusedDeputy,
      ...from.map((origin) => Object.values(origin).join(" ")),
    ]);
  assert.deepEqual(of("fixed"), [["with.file", "path", false, "literal"]]);
  assert.deepEqual(of("asked"), [
    ["with.file", "path", false, "input file"],
    ["with.missing", "", false, "secret KEY"],
  ]);
  assert.deepEqual(of("named"), [["with.file", "path", false, "step asked"]]);
  assert.deepEqual(of("chooses"), [["input", "", false, "step fixed", "engine"]]);
  assert.deepEqual(of("reads"), [["with.file", "path", true, "step chooses chooses"]]);
  assert.deepEqual(of("writes"), [
    ["with.file", "path", true, "step reads chooses"],
    ["with.text", "", false, "step chooses chooses"],
  ]);
  assert.deepEqual(of("told"), [["with.file", "path", false, "engine"]]);
  const [any] = step(explanation, "any").values;
  assert.ok(any?.confusedDeputy, "a computed name may be that of any step");
  assert.deepEqual(
    explanation.steps.map(({ id, runs }) => `${id} ${runs}`).filter((words) => words.endsWith("sandbox")),
    ["chooses sandbox"],
  );
});

test("explainWorkflow() tells grants and how each secret is used", () => {
  const explanation = explained(`
secrets: [A, B]
steps:
  - id: a
    type: code
    language: python
    code: "1"
    grants:
      http: [{ allow: "https://example.com/*", auth: { header: x-key, secret: A } }]
      secrets: [B]
      files: [{ name: f, path: data/f }]
`);
  const { secrets, grants, values } = step(explanation, "a");
  assert.deepEqual(secrets, [
    { name: "A", kind: "auth", allow: "https://example.com/*", header: "x-key" },
    { name: "B", kind: "read" },
  ]);
  assert.equal(grants?.files?.[0]?.path, "data/f");
  assert.deepEqual(
    values.map(({ where, names }) => [where, names]),
    [
      ["grants.http[0].allow", "url"],
      ["grants.files[0].path", "path"],
      ["input", undefined],
    ],
  );
});

test("explainWorkflow() says where a program's arguments and environment come from", () => {
  const { values } = step(
    explained(`steps:
  - { id: said, type: code, language: python, code: return 1 }
  - id: a
    type: wasm
    module: a.wasm
    arguments: [-v, "\${{ steps.said.output }}"]
    environment: { RUN: "\${{ run.id }}" }
`),
    "a",
  );
  assert.deepEqual(
    values.map(({ where, from, confusedDeputy }) => [where, from[0]?.kind, confusedDeputy]),
    [
      ["module", "literal", false],
      ["arguments[0]", "literal", false],
      ["arguments[1]", "step", false],
      ["environment.RUN", "engine", false],
      ["input", "step", false],
    ],
  );
});

test("explainWorkflow() explains documents of other dialects", () => {
  const explanation = explained(
    "processors: [{ id: a, backend: local, impl: reverse_text }, { id: b, backend: local, impl: token_counter, depends_on: [a] }]",
  );
  assert.deepEqual(
    explanation.steps.map(({ id, runs, uses, values }) => [id, runs, uses, values[0]?.from]),
    [
      ["a", "host", "reverse_text", [{ kind: "input" }]],
      ["b", "host", "token_counter", [{ kind: "step", step: "a" }]],
    ],
  );
});
