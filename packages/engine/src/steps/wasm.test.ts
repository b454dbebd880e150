import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Json, Sandbox } from "@glovebox/sandbox";
import openWabt from "wabt";
import type { StepOutcome } from "../run/attempt.ts";
import type { RunResult } from "../run/result.ts";
import { runWorkflow } from "../run/run.ts";
import { loadWorkflow } from "../workflow/load.ts";
import { renderProblems } from "../workflow/render.ts";

/** What a WASI program of a step is started with, in real cells. */

/**
 * Writes to standard output its arguments, its environment and the name of its first directory, each text with a NUL behind it; and before that
 * the same into a file of that directory. A call that comes to nothing ends it with the call's number.
 */
const PROGRAM = `(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $environ_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_dir_name" (func $dir_name (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 512) "notes.txt")
  (func (export "_start")
    (if (call $args_sizes_get (i32.const 0) (i32.const 4)) (then (call $exit (i32.const 1))))
    (if (call $args_get (i32.const 64) (i32.const 1024)) (then (call $exit (i32.const 2))))
    (if (call $environ_sizes_get (i32.const 8) (i32.const 12)) (then (call $exit (i32.const 3))))
    (if (call $environ_get (i32.const 128) (i32.const 4096)) (then (call $exit (i32.const 4))))
    (if (call $dir_name (i32.const 3) (i32.const 8192) (i32.const 4)) (then (call $exit (i32.const 5))))
    (i32.store (i32.const 32) (i32.const 1024)) (i32.store (i32.const 36) (i32.load (i32.const 4)))
    (i32.store (i32.const 40) (i32.const 4096)) (i32.store (i32.const 44) (i32.load (i32.const 12)))
    (i32.store (i32.const 48) (i32.const 8192)) (i32.store (i32.const 52) (i32.const 4))
    (if (call $path_open (i32.const 3) (i32.const 0) (i32.const 512) (i32.const 9) (i32.const 1) (i64.const 64) (i64.const 0) (i32.const 0)
      (i32.const 16)) (then (call $exit (i32.const 6))))
    (if (call $fd_write (i32.load (i32.const 16)) (i32.const 32) (i32.const 3) (i32.const 20)) (then (call $exit (i32.const 7))))
    (if (call $fd_write (i32.const 1) (i32.const 32) (i32.const 3) (i32.const 20)) (then (call $exit (i32.const 8))))))`;

let sandbox: Sandbox;
let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "glovebox-wasm-"));
  const wabt = await openWabt();
  const module = wabt.parseWat("program.wat", PROGRAM);
  await writeFile(join(folder, "program.wasm"), module.toBinary({}).buffer);
  module.destroy();
  sandbox = new Sandbox({ home: "thread", cells: 1, warm: "none", spare: 0 });
});

after(async () => {
  await sandbox[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

async function run(step: string, input?: Json): Promise<StepOutcome | undefined> {
  const document = `steps:\n  - { id: first, type: code, language: javascript, code: "return { n: 7, word: 'zwölf' }", input: {} }\n${step}`;
  const loaded = loadWorkflow(document, { file: join(folder, "w.yaml") });
  assert.equal(renderProblems(loaded.problems, loaded.source), "");
  assert.ok(loaded.workflow);
  const result: RunResult = await runWorkflow(loaded.workflow, { sandbox, ...(input === undefined ? {} : { input }) });
  return result.steps.find(({ id }) => id === "a")?.outcome;
}

test("wasm: a program gets its arguments, environment and scratch directories, and its text as it is", async () => {
  const outcome = await run(`  - id: a
    type: wasm
    module: program.wasm
    arguments: [--short, "", "\${{ steps.first.output.n }}", "\${{ steps.first.output }}", "\${{ steps.first.output.word.length + 1 }} letters"]
    environment: { LANG: C.UTF-8, WORD: "\${{ steps.first.output.word }}", EMPTY: "" }
    scratch: [/tmp, work]
    stdout: text
`);
  const given = ["program.wasm", "--short", "", "7", '{"n":7,"word":"zwölf"}', "6 letters", "LANG=C.UTF-8", "WORD=zwölf", "EMPTY=", "/tmp"];
  assert.deepEqual(outcome, { kind: "completed", output: given.join("\0") });
});

test("wasm: a program that is given nothing finds its own name, no environment and no directory", async () => {
  const outcome = await run("  - { id: a, type: wasm, module: program.wasm }");
  assert.ok(outcome?.kind === "failed" && outcome.error.name === "ExitStatus", JSON.stringify(outcome));
  assert.match(outcome.error.message, /5/);
});

test("wasm: what a program can't be started with fails the step, before anything runs", async () => {
  const outcome = await run(`  - id: a
    type: wasm
    module: program.wasm
    arguments: ["\${{ 'a'.repeat(300000) }}"]
`);
  assert.ok(outcome?.kind === "failed" && outcome.error.by === "host" && outcome.error.name === "REQUEST_INVALID", JSON.stringify(outcome));
});
