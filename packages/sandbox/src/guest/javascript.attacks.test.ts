import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import type { GuestEnd } from "../cell/attempt.ts";
import { DEFAULT_LIMITS } from "../limits.ts";
import { captureJavaScript } from "../runtimes/javascript/capture.ts";
import { STACK_BYTES } from "../runtimes/javascript/engine.ts";
import { PAGE_BYTES, readImports, readSections } from "../wasm/binary.ts";
import { enterChamber, StillAttempt } from "./chamber.fixture.ts";
import type { StackReport } from "./javascript.stack-worker.ts";
import { javascriptChamber } from "./javascript.ts";
import { QuickjsGuest } from "./quickjs-guest.ts";

const wasm = new Uint8Array(await captureJavaScript("javascript"));
const module = new WebAssembly.Module(wasm);

function hostile(name: string): string {
  return readFileSync(new URL(`../../../../guests/javascript/hostile/${name}.js`, import.meta.url), "utf8");
}

/** Every attack ends here: the next guest on the same chamber is served, and correctly. */
function assertServes(chamber: ReturnType<typeof javascriptChamber>): void {
  const { output, log } = enterChamber(chamber, "console.log('still here'); return inputs.v.map((n) => n * 2)", { input: { v: [1, 2] } });
  assert.deepEqual(output, [2, 4]);
  assert.deepEqual(log, [{ level: "info", message: "still here" }]);
}

const MEMORY = ["typed_arrays", "endless_strings", "pad_start", "fill_array"];

for (const name of MEMORY) {
  test(`javascriptChamber() ends ${name} as exhausted memory, and never gives it more than its limit`, () => {
    const chamber = javascriptChamber(wasm, module, "javascript");
    const base = enterChamber(chamber, "return 1").memory.peakBytes;
    const { end, memory } = enterChamber(chamber, hostile(name));
    assert.equal(end.kind, "exhausted", JSON.stringify(end));
    assert.ok(end.kind === "exhausted" && end.limit === "memory" && end.max === DEFAULT_LIMITS.memoryBytes && end.used > end.max);
    assert.equal(end.error?.message, "out of memory");
    assert.equal(end.error?.line !== undefined, true);
    assert.ok(memory.growthsDenied > 0);
    assert.ok(memory.peakBytes <= base + DEFAULT_LIMITS.memoryBytes);
    assert.equal(chamber.spent, false);
    assertServes(chamber);
  });
}

test("javascriptChamber() counts a refused growth that the guest survives", () => {
  const chamber = javascriptChamber(wasm, module, "javascript");
  const { output, memory } = enterChamber(chamber, hostile("survive_refusal"));
  assert.equal(output, "out of memory");
  assert.ok(memory.growthsDenied > 0);
  assert.equal(enterChamber(chamber, "return 1").memory.growthsDenied, 0);
});

test("javascriptChamber() ends a guest as exhausted memory also when none is left for an error", () => {
  const chamber = javascriptChamber(wasm, module, "javascript");
  const limits = { memoryBytes: 2 ** 20 };
  for (const code of ["let l = null; while (true) l = { l }", "globalThis.l = null; while (true) globalThis.l = { l }"]) {
    const { end } = enterChamber(chamber, code, { limits });
    assert.ok(end.kind === "exhausted" && end.limit === "memory" && end.max === limits.memoryBytes, JSON.stringify(end));
    assert.equal(end.error, undefined);
    assertServes(chamber);
  }
});

test("javascriptChamber() does not blame memory for what else a guest fails of after a refusal", () => {
  const chamber = javascriptChamber(wasm, module, "javascript");
  const { end, memory } = enterChamber(chamber, "try { new Uint8Array(1e9) } catch {} throw new RangeError('own')");
  assert.ok(end.kind === "failed" && end.error.message === "own");
  assert.ok(memory.growthsDenied > 0);
});

test("javascriptChamber() does not take a guest's word for running out of memory or of stack", () => {
  const chamber = javascriptChamber(wasm, module, "javascript");
  const memory = enterChamber(chamber, "throw Object.assign(new Error('out of memory'), { name: 'InternalError' })").end;
  assert.equal(memory.kind, "failed");
  const stack = enterChamber(chamber, "throw new RangeError('Maximum call stack size exceeded')").end;
  assert.equal(stack.kind, "failed");
});

test("javascriptChamber() holds each guest to its own memory limit", () => {
  const chamber = javascriptChamber(wasm, module, "javascript");
  const code = "return new Uint8Array(inputs.bytes).length";
  const MiB = 2 ** 20;
  const asked = (bytes: number, memoryBytes: number) => enterChamber(chamber, code, { input: { bytes }, limits: { memoryBytes } }).end.kind;
  for (let round = 0; round < 2; round++) {
    assert.equal(asked(12 * MiB, 8 * MiB), "exhausted");
    assert.equal(asked(12 * MiB, 16 * MiB), "completed");
    assert.equal(asked(20 * MiB, 16 * MiB), "exhausted");
    assert.equal(asked(100 * MiB, 128 * MiB), "completed");
  }
});

test("javascriptChamber() ends an input that does not fit as exhausted memory", () => {
  const chamber = javascriptChamber(wasm, module, "javascript");
  const input = "x".repeat(4 * 2 ** 20);
  const { end } = enterChamber(chamber, "return 1", { input, limits: { memoryBytes: 2 ** 20 } });
  assert.ok(end.kind === "exhausted" && end.limit === "memory", JSON.stringify(end));
  assertServes(chamber);
});

