import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import type { Chamber, GuestEnd } from "../cell/attempt.ts";
import type { Limits } from "../limits.ts";
import { assemble } from "../wasm/assemble.ts";
import { PAGE_BYTES } from "../wasm/binary.ts";
import { StillAttempt } from "./chamber.fixture.ts";
import { moduleChamber } from "./module.ts";

const MODULES = new URL("../../../../guests/modules/", import.meta.url);

function chamberOf(bytes: Uint8Array): Chamber {
  const chamber = moduleChamber(bytes, "guest");
  assert.ok("enter" in chamber, JSON.stringify(chamber));
  return chamber;
}

function guest(path: string): Chamber {
  const file = new URL(path, MODULES);
  return chamberOf(path.endsWith(".wat") ? assemble(readFileSync(file, "utf8")) : readFileSync(file));
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

interface Entered {
  /** With the output as text. */
  readonly end: Exclude<GuestEnd, { kind: "completed" }> | { readonly kind: "completed"; readonly form: string; readonly output: string };
  readonly attempt: StillAttempt;
}

function enter(chamber: Chamber, input: string | Uint8Array = "hello", limits: Partial<Limits> = {}): Entered {
  const attempt = new StillAttempt({ memoryBytes: 4 * 2 ** 20, outputBytes: 10_000, ...limits });
  const bytes = typeof input === "string" ? new TextEncoder().encode(input) : input;
  const end = chamber.enter({ code: new Uint8Array(), input: bytes, filename: "", imports: undefined }, attempt);
  return { end: end.kind === "completed" ? { ...end, output: decoder.decode(end.output) } : end, attempt };
}

function completed(form: "text" | "json", output: string) {
  return { kind: "completed", form, output };
}

/** How each friendly guest ends that is given `hello`. */
const FRIENDLY: Readonly<Record<string, unknown>> = {
  "hello_world/hello_world.wasm": completed("text", "hello-wasm"),
  "hello_world/hello_world_buffer.wasm": completed("text", "hello-wasm"),
  "shout/shout.wasm": completed("text", "HELLO!"),
  "friendly/echo_text.wat": completed("text", "hello"),
  "friendly/echo_buffer.wat": completed("text", "hello"),
  "friendly/copy_command.wat": completed("json", "hello"),
  "friendly/exit_zero.wat": completed("json", "42"),
  "friendly/modest_memory.wat": { kind: "exhausted", limit: "memory", used: 16 * 2 ** 20, max: 4 * 2 ** 20 },
  "friendly/reactor.wat": completed("text", "start, initialize"),
  "friendly/survivor.wat": completed("text", "hello"),
  "friendly/exit_status.wat": { kind: "failed", error: { name: "ExitStatus", message: "exited with status 3", traceback: "" } },
};

for (const [path, expected] of Object.entries(FRIENDLY)) {
  test(`enter() of ${path}`, () => {
    const chamber = guest(path);
    assert.deepEqual(enter(chamber).end, expected);
    assert.deepEqual(enter(chamber).end, expected, "and once more");
  });
}

test("enter() of word_count: JSON on standard input, JSON on standard output, and its complaints in the log", () => {
  const chamber = guest("word_count/word_count.wasm");
  const { end } = enter(chamber, JSON.stringify('One little\nté \\ "quoted" word\n'));
  assert.deepEqual(end, completed("json", '{"characters":30,"words":6,"lines":3}\n'));
  const failing = enter(chamber, "{}");
  assert.deepEqual(failing.end, { kind: "failed", error: { name: "ExitStatus", message: "exited with status 1", traceback: "" } });
  assert.deepEqual(failing.attempt.entries.map((entry) => entry.message).join(""), "word_count: the input is not a JSON string");
});

test("enter() takes an empty input for every kind", () => {
  for (const [path, output] of [
    ["hello_world/hello_world.wasm", "-wasm"],
    ["hello_world/hello_world_buffer.wasm", "-wasm"],
    ["shout/shout.wasm", "!"],
    ["friendly/echo_text.wat", ""],
    ["friendly/echo_buffer.wat", ""],
    ["friendly/copy_command.wat", "null"],
  ] as const) {
    const { end } = enter(guest(path), "");
    assert.ok(end.kind === "completed" && end.output === output, path);
  }
});

test("enter() passes texts of every size and kind through unchanged", () => {
  const texts = ["ü", "\u{1F9E4}".repeat(1000), "a".repeat(2 ** 20), "\ufeff\r\n\t"];
  for (const path of ["friendly/echo_text.wat", "friendly/echo_buffer.wat", "friendly/copy_command.wat"]) {
    const chamber = guest(path);
    for (const text of texts) {
      const { end } = enter(chamber, text, { outputBytes: 2 ** 20 });
      assert.ok(end.kind === "completed" && end.output === text, path);
    }
  }
});

test("enter() keeps a NUL of a buffer module's input, and refuses it for a text module, which would not see what follows", () => {
  const { end } = enter(guest("friendly/echo_buffer.wat"), "a\0b");
  assert.ok(end.kind === "completed" && end.output === "a\0b");
  const refused = enter(guest("friendly/echo_text.wat"), "a\0b").end;
  assert.ok(refused.kind === "failed" && refused.error.name === "InvalidInput");
});

const failed = (name: string, message: RegExp) => ({ kind: "failed", name, message }) as const;
const trapped = (trap: string) => ({ kind: "trapped", trap }) as const;
const exhausted = (limit: string, used: number, max: number) => ({ kind: "exhausted", limit, used, max }) as const;

/** How each hostile guest ends that ends by itself. The others are in module.hostile.test.ts. */
const HOSTILE: Readonly<Record<string, ReturnType<typeof failed> | ReturnType<typeof trapped> | ReturnType<typeof exhausted>>> = {
  allocate_at_the_last_address: failed("AllocationFailed", /allocate\(6\) returned 4294967295/),
  allocate_behind_memory: failed("AllocationFailed", /returned 65536/),
  allocate_null: failed("AllocationFailed", /returned 0/),
  caught_exit: failed("ExitStatus", /status 7/),
  deep_recursion: exhausted("stack", 0, 0),
  deep_recursion_into_the_host: exhausted("stack", 0, 0),
  division_by_zero: trapped("division_by_zero"),
  integer_overflow: trapped("integer_overflow"),
  length_behind_memory: failed("InvalidOutput", /returned 65000 with a length of 1000, which is not in memory/),
  length_of_4_gib: exhausted("output", 2 ** 32 - 1, 10_000),
  length_that_overflows: exhausted("output", 0xfffffff0, 10_000),
  memory_hog: exhausted("memory", 4 * 2 ** 20 + PAGE_BYTES, 4 * 2 ** 20),
  memory_hog_that_gives_up: exhausted("memory", 65_535 * PAGE_BYTES, 4 * 2 ** 20),
  null_call: trapped("indirect_call"),
  null_result: failed("InvalidOutput", /null pointer/),
  null_with_a_length: failed("InvalidOutput", /returned 0 with a length of 5/),
  out_of_bounds: trapped("out_of_bounds"),
  output_flood: exhausted("output", 10_001, 10_000),
  result_at_the_last_address: failed("InvalidOutput", /returned 4294967295/),
  result_behind_memory: failed("InvalidOutput", /returned 65536/),
  result_not_utf8: failed("InvalidOutput", /not UTF-8/),
  result_without_end: failed("InvalidOutput", /no NUL ends the text/),
  segment_out_of_bounds: trapped("out_of_bounds"),
  stdout_flood: exhausted("output", 10 * 1024, 10_000),
  table_hog: exhausted("table", 10_001, 100_000),
  trap_in_deallocate: trapped("unreachable"),
  trap_in_start: trapped("unreachable"),
  uncaught_exception: trapped("uncaught_exception"),
  unreachable: trapped("unreachable"),
};

/** Those that need another thread to end them, or that do no harm: tested with the sandbox, or below. */
const ELSEWHERE = [
  "bad_pointers_to_the_host",
  "cpu_bomber",
  "endless_loop",
  "endless_loop_in_deallocate",
  "endless_loop_in_start",
  "filesystem_probe",
  "log_flood",
  "memory_bomber",
  "traces",
];

test("every hostile module has its end in a test", () => {
  const names = readdirSync(new URL("hostile/", MODULES)).map((file) => file.replace(".wat", ""));
  assert.deepEqual(names.sort(), [...Object.keys(HOSTILE), ...ELSEWHERE].sort());
});

for (const [name, expected] of Object.entries(HOSTILE)) {
  test(`enter() of hostile/${name}.wat ends with ${expected.kind}, and the guest after it is as good as new`, () => {
    const chamber = guest(`hostile/${name}.wat`);
    for (let round = 0; round < 3; round++) {
      const { end, attempt } = enter(chamber, "hello", name === "result_without_end" ? { outputBytes: 2 ** 20 } : {});
      const said = JSON.stringify(end);
      assert.ok(attempt.over);
      if (expected.kind === "failed") {
        assert.ok(end.kind === "failed" && end.error.name === expected.name, said);
        assert.match(end.error.message, expected.message);
      } else if (expected.kind === "trapped") {
        assert.ok(end.kind === "trapped" && end.trap === expected.trap, said);
      } else {
        assert.ok(end.kind === "exhausted");
        const { kind, limit, used, max } = end;
        assert.deepEqual({ kind, limit, used, max }, expected);
      }
      assert.equal(chamber.spent, false);
      chamber.prepare(4 * 2 ** 20);
    }
  });
}

test("enter() of hostile/deep_recursion_into_the_host.wat: no import begins that the stack does not let come to its end", () => {
  const calls = { begun: 0, ended: 0 };
  const nested = (depth: number): number => (depth === 0 ? 0 : nested(depth - 1) + 1);
  class Deep extends StillAttempt {
    override fillRandom(): void {
      calls.begun++;
      nested(20);
      calls.ended++;
    }
  }
  const wat = readFileSync(new URL("hostile/deep_recursion_into_the_host.wat", MODULES), "utf8");
  for (let locals = 0; locals < 10; locals++) {
    const chamber = chamberOf(assemble(wat.replace("(func $deeper", `(func $deeper (local ${"i64 ".repeat(locals)})`)));
    const end = chamber.enter({ code: new Uint8Array(), input: new Uint8Array(), filename: "", imports: undefined }, new Deep());
    assert.deepEqual(end, { kind: "exhausted", limit: "stack", used: 0, max: 0 });
  }
  assert.ok(calls.begun > 1000);
  assert.equal(calls.ended, calls.begun);
});

test("enter() of hostile/bad_pointers_to_the_host.wat: every one of them is answered by an error number, and nothing is logged", () => {
  const { end, attempt } = enter(guest("hostile/bad_pointers_to_the_host.wat"));
  assert.deepEqual(end, completed("json", "null"));
  assert.deepEqual(attempt.entries, []);
});

test("enter() of hostile/filesystem_probe.wat: no descriptor lets it open anything", () => {
  assert.deepEqual(enter(guest("hostile/filesystem_probe.wat")).end, completed("json", "null"));
});

test("enter() of hostile/memory_bomber.wat: 1,000 pages to start with are not counted, 1,000 more are refused and counted", () => {
  const { end, attempt } = enter(guest("hostile/memory_bomber.wat"), "", { memoryBytes: 1000 * PAGE_BYTES - 1 });
  assert.deepEqual(end, completed("json", "null"));
  assert.deepEqual(attempt.memory, { peakBytes: 1000 * PAGE_BYTES, growthsDenied: 1 });
  const enough = enter(guest("hostile/memory_bomber.wat"), "", { memoryBytes: 1000 * PAGE_BYTES });
  assert.deepEqual(enough.attempt.memory, { peakBytes: 2000 * PAGE_BYTES, growthsDenied: 0 });
});

test("enter() of hostile/traces.wat: no guest finds anything of another one in its memory, globals and tables", () => {
  const chamber = guest("hostile/traces.wat");
  for (const memoryBytes of [2 ** 20, 2 ** 20, 2 ** 21, 2 ** 20, 0]) {
    assert.deepEqual(enter(chamber, "hello", { memoryBytes }).end, completed("text", "clean"));
    chamber.prepare(memoryBytes);
    chamber.prepare(2 ** 22);
  }
});

test("enter() counts a refused growth that the guest survived, and how much it had at most", () => {
  const chamber = guest("friendly/survivor.wat");
  assert.deepEqual(enter(chamber).attempt.memory, { peakBytes: PAGE_BYTES, growthsDenied: 1 });
  assert.deepEqual(enter(guest("friendly/modest_memory.wat"), "", { memoryBytes: 2 ** 24 }).attempt.memory, {
    peakBytes: 257 * PAGE_BYTES,
    growthsDenied: 0,
  });
});

test("enter() goes by each attempt's own limit on memory, whatever was prepared", () => {
  const chamber = guest("friendly/modest_memory.wat");
  for (const [memoryBytes, kind] of [
    [2 ** 24, "completed"],
    [2 ** 24 - 1, "exhausted"],
    [2 ** 24, "completed"],
    [2 ** 25, "completed"],
    [0, "exhausted"],
  ] as const) {
    assert.equal(enter(chamber, "hello", { memoryBytes }).end.kind, kind);
    chamber.prepare(2 ** 20);
  }
});

test("enter() ends a module that AssemblyScript's abort ended, with its message", () => {
  const text = (words: string) => Array.from(words, (letter) => `${letter}\\00`).join("");
  const wat = `(module (import "env" "abort" (func $abort (param i32 i32 i32 i32))) (memory (export "memory") 1)
    (data (i32.const 60) "\\0a\\00\\00\\00${text("no, no")}") (data (i32.const 124) "\\08\\00\\00\\00${text("a.ts")}")
    (data (i32.const 60) "\\0c")
    (func (export "_start") (call $abort (i32.const 64) (i32.const 128) (i32.const 3) (i32.const 9))))`;
  assert.deepEqual(enter(chamberOf(assemble(wat))).end, { kind: "trapped", trap: "aborted", detail: "no, no in a.ts:3:9" });
  for (const address of [0, 2, -1]) {
    const elsewhere = wat.replaceAll(/i32.const (64|128)\)/g, `i32.const ${address})`);
    assert.deepEqual(enter(chamberOf(assemble(elsewhere))).end, { kind: "trapped", trap: "aborted", detail: "abort" });
  }
});

