import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import { assemble } from "./assemble.ts";
import { PAGE_BYTES, readImports, readSections, SECTION, writeModule } from "./binary.ts";
import { inspectModule } from "./inspect.ts";
import { outlineModule } from "./outline.ts";
import { OWN_EXPORTS, rewriteModule } from "./rewrite.ts";

type Numeric = (...values: number[]) => number;

interface Running {
  readonly memory: WebAssembly.Memory;
  call(name: string, ...values: number[]): number;
  own(name: keyof typeof OWN_EXPORTS): number | undefined;
}

/** The rewritten module in a memory of at most `pages`. */
function start(bytes: Uint8Array, pages: number): Running {
  const facts = inspectModule(bytes);
  const memory = new WebAssembly.Memory({ initial: facts.memory.minimum, maximum: pages });
  const module = new WebAssembly.Module(rewriteModule(bytes, facts) as Uint8Array<ArrayBuffer>);
  const { exports } = new WebAssembly.Instance(module, { glovebox: { memory } });
  return {
    memory,
    call: (name, ...values) => (exports[name] as Numeric)(...values),
    own: (name) => {
      const own = exports[OWN_EXPORTS[name]];
      return own instanceof WebAssembly.Global ? Number(own.value) >>> 0 : undefined;
    },
  };
}

const COMMAND = '(memory (export "memory") 1) (func (export "_start"))';
const GROW = '(func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))';

test("rewriteModule() leaves the choice of a maximum to the importer, and counts what it refuses", () => {
  const guest = start(assemble(`(module ${COMMAND} ${GROW})`), 4);
  assert.equal(guest.call("grow", 2), 1);
  assert.equal(guest.own("memoryDenied"), 0);
  assert.equal(guest.call("grow", 2), -1);
  assert.equal(guest.call("grow", 70_000), -1);
  assert.equal(guest.own("memoryDenied"), 2);
  assert.equal(guest.own("memoryWanted"), 70_000);
  assert.equal(guest.call("grow", 1), 3);
  assert.equal(guest.memory.buffer.byteLength, 4 * PAGE_BYTES);
});

test("rewriteModule() adds nothing to a module that does not grow", () => {
  const bytes = assemble(`(module ${COMMAND})`);
  const rewritten = outlineModule(rewriteModule(bytes, inspectModule(bytes)));
  assert.deepEqual(
    rewritten.exports.map((entry) => entry.field),
    ["memory", "_start"],
  );
  assert.equal(rewritten.globals, 0);
});

test("rewriteModule() puts the imported memory in place of one from env", () => {
  const guest = start(
    assemble(`(module (import "env" "memory" (memory 2 9)) (export "memory" (memory 0)) (func (export "_start")) ${GROW})`),
    3,
  );
  assert.equal(guest.call("grow", 1), 2);
  assert.equal(guest.call("grow", 1), -1);
});

test("rewriteModule() keeps every index: imported and defined functions, globals, types and tables", () => {
  const bytes = assemble(`(module
    (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
    (memory (export "memory") 1) (global $g (mut i32) (i32.const 5)) (table 3 funcref) (elem (i32.const 1) $seven $grow)
    (type $out (func (result i32)))
    (func (export "_start")) (func $seven (result i32) (i32.const 7)) (func $grow (result i32) (memory.grow (i32.const 1)))
    (func (export "through") (param i32) (result i32) (global.set $g (call_indirect (type $out) (local.get 0))) (global.get $g))
    (func (export "yield") (result i32) (return_call $yield)))`);
  const module = new WebAssembly.Module(rewriteModule(bytes, inspectModule(bytes)) as Uint8Array<ArrayBuffer>);
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 2 });
  const { exports } = new WebAssembly.Instance(module, { glovebox: { memory }, wasi_snapshot_preview1: { sched_yield: () => 52 } });
  assert.equal((exports["through"] as Numeric)(1), 7);
  assert.equal((exports["through"] as Numeric)(2), 1);
  assert.equal((exports["through"] as Numeric)(2), -1);
  assert.equal((exports["yield"] as Numeric)(), 52);
});

