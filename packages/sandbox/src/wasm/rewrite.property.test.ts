import assert from "node:assert/strict";
import fc from "fast-check";
import { property } from "../../../../fuzz/property.ts";
import { GloveboxError } from "../error.ts";
import { assemble } from "./assemble.ts";
import { encodeU32, MalformedModule, PAGE_BYTES, SECTION, writeModule } from "./binary.ts";
import { UnsupportedFeature } from "./code.ts";
import { inspectModule, type ModuleFacts } from "./inspect.ts";
import { meterModule } from "./meter.ts";
import { filled, readMeter } from "./meter-layout.ts";
import { mutants } from "./mutant.fixture.ts";
import { outlineModule } from "./outline.ts";
import { programs } from "./program.fixture.ts";
import { OWN_EXPORTS, rewriteModule } from "./rewrite.ts";

type Exports = Readonly<Record<string, WebAssembly.ExportValue | undefined>>;
type Called = (...values: number[]) => unknown;

/** Growths are small, and the memory smaller. */
const PAGES_MORE = 3;

/** A tree of instructions, each of which leaves one i32: nested growths, sizes and choices. */
const expression = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { depthSize: "small" },
    fc.integer({ min: 0, max: 3 }).map((n) => `(i32.const ${n})`),
    fc.constant("(memory.size)"),
    tie("node").map((n) => `(memory.grow ${n})`),
    tie("node").map((n) => `(table.grow (ref.null func) ${n})`),
    fc.tuple(tie("node"), tie("node")).map(([a, b]) => `(i32.xor ${a} ${b})`),
    fc.tuple(tie("node"), tie("node"), tie("node")).map(([a, b, c]) => `(if (result i32) ${a} (then ${b}) (else ${c}))`),
    fc.tuple(tie("node"), tie("node")).map(([a, b]) => `(block (result i32) (drop (br_if 0 ${a} ${b})) (i32.const 9))`),
  ),
})).node;

/** The rewritten module in a memory of at most `pagesMax`, and its memory. */
function start(rewritten: Uint8Array, pages: number, pagesMax: number): { exports: Exports; memory: WebAssembly.Memory } {
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pagesMax });
  const module = new WebAssembly.Module(Uint8Array.from(rewritten));
  return { exports: new WebAssembly.Instance(module, importsOf(module, memory)).exports, memory };
}

/** Functions that give an i64. */
const WIDE = new Set(["get_time"]);

/** Every function that is asked for does nothing and gives zero. */
function importsOf(module: WebAssembly.Module, memory?: WebAssembly.Memory): WebAssembly.Imports {
  const imports: Record<string, Record<string, WebAssembly.ImportValue>> = {};
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    const value = kind === "function" ? () => (WIDE.has(name) ? 0n : 0) : memory;
    if (value) imports[from] = { ...imports[from], [name]: value };
  }
  return imports;
}

property(
  "rewriteModule() keeps the meaning of growths, at the same maxima",
  100,
  [fc.array(expression, { minLength: 1, maxLength: 4 })],
  (trees) => {
    const functions = trees.map((tree, i) => `(func (export "f${i}") (result i32) ${tree})`).join("\n");
    const rest = '(table 2 9 funcref) (func (export "_start"))';
    const plain = new WebAssembly.Instance(new WebAssembly.Module(assemble(`(module (memory (export "memory") 1 6) ${rest} ${functions})`)))
      .exports as Exports;
    const bytes = assemble(`(module (memory (export "memory") 1) ${rest} ${functions})`);
    const guest = start(rewriteModule(bytes, inspectModule(bytes)), 1, 6);
    for (const i of trees.keys()) assert.equal((guest.exports[`f${i}`] as Called)(), (plain[`f${i}`] as Called)());
    assert.equal(guest.memory.buffer.byteLength, (plain["memory"] as WebAssembly.Memory).buffer.byteLength);
  },
);

/** What a call comes to, and what it leaves in memory. */
function outcomeOf(called: Called, values: readonly number[], memory: WebAssembly.Memory): string {
  let outcome: string;
  try {
    outcome = String(called(...values));
  } catch (error) {
    outcome = error instanceof Error ? error.message : "thrown";
  }
  const bytes = Buffer.from(memory.buffer);
  return `${outcome} ${bytes.length} ${bytes.subarray(0, 4096).toString("latin1")}`;
}

