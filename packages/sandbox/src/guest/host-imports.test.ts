import assert from "node:assert/strict";
import { test } from "node:test";
import type { GuestEnd } from "../cell/attempt.ts";
import { assemble } from "../wasm/assemble.ts";
import { StillAttempt } from "./chamber.fixture.ts";
import { HOST_ERROR } from "./host-imports.ts";
import { moduleChamber } from "./module.ts";

const IMPORTS = `
  (import "glovebox" "log" (func $log (param i32 i32 i32)))
  (import "glovebox" "read_input" (func $read_input (result i32)))
  (import "glovebox" "write_output" (func $write_output (param i32 i32) (result i32)))
  (import "glovebox" "read_secret" (func $read_secret (param i32 i32) (result i32)))
  (import "glovebox" "get_time" (func $get_time (result i64)))
  (import "glovebox" "http_request" (func $http_request (param i32 i32 i32 i32) (result i32)))
  (import "glovebox" "http_read" (func $http_read (result i32)))
  (import "glovebox" "open_file" (func $open_file (param i32 i32) (result i32)))
  (import "glovebox" "take_answer" (func $take_answer (param i32 i32) (result i32)))`;

/** Enters a handler whose `handle` returns what `body` leaves. Its memory is one page, with "hello" at 16. */
function handle(body: string, attempt = new StillAttempt()): { readonly end: GuestEnd; readonly attempt: StillAttempt } {
  const chamber = moduleChamber(
    assemble(
      `(module ${IMPORTS} (memory (export "memory") 1) (data (i32.const 16) "hello") (func (export "handle") (result i32) ${body}))`,
    ),
  );
  assert.ok("enter" in chamber, JSON.stringify(chamber));
  attempt.over = false;
  return { end: chamber.enter({ code: new Uint8Array(), input: new Uint8Array(), filename: "", imports: undefined }, attempt), attempt };
}

function status(body: string, attempt?: StillAttempt): number | undefined {
  const { end } = handle(body, attempt);
  if (end.kind === "completed") return 0;
  assert.equal(end.kind, "failed", JSON.stringify(end));
  const { name, message } = (end as GuestEnd & { kind: "failed" }).error;
  return name === "Refused" ? HOST_ERROR.refused : Number(/^handle returned (-?\d+)$/.exec(message)?.[1]);
}

/** Addresses and lengths of which none lies in one page. */
const OUTSIDE = [
  [-1, 1],
  [0xffffffff, 0xffffffff],
  [0, 65_537],
  [65_536, 1],
  [65_530, 7],
  [1, 0x7fffffff],
  [1, -1],
  [-65_536, 65_536],
  [0x80000000, 0x80000000],
].map(([address = 0, length = 0]) => `(i32.const ${address | 0}) (i32.const ${length | 0})`);

test("HostImports reads and writes nothing outside of memory, and does not call the host with it", () => {
  for (const outside of OUTSIDE) {
    const attempt = new StillAttempt();
    for (const name of ["write_output", "read_secret", "open_file", "take_answer"]) {
      assert.equal(status(`(call $${name} ${outside})`, attempt), HOST_ERROR.invalid, `${name} ${outside}`);
    }
    const within = "(i32.const 16) (i32.const 5)";
    assert.equal(status(`(call $http_request ${outside} ${within})`, attempt), HOST_ERROR.invalid, outside);
    assert.equal(status(`(call $http_request ${within} ${outside})`, attempt), HOST_ERROR.invalid, outside);
    assert.equal(status(`(call $log (i32.const 1) ${outside}) (i32.const 0)`, attempt), 0, outside);
    assert.deepEqual([attempt.calls, attempt.entries], [[], []]);
  }
});

test("HostImports passes on what lies in memory, up to its end", () => {
  const attempt = new StillAttempt();
  status(
    "(drop (call $read_secret (i32.const 16) (i32.const 5))) (drop (call $write_output (i32.const 65531) (i32.const 5))) (i32.const 0)",
    attempt,
  );
  status("(drop (call $http_request (i32.const 16) (i32.const 2) (i32.const 18) (i32.const 3))) (i32.const 0)", attempt);
  status(
    "(call $log (i32.const 2) (i32.const 16) (i32.const 5)) (call $log (i32.const 9) (i32.const 16) (i32.const 5)) (i32.const 0)",
    attempt,
  );
  assert.deepEqual(
    attempt.calls.map(({ hostFunction, argument }) => [hostFunction, Buffer.from(argument).toString("latin1")]),
    [
      ["read_secret", "hello"],
      ["write_output", "\0\0\0\0\0"],
      ["http_request", "\x02\0\0\0hello"],
    ],
  );
  assert.deepEqual(attempt.entries, [{ level: "warning", message: "hello" }]);
});

