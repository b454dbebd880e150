import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type GuestReport, type Json, type Request, Sandbox } from "@glovebox/sandbox";
import openWabt from "wabt";
import type { StepOutcome } from "../run/attempt.ts";
import type { RunResult } from "../run/result.ts";
import { type RunOptions, runWorkflow } from "../run/run.ts";
import { loadWorkflow } from "../workflow/load.ts";
import { renderProblems } from "../workflow/render.ts";

/** Outputs that guests write, in real cells. */

/** Writes a text, which its schema does not allow; and then, once that was refused with -2, a number. */
const HANDLER = `(module
  (import "glovebox" "write_output" (func $write_output (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "\\"no\\"7")
  (func (export "handle") (result i32)
    (if (i32.ge_s (call $write_output (i32.const 16) (i32.const 4)) (i32.const 0)) (then (return (i32.const 1))))
    (call $write_output (i32.const 20) (i32.const 1))))`;

let one: Sandbox;
let folder: string;
/** Kinds of the guests that were asked for, those apart that run beside a guest. */
const asked: string[] = [];

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "glovebox-output-"));
  const wabt = await openWabt();
  const module = wabt.parseWat("handler.wat", HANDLER);
  await writeFile(join(folder, "handler.wasm"), module.toBinary({}).buffer);
  module.destroy();
  one = new Sandbox({ home: "thread", cells: 1, warm: "none", spare: 0 });
});

