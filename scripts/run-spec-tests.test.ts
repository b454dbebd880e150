import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { assemble } from "../packages/sandbox/src/wasm/assemble.ts";
import { runScript } from "./run-spec-tests.ts";
import type { Command, Value } from "./spec-tests/script.ts";

const folder = mkdtempSync(join(tmpdir(), "spec-"));
after(() => rmSync(folder, { recursive: true }));

let files = 0;
/** Writes modules and a script that names them, as wast2json does. */
function script(commands: readonly (Partial<Command> & { readonly wat?: string; readonly wasm?: readonly number[] })[]): string {
  const written = commands.map(({ wat, wasm, ...command }, index) => {
    const bytes = wat === undefined ? wasm && Uint8Array.from(wasm) : assemble(`(module ${wat})`);
    const filename = `test.${files}.${index}.wasm`;
    if (bytes) writeFileSync(join(folder, filename), bytes);
    return { line: index + 1, ...(bytes ? { filename } : {}), ...command };
  });
  const file = join(folder, `test.${files++}.json`);
  writeFileSync(file, JSON.stringify({ source_filename: "test.wast", commands: written }));
  return file;
}

const i32 = (value: number): Value => ({ type: "i32", value: String(value) });
const invoke = (field: string, ...args: Value[]) => ({ type: "invoke", field, args }) as const;
const HEADER = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

const EVERYTHING = `
  (import "spectest" "print_i32" (func $print (param i32)))
  (memory (export "memory") 1)
  (global (export "g") i64 (i64.const -1))
  (tag $e)
  (func (export "add") (param i32 i32) (result i32) (loop) (call $print (local.get 0)) (i32.add (local.get 0) (local.get 1)))
  (func (export "two") (result i64 f32) (loop) (i64.const -2) (f32.const 1.5))
  (func (export "nan") (param f64) (result f64) (loop) (f64.add (local.get 0) (f64.const 1)))
  (func (export "vector") (param v128) (result v128) (loop) (i32x4.add (local.get 0) (v128.const i32x4 1 2 3 4)))
  (func (export "extern") (param externref) (result externref) (loop) (local.get 0))
  (func (export "self") (result funcref) (loop) (ref.func $deep))
  (func (export "none") (result funcref) (loop) (ref.null func))
  (func (export "divide") (param i32) (result i32) (loop) (i32.div_u (i32.const 1) (local.get 0)))
  (func $deep (export "deep") (result i32) (i32.add (i32.const 1) (call $deep)))
  (func (export "throw") (throw $e))`;

test("runScript() knows every command and every type of value", () => {
  const tally = runScript(
    script([
      { type: "module", name: "$m", wat: EVERYTHING },
      { type: "register", name: "$m", as: "M" },
      { type: "action", action: invoke("add", i32(1), i32(2)), expected: [{ type: "i32" }] },
      { type: "assert_return", action: invoke("add", i32(4294967295), i32(2)), expected: [i32(1)] },
      {
        type: "assert_return",
        action: invoke("two"),
        expected: [
          { type: "i64", value: "18446744073709551614" },
          { type: "f32", value: "1069547520" },
        ],
      },
      {
        type: "assert_return",
        action: invoke("nan", { type: "f64", value: "9221120237041090560" }),
        expected: [{ type: "f64", value: "nan:canonical" }],
      },
      {
        type: "assert_return",
        action: invoke("vector", { type: "v128", lane_type: "i32", value: ["1", "1", "1", "4294967295"] }),
        expected: [{ type: "v128", lane_type: "i32", value: ["2", "3", "4", "3"] }],
      },
      { type: "assert_return", action: invoke("extern", { type: "externref", value: "7" }), expected: [{ type: "externref", value: "7" }] },
      {
        type: "assert_return",
        action: invoke("extern", { type: "externref", value: "null" }),
        expected: [{ type: "externref", value: "null" }],
      },
      { type: "assert_return", action: invoke("self"), expected: [{ type: "funcref" }] },
      { type: "assert_return", action: invoke("none"), expected: [{ type: "funcref", value: "null" }] },
      { type: "assert_return", action: { type: "get", field: "g" }, expected: [{ type: "i64", value: "18446744073709551615" }] },
      { type: "assert_trap", action: invoke("divide", i32(0)), text: "integer divide by zero" },
      { type: "assert_exhaustion", action: invoke("deep"), text: "call stack exhausted" },
      { type: "assert_exception", action: invoke("throw") },
      {
        type: "assert_return",
        action: { ...invoke("add", i32(1), i32(2)), module: "$m" },
        expected: [{ type: "either", values: [i32(4), i32(3)] }],
      },
      { type: "assert_invalid", wat: "(func (result i32) (i64.const 0))", module_type: "binary" },
      { type: "assert_malformed", wasm: [...HEADER, 1, 200], module_type: "binary" },
      { type: "assert_malformed", module_type: "text" },
      { type: "assert_unlinkable", wat: '(import "M" "absent" (func))' },
      { type: "assert_uninstantiable", wat: "(start 0) (func unreachable)" },
      {
        type: "module",
        wat: '(import "M" "add" (func $add (param i32 i32) (result i32))) (memory 1) (func (export "f") (result i32) (loop) (call $add (i32.const 20) (i32.const 22)))',
      },
      { type: "assert_return", action: invoke("f"), expected: [i32(42)] },
    ]),
  );
  assert.deepEqual(tally.failed, []);
  assert.deepEqual(tally.compiler, []);
  assert.equal(tally.passed, 22);
  assert.deepEqual([...tally.skipped], [["text format", 1]]);
});