test("enter() gives a text module standard output as its log, and an end of its own if it exits", () => {
  const wat = `(module (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32))) (memory (export "memory") 1)
    (data (i32.const 0) "\\10\\00\\00\\00\\03\\00\\00\\00") (data (i32.const 16) "hey")
    (func (export "allocate") (param i32) (result i32) (i32.const 64)) (func (export "deallocate") (param i32 i32))
    (func (export "process") (param i32) (result i32)
      (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))) (call $exit (i32.const 0)) (i32.const 16)))`;
  const { end, attempt } = enter(chamberOf(assemble(wat)));
  assert.deepEqual(end, { kind: "failed", error: { name: "ExitStatus", message: "exited with status 0", traceback: "" } });
  assert.deepEqual(attempt.entries, [{ level: "info", message: "hey" }]);
});

test("enter() takes a module whose memory is imported", () => {
  const wat = `(module (import "env" "memory" (memory 1 2)) (export "memory" (memory 0))
    (func (export "allocate") (param i32) (result i32) (i32.const 64)) (func (export "deallocate") (param i32 i32))
    (func (export "process") (param i32) (result i32) (drop (memory.grow (i32.const 1))) (drop (memory.grow (i32.const 1))) (local.get 0)))`;
  const { end, attempt } = enter(chamberOf(assemble(wat)));
  assert.deepEqual(end, completed("text", "hello"));
  assert.deepEqual(attempt.memory, { peakBytes: 2 * PAGE_BYTES, growthsDenied: 1 }, "the module's own maximum holds too");
});

test("moduleChamber() refuses what only the compiler or the walker sees", () => {
  const command = (body: string) => assemble(`(module (memory (export "memory") 1 1) (func (export "_start") ${body}))`);
  for (const [what, bytes, message] of [
    ["a type error", command("i32.add"), /Cannot load module "m": .*not enough arguments/],
    ["threads", command("(drop (i32.atomic.load (i32.const 0)))"), /0xfe 0x10 \(threads\)/],
    ["a global that the rewriting would add", command("(memory.grow (i32.const 0)) drop (global.set 0 (i32.const 1))"), /global/i],
    ["a function that the rewriting would add", command("(drop (memory.grow (i32.const 0))) (call 1)"), /function index/],
    ["a file of another kind", new TextEncoder().encode("#!/bin/sh\n"), /no WebAssembly module/],
  ] as const) {
    const end = moduleChamber(bytes, "m");
    assert.ok("kind" in end && end.kind === "failed" && end.error.name === "ModuleRefused", what);
    assert.match(end.error.message, message);
  }
});
