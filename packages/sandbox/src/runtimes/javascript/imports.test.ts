import assert from "node:assert/strict";
import { test } from "node:test";
import { StillAttempt } from "../../guest/chamber.fixture.ts";
import { GuestMemory } from "../../guest/memory.ts";
import type { Engine } from "./engine.ts";
import { type HostState, javascriptImports } from "./imports.ts";

type Imported = (...values: (number | bigint)[]) => number;

const PAGE = 65_536;
const OUT = 64;
const TEXT = 128;

/** Imports over one page of memory, with the few functions of QuickJS that they call back. What was freed is kept in `freed`. */
function imports(text: { at: number; length: number } = { at: TEXT, length: 5 }) {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const view = new DataView(memory.buffer);
  new Uint8Array(memory.buffer).set(new TextEncoder().encode("hello"), TEXT);
  new Uint8Array(memory.buffer).set(new TextEncoder().encode("info"), 32);
  view.setUint32(16, 24, true); // one box, at 24
  const freed: number[] = [];
  const engine = {
    JS_ToCStringLen2: () => {
      view.setUint32(OUT, text.length, true);
      return text.at | 0;
    },
    JS_FreeCString: () => {},
    qjs_get_undefined: () => 8,
    qjs_free_value: (box: number) => freed.push(box),
  } as unknown as Engine;
  const attempt = new StillAttempt();
  const state: HostState = { memory: new GuestMemory(memory), engine, context: 1, out: OUT, attempt, unhandled: new Map() };
  const all = javascriptImports(state) as unknown as Record<string, Record<string, Imported>>;
  const call = (name: string, ...values: (number | bigint)[]) => (all["env"]?.[name] ?? all["wasi_snapshot_preview1"]?.[name])?.(...values);
  return { call, attempt, state, view, freed, bytes: new Uint8Array(memory.buffer) };
}

const BAD_ADDRESSES = [-1, 0xffffffff, PAGE, PAGE - 3, -2147483648, 2 ** 31];

test("javascriptImports() logs one string by the level that it was called by", () => {
  const { call, attempt } = imports();
  assert.equal(call("host_call", 32, 4, 0, 1, 16), 8);
  assert.deepEqual(attempt.entries, [{ level: "info", message: "hello" }]);
});

test("javascriptImports() reads nothing outside of memory, whatever the guest passes", () => {
  for (const address of BAD_ADDRESSES) {
    const { call, attempt, view } = imports();
    call("host_call", address, 4, 0, 1, 16);
    call("host_call", 32, 4, 0, 1, address);
    view.setUint32(16, address, true);
    call("host_call", 32, 4, 0, 1, 16);
    call("host_promise_rejection", address, address, 0);
    assert.deepEqual(attempt.entries, []);
  }
  for (const text of [
    { at: -1, length: 5 },
    { at: TEXT, length: 0xffffffff },
    { at: 0xfffffff0, length: 0x20 },
    { at: TEXT, length: PAGE },
  ]) {
    const { call, attempt } = imports(text);
    call("host_call", 32, 4, 0, 1, 16);
    assert.deepEqual(attempt.entries, []);
  }
});

test("javascriptImports() calls nothing that it has no name for, nor with other than one value", () => {
  const { call, attempt, bytes } = imports();
  for (const [length, count] of [
    [3, 1],
    [5, 1],
    [2 ** 31, 1],
    [4, 0],
    [4, 2],
    [4, -1],
  ] as const)
    call("host_call", 32, length, 0, count, 16);
  bytes.set(new TextEncoder().encode("exec"), 32);
  call("host_call", 32, 4, 0, 1, 16);
  assert.deepEqual(attempt.entries, []);
});

test("javascriptImports() writes clocks and randomness inside of memory only, and caps the latter", () => {
  const { call, view, bytes } = imports();
  assert.equal(call("clock_time_get", 0, 0n, 200), 0);
  assert.equal(view.getBigUint64(200, true), 1_700_000_000_123_000_000n);
  assert.equal(call("clock_time_get", 1, 0n, 200), 0);
  assert.equal(view.getBigUint64(200, true), 5_000_000n);
  assert.notEqual(call("clock_time_get", 2, 0n, 200), 0);
  assert.equal(call("random_get", 300, 8), 0);
  assert.ok(bytes.subarray(300, 308).some((byte) => byte !== 0));
  const before = bytes.slice();
  for (const address of BAD_ADDRESSES) {
    assert.notEqual(call("clock_time_get", 0, 0n, address), 0);
    assert.notEqual(call("random_get", address, 8), 0);
  }
  assert.notEqual(call("random_get", 0, 2 ** 30), 0);
  assert.deepEqual(bytes, before);
});

test("javascriptImports() forgets a rejection that was heard after all, and frees its values", () => {
  const { call, state, view, freed } = imports();
  view.setBigUint64(400, 77n, true);
  call("host_promise_rejection", 400, 408, 0);
  assert.equal(state.unhandled.size, 1);
  view.setBigUint64(416, 77n, true);
  call("host_promise_rejection", 416, 424, 1);
  assert.equal(state.unhandled.size, 0);
  assert.deepEqual(freed, [416, 424, 400, 408]);
});

test("javascriptImports() remembers a thousand rejections and no more", () => {
  const { call, state, view } = imports();
  for (let i = 0; i < 5000; i++) {
    view.setBigUint64(400, BigInt(i), true);
    call("host_promise_rejection", 400, 408, 0);
  }
  assert.equal(state.unhandled.size, 1000);
});

test("javascriptImports() has no files, no modules, no other time zone and no interruption", () => {
  const { call } = imports();
  for (const name of ["fd_write", "fd_close", "fd_seek", "fd_fdstat_get"]) assert.equal(call(name, 1, 0, 0, 0), 8);
  for (const name of ["host_module_normalize", "host_module_load", "host_get_timezone_offset", "host_interrupt"])
    assert.equal(call(name, 0, 0), 0);
});

test("javascriptImports() does nothing once the attempt is over", () => {
  const { call, attempt, state, bytes } = imports();
  attempt.over = true;
  const before = bytes.slice();
  call("host_call", 32, 4, 0, 1, 16);
  call("host_promise_rejection", 400, 408, 0);
  assert.notEqual(call("clock_time_get", 0, 0n, 200), 0);
  assert.notEqual(call("random_get", 300, 8), 0);
  assert.deepEqual(attempt.entries, []);
  assert.equal(state.unhandled.size, 0);
  assert.deepEqual(bytes, before);
});
