import assert from "node:assert/strict";
import { test } from "node:test";
import { GloveboxError } from "../error.ts";
import { assemble } from "./assemble.ts";
import { LISTED_MAX, reportModule, URLS_MAX } from "./module-report.ts";

const COMMAND = '(memory (export "memory") 1) (func (export "_start"))';

test("reportModule() tells features by the instructions that are there, and by types", () => {
  const { features, instructions } = reportModule(
    assemble(`(module ${COMMAND}
      (table 1 funcref)
      (func $two (result i32 i32) (i32.const 1) (i32.const 2))
      (func (drop (memory.grow (i32.const 1))) (memory.fill (i32.const 0) (i32.const 0) (i32.const 1)))
      (func (param f32) (drop (i32.trunc_sat_f32_s (local.get 0))) (drop (i8x16.splat (i32.const 1))))
      (func (result i32 i32) (return_call $two)))`),
    "test",
  );
  assert.deepEqual(features, ["SIMD", "bulk memory", "memory growth", "multiple results", "saturating conversions", "tail calls"]);
  assert.equal(instructions, 1 + 3 + 8 + 7 + 2);
});

test("reportModule() tells of a module that is refused by its rules, or by the compiler, all that can be told", () => {
  const asking = reportModule(assemble(`(module (import "env" "steal" (func (param i32))) ${COMMAND})`), "test");
  assert.equal(asking.kind, null);
  assert.match(asking.refused ?? "", /"steal", which is not offered/);
  assert.deepEqual(
    asking.imports.map(({ field, type, offered }) => [field, type, offered]),
    [["steal", "(i32) -> nothing", false]],
  );
  const invalid = reportModule(assemble(`(module ${COMMAND} (func (result i32)))`), "test");
  assert.equal(invalid.kind, null);
  assert.match(invalid.refused ?? "", /not enough arguments|expected 1 elements/);
});

test("reportModule() lists so much and no more", () => {
  const imports = '(import "wasi_snapshot_preview1" "sched_yield" (func (result i32)))'.repeat(LISTED_MAX + 1);
  const urls = `(data (i32.const 0) "${"https://a.example/ ".repeat(URLS_MAX + 1)}")`;
  const report = reportModule(assemble(`(module ${imports} ${COMMAND} ${urls})`), "test");
  assert.deepEqual([report.imports.length, report.urls.length, report.urls[0]?.url], [LISTED_MAX, URLS_MAX, "https://a.example/"]);
});

test("reportModule() refuses what is no module", () => {
  for (const bytes of [new Uint8Array(), Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 2, 5, 0xff, 0xff, 0xff, 0xff, 0x0f)]) {
    assert.throws(
      () => reportModule(bytes, "test"),
      (error) => error instanceof GloveboxError && error.code === "MODULE_REFUSED",
    );
  }
});