test("javascriptChamber() ends an output over its limit as exhausted output", () => {
  const chamber = javascriptChamber(wasm, module, "javascript");
  const { end } = enterChamber(chamber, hostile("output_flood"));
  assert.deepEqual(end, { kind: "exhausted", limit: "output", used: 5 * 2 ** 20 + 2, max: DEFAULT_LIMITS.outputBytes });
  assertServes(chamber);
});

test("javascriptChamber() gives RangeErrors for what is too large at once", () => {
  const chamber = javascriptChamber(wasm, module, "javascript");
  for (const name of ["huge_bigint", "spread_many"]) {
    const { end } = enterChamber(chamber, hostile(name));
    assert.ok(end.kind === "failed" && end.error.name === "RangeError", `${name}: ${JSON.stringify(end)}`);
  }
  assertServes(chamber);
});

// V8's stack is as large as a cell's here: QuickJS's own limit comes first.
test("javascriptChamber() ends recursion of every kind as exhausted stack, with the guest's error, and is not spent", async () => {
  const names = ["deep_recursion", "deep_json_parse", "nested_stringify", "getter_recursion", "proxy_recursion", "replace_recursion"];
  const worker = new Worker(new URL("javascript.stack-worker.ts", import.meta.url), {
    workerData: { wasm, codes: names.map(hostile) },
    resourceLimits: { stackSizeMb: 30 },
  });
  const reports = await new Promise<StackReport[]>((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
  await worker.terminate();
  names.forEach((name, i) => {
    const { end, spent } = reports[i] as StackReport;
    assert.ok(end.kind === "exhausted" && end.limit === "stack", `${name}: ${JSON.stringify(end)}`);
    assert.equal(end.error?.name, "RangeError");
    assert.equal(end.max, STACK_BYTES);
    assert.ok(end.used > STACK_BYTES / 2);
    assert.equal(spent, false);
  });
});

test("javascriptChamber() ends recursion that overflows V8's own stack as exhausted stack, and is spent", () => {
  const chamber = javascriptChamber(wasm, module, "javascript");
  const { end } = enterChamber(chamber, hostile("deep_json_parse"));
  assert.ok(end.kind === "exhausted" && end.limit === "stack", JSON.stringify(end));
  assert.equal(chamber.spent, true);
});

test("javascriptChamber() shows nothing of a host, and no constructor of one", () => {
  const chamber = javascriptChamber(wasm, module, "javascript");
  const { end, output } = enterChamber(chamber, hostile("look_for_the_host"));
  assert.deepEqual(output, [], JSON.stringify(end));
});

test("javascriptChamber() lets a guest forge nothing but its own result", () => {
  const chamber = javascriptChamber(wasm, module, "javascript");
  assert.deepEqual(enterChamber(chamber, hostile("forge_result")).output, "forged");
  assert.equal(({} as { toJSON?: unknown }).toJSON, undefined);
  assertServes(chamber);
});

test("javascriptChamber() shows a guest nothing of the one before", () => {
  const chamber = javascriptChamber(wasm, module, "javascript");
  const clean = enterChamber(chamber, hostile("find_canary")).output;
  assert.equal(enterChamber(chamber, hostile("leave_canary")).output, "left");
  assert.deepEqual(enterChamber(chamber, hostile("find_canary")).output, clean);
  assert.deepEqual(clean, {
    global: "undefined",
    kept: "undefined",
    prototype: "undefined",
    map: [2, 4],
    parse: [3],
    promises: "function",
    random: true,
    date: "function",
  });
});

test("QuickjsGuest.reset() puts every byte of memory back, whatever was written there", () => {
  const guest = new QuickjsGuest(module, readMinimum(), 512);
  const digest = () => createHash("sha256").update(new Uint8Array(guest.memory.buffer)).digest("hex");
  const frozen = digest();
  new Uint8Array(guest.memory.buffer).fill(0xa5);
  assert.notEqual(digest(), frozen);
  assert.equal(guest.reset(), true);
  assert.equal(digest(), frozen);
  // What a guest did in it goes the same way.
  guest.begin(new StillAttempt());
  guest.evaluate([new TextEncoder().encode("globalThis.canary = 'canary-7f3a'.repeat(100)")], "step.js", 1);
  guest.leave();
  assert.ok(Buffer.from(guest.memory.buffer).includes("canary-7f3a"));
  assert.equal(guest.reset(), true);
  assert.equal(digest(), frozen);
});

test("QuickjsGuest.reset() refuses a memory that grew", () => {
  const guest = new QuickjsGuest(module, readMinimum(), 512);
  guest.memory.grow(1);
  assert.equal(guest.reset(), false);
});

function readMinimum(): number {
  const memory = readImports(wasm, readSections(wasm)).find((entry) => entry.kind === "memory");
  return memory?.kind === "memory" ? memory.limits.minimum * PAGE_BYTES : 0;
}

test("javascriptChamber() gives the same guest the same bytes of memory in an instance put back as in a new one", () => {
  const ends: GuestEnd[] = [];
  const used = javascriptChamber(wasm, module, "javascript");
  const code =
    "const m = new Map(); for (let i = 0; i < 500; i++) m.set(`k${i}`, { i }); return [...m.keys()].join() + Math.random() + Date.now()";
  enterChamber(used, hostile("leave_canary"));
  for (const chamber of [used, javascriptChamber(wasm, module, "javascript")]) ends.push(enterChamber(chamber, code).end);
  assert.deepEqual(ends[0], ends[1]);
});
