import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Sandbox } from "../sandbox.ts";
import { assemble } from "../wasm/assemble.ts";

const sandbox = new Sandbox({ cells: 1, warm: "none" });
after(() => sandbox[Symbol.asyncDispose]());

const outline = async (bytes: Uint8Array, limits = {}) =>
  (await sandbox.run({ guest: { kind: "outline", bytes }, limits, isolationKey: "test" })).outcome;

/** More instructions than a millisecond is enough for. */
function long(functions: number): Uint8Array {
  return assemble(`(module (memory (export "memory") 1) (func (export "_start")) ${`(func ${"(nop)".repeat(200)})`.repeat(functions)})`);
}

test("an outline runs nothing of its module, not even what starts by itself", async () => {
  const bytes = assemble('(module (memory (export "memory") 1) (func $go (loop (br 0))) (func (export "_start")) (start $go))');
  const outcome = await outline(bytes);
  assert.equal(outcome.kind, "completed");
});

test("an outline that takes too long, or says too much, is stopped as any guest is", async () => {
  const slow = await outline(long(2_000), { cpuMs: 1, wallMs: 1 });
  assert.ok(slow.kind === "exhausted" && (slow.limit === "wall" || slow.limit === "cpu"), JSON.stringify(slow));
  assert.deepEqual(await outline(long(1), { outputBytes: 10 }).then((outcome) => outcome.kind === "exhausted" && outcome.limit), "output");
  assert.equal((await outline(long(1))).kind, "completed");
});

test("an outline of what is no module is a guest that failed", async () => {
  const outcome = await outline(new Uint8Array(3));
  assert.deepEqual(outcome.kind === "failed" && outcome.error.name, "ModuleRefused");
});

test("an outline takes bytes, and no input", async () => {
  const bytes = long(1);
  await assert.rejects(sandbox.run({ guest: { kind: "outline", bytes }, input: 1, isolationKey: "test" }), { code: "REQUEST_INVALID" });
  const none = { kind: "outline", bytes: "module" } as unknown as { kind: "outline"; bytes: Uint8Array };
  await assert.rejects(sandbox.run({ guest: none, isolationKey: "test" }), { code: "REQUEST_INVALID" });
});