after(async () => {
  await one[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

function counting(sandbox: Sandbox) {
  return {
    run(request: Request): Promise<GuestReport> {
      asked.push(request.guest.kind);
      return sandbox.run(request);
    },
  };
}

async function run(steps: string, options: Partial<RunOptions> = {}): Promise<RunResult> {
  asked.length = 0;
  const loaded = loadWorkflow(`max_concurrency: 8\nsteps:\n${steps}`, { file: join(folder, "w.yaml") });
  assert.equal(renderProblems(loaded.problems, loaded.source), "");
  assert.ok(loaded.workflow);
  return await runWorkflow(loaded.workflow, { sandbox: counting(one), ...options });
}

function step(id: string, language: string, code: string, more = "output_schema: { type: number }"): string {
  return `  - id: ${id}\n    type: code\n    language: ${language}\n    ${more}\n    code: |\n${code.replace(/^/gm, "      ")}\n`;
}

function outcome(result: RunResult, id = "a"): StepOutcome | undefined {
  return result.steps.find((each) => each.id === id)?.outcome;
}

function output(result: RunResult, id = "a"): Json {
  const end = outcome(result, id);
  assert.equal(end?.kind, "completed", JSON.stringify(end));
  return end.output;
}

test("what a guest writes is checked before it is taken: it hears why not, and may write another", async () => {
  const python = "try: glovebox.write_output('no')\nexcept glovebox.HostError as error: print(error)\nglovebox.write_output(7)";
  const javascript = "try { glovebox.writeOutput('no') } catch (error) { console.log(error.message) }\nglovebox.writeOutput(7)";
  const reason = "the output does not fit the output_schema: the whole must be number";
  for (const [language, code] of [
    ["python", `import glovebox\n${python}`],
    ["javascript", javascript],
    ["typescript", javascript.replace("(error)", "(error: any)")],
  ] as const) {
    const result = await run(step("a", language, code));
    assert.equal(output(result), 7, language);
    const [attempt] = result.steps[0]?.attempts ?? [];
    assert.deepEqual(
      attempt?.log.map(({ message }) => message),
      [reason],
    );
    assert.deepEqual(
      attempt?.audit?.map((entry) => [entry.hostFunction, entry.verdict, entry.reason]),
      [["write_output", "failed", reason]],
    );
    assert.deepEqual(asked, [language], "both checks ran beside the guest, and none after it");
  }
});

test("a handler that writes an output that does not fit may write another", async () => {
  const result = await run("  - { id: a, type: wasm, module: handler.wasm, output_schema: { type: number } }");
  assert.equal(output(result), 7);
  assert.deepEqual(asked, ["module"]);
});

test("a guest that does not handle that its output was not taken has failed", async () => {
  const end = outcome(await run(step("a", "python", "import glovebox\nglovebox.write_output('no')")));
  assert.ok(end?.kind === "failed", JSON.stringify(end));
  assert.deepEqual([end.error.by, end.error.name, end.error.line], ["guest", "HostError", 2]);
  assert.match(end.error.message, /^the output does not fit the output_schema: the whole must be number/);
});

test("what a guest returns without writing it is checked once it has ended", async () => {
  const end = outcome(await run(step("a", "javascript", "return 'no'")));
  assert.ok(end?.kind === "failed" && end.error.name === "OutputSchemaError", JSON.stringify(end));
  assert.deepEqual(asked, ["javascript", "schema"]);
});

test("an output from which a secret was taken out is checked again as it is handed on", async () => {
  const secrets = `grants: { secrets: [KEY] }\n    output_schema: { type: string, maxLength: 9 }`;
  const loaded = loadWorkflow(
    `secrets: [KEY]\nsteps:\n${step("a", "javascript", "glovebox.writeOutput(glovebox.secret('KEY'))", secrets)}`,
    {
      file: join(folder, "w.yaml"),
    },
  );
  assert.ok(loaded.workflow);
  const source = { words: "the test", get: () => Promise.resolve("9 letters") };
  const end = outcome(await runWorkflow(loaded.workflow, { sandbox: one, secretSources: [source] }));
  assert.ok(end?.kind === "failed" && end.error.name === "OutputSchemaError", JSON.stringify(end));
  assert.ok(!JSON.stringify(end).includes("9 letters"));
});

test("a check that does not come to an end takes no output, and is bounded by the guest's wall limit", async () => {
  const endless = 'output_schema: { type: string, pattern: "^(a+)+$" }';
  const code = `import glovebox\ntry: glovebox.write_output("a" * 60 + "!")\nexcept glovebox.HostError as error: glovebox.write_output("aa")`;
  const result = await run(step("a", "python", code, `${endless}\n    limits: { wall_ms: 30000 }`));
  assert.equal(output(result), "aa");
  const end = outcome(await run(step("a", "python", code, `${endless}\n    limits: { wall_ms: 600 }`)));
  assert.ok(end?.kind === "exhausted" && end.limit === "wall", JSON.stringify(end));
  assert.equal(output(await run(step("a", "javascript", "glovebox.writeOutput(1)"))), 1, "the pool is as good as new");
});

test("steps that all write outputs at once get them checked, on a pool of any size", async () => {
  for (const cells of [1, 2]) {
    await using sandbox = new Sandbox({ home: "thread", cells, warm: "none", spare: 0 });
    const code = (n: number) => `try { glovebox.writeOutput('no') } catch { glovebox.writeOutput(${n}) }`;
    const steps = Array.from({ length: 8 }, (_, n) => step(`s${n}`, "javascript", code(n)));
    const result = await run(steps.join(""), { sandbox: counting(sandbox) });
    assert.deepEqual(result.outputs, Object.fromEntries(steps.map((_, n) => [`s${n}`, n])));
    assert.deepEqual(new Set(asked), new Set(["javascript"]));
  }
});

test("a run that is cancelled, or over its time, ends a check that is under way", async () => {
  const endless = 'output_schema: { type: string, pattern: "^(a+)+$" }';
  const code = `glovebox.writeOutput("a".repeat(60) + "!")`;
  const cancelled = await run(step("a", "javascript", code, endless), { signal: AbortSignal.timeout(500) });
  assert.equal(outcome(cancelled)?.kind, "cancelled");
  const late = outcome(await run(step("a", "javascript", code, `${endless}\n    timeout_ms: 500`)));
  assert.ok(late?.kind === "exhausted" && late.limit === "wall" && late.max === 500, JSON.stringify(late));
  assert.equal(output(await run(step("a", "javascript", "glovebox.writeOutput(1)"))), 1);
});
