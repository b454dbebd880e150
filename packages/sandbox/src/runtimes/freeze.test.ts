import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assemble } from "../wasm/assemble.ts";
import { MalformedModule } from "../wasm/binary.ts";
import { APPENDED_FUNCTION, freeze, nonZeroRanges, type Snapshot } from "./freeze.ts";
import { trampoline } from "./python/trampoline.ts";

/** Counts in memory and in a global, and calls what stands in its table. */
const COUNTER = `(module
  (import "env" "note" (func $note (param i32)))
  (import "GOT.func" "f" (global $got (mut i32)))
  (memory (export "memory") 1)
  (table $table (export "table") 3 funcref)
  (global $count (export "count") (mut i32) (i32.const 0))
  (data (i32.const 0) "start")
  (elem (i32.const 1) $count_up)
  (func $count_up (export "count_up") (result i32)
    (global.set $count (i32.add (global.get $count) (i32.const 1)))
    (i32.store (i32.const 65000) (global.get $count))
    (call $note (global.get $got))
    (global.get $count))
  (func (export "call") (param i32) (result i32) (call_indirect (result i32) (local.get 0)))
  (func $start (call $note (i32.const -1)))
  (start $start))`;

function snapshotOf(overrides: Partial<Snapshot> = {}): Snapshot {
  const memory = new Uint8Array(2 * 65_536); // it grew by a page while it booted
  memory.set([1, 2, 3, 4], 65_000);
  memory.set([9], 2 * 65_536 - 1);
  return {
    memory,
    globals: new Map([
      [0, 77],
      [1, 41],
    ]),
    table: { length: 5, added: [[4, 1]] },
    ...overrides,
  };
}

function instantiate(frozen: Uint8Array) {
  const notes: number[] = [];
  const memory = new WebAssembly.Memory({ initial: 2, maximum: 2 });
  const module = new WebAssembly.Module(frozen as Uint8Array<ArrayBuffer>);
  const { exports } = new WebAssembly.Instance(module, { env: { memory, note: (value: number) => notes.push(value) } });
  return { exports: exports as Record<string, CallableFunction & WebAssembly.Global & WebAssembly.Table>, memory, notes };
}

describe("freeze()", () => {
  const frozen = freeze(assemble(COUNTER), snapshotOf(), { keepExports: ["count_up", "call"] });

  test("makes a module that starts where the snapshot ends, without running its start function", () => {
    const { exports, memory, notes } = instantiate(frozen);
    const bytes = new Uint8Array(memory.buffer);
    assert.deepEqual([bytes[0], ...bytes.subarray(65_000, 65_004), bytes.at(-1)], [0, 1, 2, 3, 4, 9]);
    assert.deepEqual(notes, []);
    assert.equal(exports["count_up"]?.(), 42);
    assert.deepEqual(notes, [77]);
  });

  test("exports all mutable state, and keeps no other export", () => {
    const { exports } = instantiate(frozen);
    assert.deepEqual(Object.keys(exports).sort(), ["call", "count_up", "global:1", "table:0"]);
    assert.equal(exports["global:1"]?.value, 41);
  });

  test("gives the table its length for good, with its own elements and those that were added", () => {
    const { exports } = instantiate(frozen);
    assert.equal(exports["table:0"]?.length, 5);
    assert.throws(() => exports["table:0"]?.grow(1), RangeError);
    assert.deepEqual([exports["call"]?.(1), exports["call"]?.(4)], [42, 43]);
    assert.throws(() => exports["call"]?.(3), WebAssembly.RuntimeError);
  });

  test("is the same for the same input", () => {
    assert.deepEqual(freeze(assemble(COUNTER), snapshotOf(), { keepExports: ["count_up", "call"] }), frozen);
  });

  test("refuses what it cannot freeze, and says why", () => {
    const cases: [RegExp, string, Snapshot, string[]][] = [
      [/writes it/, `(module (memory 1) (table 1 funcref) (func (table.set (i32.const 0) (ref.null func))))`, snapshotOf(), []],
      [/writes it/, `(module (memory 1) (table 1 funcref) (func (drop (table.grow (ref.null func) (i32.const 1)))))`, snapshotOf(), []],
      [/none of that name/, `(module (memory 1) (table 1 funcref))`, snapshotOf(), ["missing"]],
      [/imports a memory or table/, `(module (import "env" "memory" (memory 1)))`, snapshotOf(), []],
      [/no value for it/, COUNTER, snapshotOf({ globals: new Map() }), []],
    ];
    for (const [message, wat, snapshot, keepExports] of cases) {
      assert.throws(
        () => freeze(assemble(wat), snapshot, { keepExports }),
        (error) => error instanceof MalformedModule && message.test(error.message),
      );
    }
  });

  test("turns imported globals into constants, so that V8 refuses a module that would write one", () => {
    const writes = COUNTER.replace("(call $note (global.get $got))", "(global.set $got (i32.const 1))");
    const made = freeze(assemble(writes), snapshotOf(), { keepExports: [] });
    assert.equal(WebAssembly.validate(made as Uint8Array<ArrayBuffer>), false);
  });
});

test("trampoline calls functions of no to three arguments by their own type, and says when it knows none", () => {
  const module = assemble(`(module (memory 1) (table 6 funcref)
    (type $t (func (param i32 i32 i32 i32 i32) (result i32)))
    (elem (i32.const 0) $f0 $f1 $f2 $f3 $other)
    (func $f0 (result i32) (i32.const 10))
    (func $f1 (param i32) (result i32) (local.get 0))
    (func $f2 (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func $f3 (param i32 i32 i32) (result i32) (i32.add (i32.mul (local.get 0) (local.get 1)) (local.get 2)))
    (func $other (param i64) (result i32) (i32.const 1))
    (func (export "call") (param i32 i32 i32 i32 i32) (result i32)
      (call_indirect (type $t) (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (i32.const 5))))`);
  const snapshot: Snapshot = { memory: new Uint8Array(65_536), globals: new Map(), table: { length: 6, added: [[5, APPENDED_FUNCTION]] } };
  const frozen = freeze(module, snapshot, { keepExports: ["call"], append: trampoline });
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(frozen as Uint8Array<ArrayBuffer>), { env: { memory } });
  const known = new Int32Array(memory.buffer, 64, 1);
  const call = (slot: number) => [(exports["call"] as CallableFunction)(64, slot, 3, 4, 5), known[0]];
  assert.deepEqual([0, 1, 2, 3, 4].map(call), [
    [10, 1],
    [3, 1],
    [7, 1],
    [17, 1],
    [0, 0],
  ]);
});

test("nonZeroRanges() joins pieces that touch and leaves out those of zeros", () => {
  const memory = new Uint8Array(80);
  memory[0] = 1;
  memory[31] = 1;
  memory[79] = 1;
  assert.deepEqual(nonZeroRanges(memory, 16), [
    { start: 0, end: 32 },
    { start: 64, end: 80 },
  ]);
  assert.deepEqual(nonZeroRanges(new Uint8Array(64), 16), []);
});