test("rewriteModule() makes the start function an export that the host calls", () => {
  const guest = start(assemble(`(module ${COMMAND} (func $s (i32.store (i32.const 0) (i32.const 42))) (start $s))`), 1);
  const word = new DataView(guest.memory.buffer);
  assert.equal(word.getInt32(0, true), 0);
  guest.call(OWN_EXPORTS.start);
  assert.equal(word.getInt32(0, true), 42);
});

test("rewriteModule() keeps the value that a table's entries start with, and its maximum", () => {
  const text = `(module ${COMMAND} (func (export "seven") (result i32) (i32.const 7)) (table 0 funcref)
    (func (export "at") (param i32) (result i32) (call_indirect (result i32) (local.get 0)))
    (func (export "grow") (param i32) (result i32) (table.grow (ref.null func) (local.get 0))))`;
  const table = Uint8Array.of(1, 0x40, 0, 0x70, 1, 3, 4, 0xd2, 1, 0x0b); // three to four entries, function 1
  const bytes = writeModule(assemble(text), readSections(assemble(text)), new Map([[SECTION.table, table]]));
  const guest = start(bytes, 1);
  assert.equal(guest.call("at", 2), 7);
  assert.equal(guest.call("grow", 2), -1);
  assert.equal(guest.call("grow", 1), 3);
});

test("rewriteModule() bounds tables together, keeps lower maxima, and counts what they refuse", () => {
  const guest = start(
    assemble(`(module ${COMMAND} (table $a 10 funcref) (table $b 0 externref) (table $c 1 5 funcref)
    (func (export "a") (param i32) (result i32) (table.grow $a (ref.null func) (local.get 0)))
    (func (export "b") (param i32) (result i32) (table.grow $b (ref.null extern) (local.get 0)))
    (func (export "c") (param i32) (result i32) (table.grow $c (ref.null func) (local.get 0))))`),
    1,
  );
  assert.equal(guest.call("a", 10_000_000), -1);
  assert.equal(guest.own("tableDenied"), 1);
  assert.equal(guest.own("tableWanted"), 10_000_000);
  assert.equal(guest.call("a", 33_329), 10);
  assert.equal(guest.call("a", 1), -1);
  assert.equal(guest.call("b", 33_329), 0);
  assert.equal(guest.call("b", 1), -1);
  assert.equal(guest.call("c", 4), 1);
  assert.equal(guest.call("c", 1), -1);
  assert.equal(guest.own("tableDenied"), 4);
});

test("rewriteModule() grows inside of blocks, loops, branches and handlers", () => {
  const wat = `(module ${COMMAND} (tag $e)
    (func (export "grow") (param $n i32) (result i32) (local $sum i32)
      (block $out (loop $again
        (br_if $out (i32.eqz (local.get $n)))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (try (do (if (i32.eq (memory.grow (i32.const 1)) (i32.const -1)) (then (throw $e))))
          (catch $e (local.set $sum (i32.add (local.get $sum) (i32.const 100)))))
        (local.set $sum (i32.add (local.get $sum) (memory.size)))
        (br_table $again $out (i32.const 0))))
      (local.get $sum)))`;
  const guest = start(assemble(wat), 4);
  assert.equal(guest.call("grow", 5), 2 + 3 + 4 + 104 + 104);
  assert.equal(guest.own("memoryDenied"), 2);
});

test("rewriteModule() of an interpreter yields a module that the compiler accepts, with both of its growths counted", () => {
  const require = createRequire(import.meta.url);
  const bytes = readFileSync(require.resolve("quickjs-wasi/quickjs.wasm"));
  const outline = outlineModule(bytes);
  const [memory] = outline.memories;
  assert.ok(memory);
  const facts = { kind: "wasi", memory, tableEntries: 0, initialize: false, outline } as const;
  const rewritten = rewriteModule(bytes, facts);
  assert.ok(WebAssembly.validate(rewritten as Uint8Array<ArrayBuffer>));
  assert.equal(readImports(rewritten, readSections(rewritten)).at(-1)?.module, "glovebox");
  assert.ok(outlineModule(rewritten).exports.some((entry) => entry.field === OWN_EXPORTS.memoryDenied));
});
