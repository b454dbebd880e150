import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Sandbox } from "@glovebox/sandbox";
import openWabt from "wabt";
import type { StepOutcome } from "../run/attempt.ts";
import { runWorkflow } from "../run/run.ts";
import { loadWorkflow } from "../workflow/load.ts";

let sandbox: Sandbox;
let folder: string;

/** Spins for ever on a text that begins with `!`. */
const SPINNER = `(module (memory (export "memory") 2)
  (func (export "allocate") (param i32) (result i32) (i32.const 1024))
  (func (export "deallocate") (param i32 i32))
  (func (export "process") (param i32) (result i32) (loop (br_if 0 (i32.eq (i32.load8_u (local.get 0)) (i32.const 33)))) (local.get 0)))`;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "glovebox-fuel-"));
  const wabt = await openWabt();
  const module = wabt.parseWat("spinner.wat", SPINNER);
  await writeFile(join(folder, "spinner.wasm"), module.toBinary({}).buffer);
  module.destroy();
  sandbox = new Sandbox({ home: "thread", cells: 1, warm: "none", spare: 0 });
});

after(async () => {
  await sandbox[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** How the only step ended, and what it spent. */
async function run(document: string, input: string): Promise<{ readonly outcome: StepOutcome; readonly fuel: number | undefined }> {
  const { workflow, problems } = loadWorkflow(document, { file: join(folder, "fuel.yaml") });
  assert.ok(workflow, JSON.stringify(problems));
  const { steps } = await runWorkflow(workflow, { sandbox, input });
  const [step] = steps;
  assert.ok(step?.outcome);
  return { outcome: step.outcome, fuel: step.usage?.fuel };
}

test("a module has the document's fuel, or its own; without either it is not metered", async () => {
  const document = (wasm: string, options: string) =>
    `failure_strategy: continue_on_error\n${wasm}\nprocessors:\n  - { id: a, backend: wasm, module: spinner.wasm${options} }\n`;
  const byDefault = await run(document("wasm: { fuel: { default: 5000, maximum: 20000 } }", ""), "!");
  assert.deepEqual(byDefault.outcome, { kind: "exhausted", limit: "fuel", used: byDefault.fuel, max: 5000 });
  const own = await run(document("wasm: { fuel: { default: 5000, maximum: 20000 } }", ", options: { fuel_level: 20000 }"), "!");
  assert.ok(own.outcome.kind === "exhausted" && own.outcome.max === 20_000);
  const enough = await run(document("wasm: { fuel: { default: 5000 } }", ""), "calm");
  assert.deepEqual(enough.outcome, { kind: "completed", output: "calm" });
  assert.ok((enough.fuel ?? 0) > 0 && (enough.fuel ?? 0) < 100);
  const unmetered = await run(document("", ""), "calm");
  assert.deepEqual([unmetered.outcome.kind, unmetered.fuel], ["completed", undefined]);
});

test("a code step has the fuel of its limits", async () => {
  const document = (fuel: number) => `steps:
  - { id: a, type: code, language: javascript, limits: { fuel: ${fuel} }, code: "let s = 0; for (let i = 0; i < 1000; i++) s += i; return s" }
`;
  const [enough, again, little] = [await run(document(1e9), "{}"), await run(document(2e9), "{}"), await run(document(100_000), "{}")];
  assert.deepEqual(enough.outcome, { kind: "completed", output: 499_500 });
  assert.ok((enough.fuel ?? 0) > 100_000);
  assert.equal(again.outcome.kind, "completed");
  assert.ok(little.outcome.kind === "exhausted" && little.outcome.limit === "fuel");
});