const INPUTS = [
  [0, 0],
  [1, -1],
  [7, 3],
] as const;

property("rewriteModule() keeps the meaning of programs with every kind of control flow", 150, [programs], ({ bytes }) => {
  const outline = outlineModule(bytes);
  const [memory] = outline.memories;
  assert.ok(memory);
  const facts: ModuleFacts = { kind: "wasi", memory, tableEntries: 32, initialize: false, outline };
  const guest = start(rewriteModule(bytes, facts), memory.minimum, memory.maximum ?? 0);
  const plain = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as Exports;
  for (const [name, called] of Object.entries(plain)) {
    if (!/^f\d/.test(name)) continue;
    for (const values of INPUTS) {
      const expected = outcomeOf(called as Called, values, plain["memory"] as WebAssembly.Memory);
      assert.equal(outcomeOf(guest.exports[name] as Called, values, guest.memory), expected, name);
    }
  }
});

function ifSupported<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    if (error instanceof MalformedModule || error instanceof UnsupportedFeature || error instanceof GloveboxError) return undefined;
    throw error;
  }
}

const FUEL = 300_000;
/** Whether calls of two instances have left both with fuel and stack, so that they can be compared. */
function spentIn(...all: readonly Exports[]): boolean {
  return all.some((exports) => {
    const { fuel, stackIsOut } = readMeter((exports[OWN_EXPORTS.meter] as WebAssembly.Global).value as bigint);
    return fuel < 0 || stackIsOut;
  });
}

let compared = 0;

property(
  "rewriteModule() keeps the meaning of modules that were changed at random, as far as a little fuel reaches",
  150,
  [mutants, fc.array(fc.oneof(fc.nat(100), fc.integer()), { minLength: 3, maxLength: 3 })],
  (bytes, values) => {
    const facts = WebAssembly.validate(bytes) ? ifSupported(() => inspectModule(bytes)) : undefined;
    if (!facts || facts.outline.start !== undefined || facts.memory.minimum > 100) return;
    if (facts.outline.imports.some(({ kind }) => kind === "memory")) return;
    const rewritten = ifSupported(() => meterModule(rewriteModule(bytes, facts), { bytesMax: 2 ** 24 }));
    if (!rewritten) return;
    // The same with a maximum that a test can bear.
    const { minimum, maximum = 65_536 } = facts.memory;
    const pagesMax = Math.min(maximum, minimum + PAGES_MORE);
    const memorySection = Uint8Array.from([1, 1, ...encodeU32(minimum), ...encodeU32(pagesMax)]);
    const bounded = writeModule(bytes, facts.outline.sections, new Map([[SECTION.memory, memorySection]]));
    const instances = instantiated(() => {
      const module = new WebAssembly.Module(Uint8Array.from(meterModule(bounded, { bytesMax: 2 ** 24 })));
      const plain = new WebAssembly.Instance(module, importsOf(module)).exports as Exports;
      return { plain, guest: start(rewritten, minimum, pagesMax) };
    });
    if (!instances) return;
    const { plain, guest } = instances;
    const memory = plain["memory"];
    if (!(memory instanceof WebAssembly.Memory)) return;
    for (const [name, called] of Object.entries(plain)) {
      if (typeof called !== "function") continue;
      for (const exports of [plain, guest.exports]) (exports[OWN_EXPORTS.meter] as WebAssembly.Global).value = filled(FUEL);
      const expected = outcomeOf(called as Called, values, memory);
      const outcome = outcomeOf(guest.exports[name] as Called, values, guest.memory);
      if (spentIn(plain, guest.exports)) return;
      assert.equal(outcome, expected, name);
      compared++;
    }
    assert.ok(guest.memory.buffer.byteLength <= pagesMax * PAGE_BYTES);
  },
  () => assert.ok(compared > 20, `${compared} calls were compared`),
);

/** A segment may not fit, which is the module's doing. */
function instantiated<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) return undefined;
    throw error;
  }
}