test("runScript() counts modules that are not metered, and what depends on them, by the reason", () => {
  const tally = runScript(
    script([
      { type: "module", name: "$a", wat: '(memory 1 1 shared) (func (export "f") (result i32) (i32.atomic.load (i32.const 0)))' },
      { type: "assert_return", action: invoke("f"), expected: [i32(0)] },
      { type: "register", name: "$a", as: "A" },
      { type: "module", wat: '(import "A" "f" (func (result i32)))' },
      { type: "module", wat: '(func (export "f") (result i32) (loop) (i32.const 1))' },
      { type: "assert_return", action: invoke("f"), expected: [i32(1)] },
    ]),
  );
  assert.deepEqual([tally.passed, tally.failed, tally.compiler], [2, [], []]);
  assert.deepEqual([...tally.refused], [["a shared memory (threads)", 4]]);
});

test("runScript() tells where the compiler itself differs from a script", () => {
  const tally = runScript(
    script([
      { type: "module", wat: '(func (export "f") (result i32) (loop) (i32.const 1))' },
      { type: "assert_return", action: invoke("f"), expected: [i32(2)] },
      { type: "assert_trap", action: invoke("f"), text: "unreachable" },
    ]),
  );
  assert.deepEqual([tally.passed, tally.failed], [1, []]);
  assert.deepEqual(tally.compiler, ["line 2: assert_return f: (01000000)", "line 3: assert_trap f: (01000000)"]);
});

test("runScript() does not take the module before for one that could not be made", () => {
  const tally = runScript(
    script([
      { type: "module", wat: '(func (export "f") (result i32) (loop) (i32.const 1))' },
      { type: "module", wat: '(import "spectest" "absent" (func)) (func (export "f") (result i32) (loop) (i32.const 2))' },
      { type: "assert_return", action: invoke("f"), expected: [i32(1)] },
      { type: "module", wat: '(func (export "f") (result i32) (loop) (i32.const 3))' },
      { type: "assert_unlinkable", wat: '(import "spectest" "absent" (func)) (memory 1 1 shared)' },
      { type: "assert_return", action: invoke("f"), expected: [i32(3)] },
    ]),
  );
  assert.deepEqual([tally.passed, tally.failed, tally.compiler], [3, [], ["line 2: module: link"]]);
  assert.deepEqual(
    [...tally.refused],
    [
      ["the module could not be made", 1],
      ["a shared memory (threads)", 1],
    ],
  );
});

test("runScript() gives a host's value to a function that does not take null", () => {
  const type = [0x60, 1, 0x64, 0x6f, 1, 0x64, 0x6f];
  const sections = [
    [1, 1 + type.length, 1, ...type],
    [3, 2, 1, 0],
    [7, 5, 1, 1, 0x66, 0, 0],
    [10, 6, 1, 4, 0, 0x20, 0, 0x0b],
  ];
  const tally = runScript(
    script([
      { type: "module", wasm: [...HEADER, ...sections.flat()] },
      { type: "assert_return", action: invoke("f", { type: "externref", value: "7" }), expected: [{ type: "externref", value: "7" }] },
    ]),
  );
  assert.deepEqual([tally.passed, tally.failed, tally.compiler], [2, [], []]);
});

test("runScript() fails what breaks the runner itself, and goes on", () => {
  const tally = runScript(
    script([
      { type: "module", filename: "absent.wasm" },
      { type: "module", wat: "" },
    ]),
  );
  assert.equal(tally.passed, 1);
  assert.match(tally.failed.join(), /^line 1: module: plain broken: .*absent\.wasm/);
});

test("run-spec-tests.ts fails a folder with a file that is no script, or none", () => {
  const program = fileURLToPath(new URL("run-spec-tests.ts", import.meta.url));
  const other = mkdtempSync(join(tmpdir(), "spec-"));
  try {
    const run = () => spawnSync(process.execPath, ["--no-warnings", program, other], { encoding: "utf8" });
    assert.equal(run().status, 1);
    writeFileSync(join(other, "package.json"), "{}");
    const { status, stdout } = run();
    assert.equal(status, 1);
    assert.match(stdout, /^package\.json: FAILED: not a script: /m);
  } finally {
    rmSync(other, { recursive: true });
  }
});

test("run-spec-tests.ts runs every script of a folder and says what came of them", () => {
  const program = fileURLToPath(new URL("run-spec-tests.ts", import.meta.url));
  const good = join(folder, "good");
  mkdirSync(good);
  for (const name of readdirSync(folder).filter((name) => /^test\.[012]\./.test(name))) copyFileSync(join(folder, name), join(good, name));
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--no-warnings", program, good], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^test\.0\.json: 22 passed, 1 skipped$/m);
  assert.match(stdout, /^3 scripts: 25 passed, 0 failed, 2 not as expected without a meter either$/m);
  assert.match(stdout, /^ {2}4 {2}a shared memory \(threads\)$/m);
});