test("HostImports gives an answer as a whole or in parts, and nothing beyond it", () => {
  const attempt = new StillAttempt();
  attempt.answers.push({ kind: "given", bytes: Buffer.from("abcdef") });
  const sizes = handle(
    `(i32.store8 (i32.const 0) (call $read_input))
     (i32.store8 (i32.const 1) (call $take_answer (i32.const 100) (i32.const 4)))
     (i32.store8 (i32.const 2) (call $take_answer (i32.const 104) (i32.const 60000)))
     (i32.store8 (i32.const 3) (call $take_answer (i32.const 110) (i32.const 4)))
     (drop (call $write_output (i32.const 0) (i32.const 4)))
     (drop (call $write_output (i32.const 100) (i32.const 8)))
     (i32.const 0)`,
    attempt,
  );
  assert.equal(sizes.end.kind, "completed");
  assert.deepEqual(
    attempt.calls.slice(1).map(({ argument }) => [...argument]),
    [
      [6, 4, 2, 0],
      [...Buffer.from("abcdef"), 0, 0],
    ],
  );
});

test("HostImports tells a refusal from what came to nothing, of which the answer says why", () => {
  const attempt = new StillAttempt();
  attempt.answers.push({ kind: "refused" });
  assert.equal(status("(call $read_secret (i32.const 16) (i32.const 5))", attempt), HOST_ERROR.refused);
  attempt.answers.push({ kind: "failed", message: "why" });
  assert.equal(status("(call $http_read)", attempt), HOST_ERROR.failed);
  attempt.answers.push({ kind: "failed", message: "why" });
  assert.equal(status("(drop (call $http_read)) (call $take_answer (i32.const 0) (i32.const 100))", attempt), 3);
  assert.equal(status("(i32.wrap_i64 (call $get_time))", new StillAttempt()), HOST_ERROR.refused);
});

test("HostImports opens granted files, by exact names", () => {
  const attempt = new StillAttempt();
  attempt.files.set("hello", Buffer.from("the content"));
  assert.equal(status("(call $open_file (i32.const 16) (i32.const 5))", attempt), 11);
  assert.equal(status("(call $open_file (i32.const 16) (i32.const 4))", attempt), HOST_ERROR.failed);
  assert.equal(
    status("(i32.store8 (i32.const 16) (i32.const 255)) (call $open_file (i32.const 16) (i32.const 5))", attempt),
    HOST_ERROR.invalid,
  );
});

test("HostImports copies no call that is larger than one may be", () => {
  const attempt = new StillAttempt();
  const grown = "(drop (memory.grow (i32.const 40)))";
  status(`${grown} (call $http_request (i32.const 0) (i32.const 100) (i32.const 0) (i32.const 2000000))`, attempt);
  assert.deepEqual([attempt.tooLarge, attempt.calls], [[["http_request", 2_000_104]], []]);
});

test("moduleChamber() refuses imports from glovebox that do not exist, or are of another type", () => {
  for (const [name, type] of [
    ["environ", "(result i32)"],
    ["memory", "(result i32)"],
    ["__proto__", "(result i32)"],
    ["get_time", "(result i32)"],
    ["log", "(param i32)"],
  ] as const) {
    const module = `(module (import "glovebox" "${name}" (func ${type})) (memory (export "memory") 1) (func (export "handle") (result i32) (i32.const 0)))`;
    const made = moduleChamber(assemble(module));
    assert.ok("error" in made && made.error.name === "ModuleRefused", name);
  }
  const noResult = moduleChamber(assemble('(module (memory (export "memory") 1) (func (export "handle")))'));
  assert.match("error" in noResult ? noResult.error.message : "", /its handle is .* and not/);
});
