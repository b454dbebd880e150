import assert from "node:assert/strict";
import { join } from "node:path";
import { after, test } from "node:test";
import { type Json, Sandbox } from "@glovebox/sandbox";
import { EXAMPLES, folderWith, glovebox, RESULT_SCHEMA } from "./command.fixture.ts";

const sandbox = new Sandbox({ cells: 1, warm: "schema" });
after(() => sandbox[Symbol.asyncDispose]());

/** What is wrong with a document by docs/run-result.schema.json, or by a part of it. */
async function problemsOf(document: Json, part?: string): Promise<Json> {
  const { $schema, $defs } = RESULT_SCHEMA;
  const schema = part === undefined ? RESULT_SCHEMA : { $schema, $defs, $ref: `#/$defs/${part}` };
  const { outcome } = await sandbox.run({ guest: { kind: "schema", schema }, input: document, isolationKey: "test" });
  assert.ok(outcome.kind === "completed", JSON.stringify(outcome));
  return outcome.output;
}

async function documentOf(args: readonly string[], cwd: string) {
  const { code, stdout, stderr } = await glovebox([...args, "--json"], { cwd });
  assert.equal(stderr, "");
  const document = JSON.parse(stdout);
  return { code, document };
}

const FAILING = `
name: failing
failure_strategy: continue_on_error
steps:
  - { id: python, type: code, language: python, code: "print('\\x1b[31m')\\nraise ValueError('no')" }
  - { id: javascript, type: code, language: javascript, retry: { max_attempts: 2, on: [failed], base_ms: 1 }, code: "throw new Error('no')" }
  - { id: spin, type: code, language: javascript, limits: { cpu_ms: 50 }, code: "for (;;) {}" }
  - { id: off, type: code, language: javascript, when: "1 > 2", code: "return 1" }
  - { id: decide, type: condition, expression: "1 < 2", else: [{ id: never, type: code, language: javascript, code: "return 1" }] }
  - { id: after, type: code, language: javascript, depends_on: [spin], code: "return 1" }
outputs: { made: "\${{ steps.decide.output }}", not: "\${{ steps.spin.output.x }}" }
`;

test("run --json prints one document that fits its schema, whatever the steps came to", async (t) => {
  const cwd = folderWith(t, { "failing.yaml": FAILING });
  const { code, document } = await documentOf(["run", "failing.yaml"], cwd);
  assert.deepEqual(await problemsOf(document), { problems: [] });
  assert.equal(code, 4);
  assert.equal(document.state, "failed");
  const steps: { id: string; state: string; outcome?: { kind: string }; attempts: unknown[] }[] = document.steps;
  assert.deepEqual(
    steps.map(({ id, state, outcome, attempts }) => [id, state, outcome?.kind, attempts.length]),
    [
      ["python", "failed", "failed", 1],
      ["javascript", "failed", "failed", 2],
      ["spin", "failed", "exhausted", 1],
      ["off", "skipped", undefined, 0],
      ["decide", "succeeded", "completed", 1],
      ["never", "skipped", undefined, 0],
      ["after", "skipped", undefined, 0],
    ],
  );
});

test("run --json prints documents that fit for a text, an invalid document and a refused input", async (t) => {
  const text = await documentOf(["run", join(EXAMPLES, "wasm-integration.yaml"), "Hello World"], EXAMPLES);
  assert.deepEqual(await problemsOf(text.document), { problems: [] });
  assert.equal(text.document.payload.output, "🦀 Rust + WASM: hello world-wasm ✨");
  assert.equal(text.code, 0);

  const cwd = folderWith(t, {
    "invalid.yaml": "steps: [{ id: a, type: code, language: pyton, code: x }]",
    "strict.yaml": "inputs: { required: [a] }\nsteps: [{ id: a, type: tool, tool: read_text, with: { file: a } }]",
  });
  const invalid = await documentOf(["run", "invalid.yaml"], cwd);
  assert.deepEqual(await problemsOf(invalid.document), { problems: [] });
  assert.deepEqual([invalid.code, invalid.document.state, invalid.document.problems[0].code], [1, "invalid", "unknown-value"]);

  for (const file of ["strict.yaml", "gone.yaml"]) {
    const refused = await documentOf(["run", file], cwd);
    assert.deepEqual(await problemsOf(refused.document), { problems: [] });
    assert.deepEqual([refused.code, refused.document.state], [2, "refused"]);
  }
});

test("exec --json and validate --json print documents that fit", async (t) => {
  const cwd = folderWith(t, { "a.yaml": "steps: []", "b.yaml": "processors: [{ id: a, backend: local, impl: reverse_text }]" });
  for (const code of ["return {'a': [1, None]}", "raise ValueError('no')", "print('x'); return 1 / 0"]) {
    const { document } = await documentOf(["exec", "--python", code], cwd);
    assert.deepEqual(await problemsOf(document, "guestReport"), { problems: [] });
  }
  const { code, document } = await documentOf(["validate", "a.yaml", "b.yaml"], cwd);
  assert.deepEqual(await problemsOf(document, "validation"), { problems: [] });
  assert.deepEqual([code, document.documents.map(({ valid }: { valid: boolean }) => valid)], [1, [false, true]]);
});

test("the schema refuses a member that it does not name", async () => {
  const { document } = await documentOf(["run", "text-pipeline.yaml", "a"], EXAMPLES);
  assert.deepEqual(await problemsOf(document), { problems: [] });
  assert.notDeepEqual(await problemsOf({ ...document, extra: 1 }), { problems: [] });
  document.steps[0].state = "done";
  assert.notDeepEqual(await problemsOf(document), { problems: [] });
});
