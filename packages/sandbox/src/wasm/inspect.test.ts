import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import * as nodeWasi from "node:wasi";
import { GloveboxError } from "../error.ts";
import { assemble } from "./assemble.ts";
import { encodeU32, joinBytes } from "./binary.ts";
import { inspectModule } from "./inspect.ts";
import { PREVIEW1 } from "./preview1.ts";

const MEMORY = '(memory (export "memory") 1)';
const ALLOCATE = '(func (export "allocate") (param i32) (result i32) i32.const 8) (func (export "deallocate") (param i32 i32))';
const TEXT = `${MEMORY} ${ALLOCATE} (func (export "process") (param i32) (result i32) local.get 0)`;
const BUFFER = `${MEMORY} ${ALLOCATE} (func (export "process") (param i32 i32 i32) (result i32) local.get 0)`;
const WASI = `${MEMORY} (func (export "_start"))`;

function refusal(bytes: Uint8Array): string {
  let message = "";
  assert.throws(
    () => inspectModule(bytes, "m"),
    (error: unknown) => {
      assert.ok(error instanceof GloveboxError);
      assert.equal(error.code, "MODULE_REFUSED");
      message = error.message;
      return true;
    },
  );
  assert.match(message, /^Cannot load module "m": /);
  return message;
}

for (const [kind, wat] of [
  ["text", TEXT],
  ["buffer", BUFFER],
  ["wasi", WASI],
] as const) {
  test(`inspectModule() recognises a ${kind} module`, () => {
    const facts = inspectModule(assemble(`(module ${wat})`));
    assert.equal(facts.kind, kind);
    assert.deepEqual(facts.memory, { minimum: 1, maximum: undefined });
  });
}

test("inspectModule() takes a module that fits text and wasi as text", () => {
  assert.equal(inspectModule(assemble(`(module ${TEXT} (func (export "_start")))`)).kind, "text");
});

test("inspectModule() takes a WASI command that happens to export a process of another kind", () => {
  assert.equal(inspectModule(assemble(`(module ${WASI} (func (export "process") (param i64)))`)).kind, "wasi");
});

test("inspectModule() takes every function of preview 1 with its type", () => {
  const spell = (letters: string) => Array.from(letters, (letter) => (letter === "i" ? "i32" : "i64")).join(" ");
  const imports = Object.entries(PREVIEW1).map(([name, type]) => {
    const [parameters = "", results = ""] = type.split(">");
    return `(import "wasi_snapshot_preview1" "${name}" (func (param ${spell(parameters)}) (result ${spell(results)})))`;
  });
  assert.equal(inspectModule(assemble(`(module ${imports.join("\n")} ${WASI})`)).kind, "wasi");
});

test("PREVIEW1 has the names that Node's own WASI has", () => {
  const { wasiImport } = new nodeWasi.WASI({ version: "preview1" });
  assert.deepEqual(Object.keys(PREVIEW1), Object.keys(wasiImport as object).sort());
});

test("inspectModule() takes AssemblyScript's abort and an imported memory", () => {
  const bytes = assemble(`(module (import "env" "abort" (func (param i32 i32 i32 i32))) (import "env" "memory" (memory 2 5))
    (export "memory" (memory 0)) (func (export "_start")))`);
  assert.deepEqual(inspectModule(bytes).memory, { minimum: 2, maximum: 5 });
});

test("inspectModule() tells a reactor", () => {
  assert.equal(inspectModule(assemble(`(module ${TEXT} (func (export "_initialize")))`)).initialize, true);
  assert.equal(inspectModule(assemble(`(module ${TEXT})`)).initialize, false);
});

const REFUSED: readonly (readonly [string, string, RegExp])[] = [
  ["of no kind, with what it exports", `${MEMORY} (func (export "execute_task"))`, /neither process .* nor _start .*"execute_task"/],
  ["without exports", MEMORY, /but no function/],
  [
    "like text without deallocate",
    `${MEMORY} (func (export "process") (param i32) (result i32) unreachable) (func (export "allocate") (param i32) (result i32) unreachable)`,
    /like a text module, but deallocate \(i32, i32\) -> nothing is missing/,
  ],
  [
    "like buffer with an allocate of another type",
    `${BUFFER.replace('(export "allocate") (param i32)', '(export "allocate") (param i64)')}`,
    /like a buffer module, but its allocate is \(i64\) -> i32 and not \(i32\) -> i32/,
  ],
  [
    "with a process of two parameters",
    `${MEMORY} ${ALLOCATE} (func (export "process") (param i32 i32))`,
    /its process is \(i32, i32\) -> nothing; a text module's/,
  ],
  ["with a _start that returns", `${MEMORY} (func (export "_start") (result i32) unreachable)`, /its _start is \(\) -> i32/],
  ["that does not export its memory", `(memory 1) (func (export "_start"))`, /does not export its memory/],
  ["without a memory", `(func (export "_start"))`, /no memory/],
  ["with two memories", `${WASI} (memory 1)`, /several memories/],
  ["with an imported and an own memory", `(import "env" "memory" (memory 1)) ${WASI}`, /several memories/],
  ["with a 64-bit memory", `(memory (export "memory") i64 1) (func (export "_start"))`, /64-bit memory/],
  ["with a shared memory", `(memory (export "memory") 1 2 shared) (func (export "_start"))`, /shared memory/],
  [
    "that starts with 65,536 pages",
    `(memory (export "memory") 65536) (func (export "_start"))`,
    /starts with 65536 pages \(at most 4096\)/,
  ],
  [
    "with a memory from elsewhere",
    `(import "host" "memory" (memory 1)) (export "memory" (memory 0)) (func (export "_start"))`,
    /memory "host" "memory"/,
  ],
  [
    "with a function of the host",
    `(import "env" "emscripten_run_script" (func (param i32))) ${WASI}`,
    /function "env" "emscripten_run_script", which is not offered/,
  ],
  [
    "with a function of an unknown namespace",
    `(import "wasi_unstable" "fd_write" (func (param i32 i32 i32 i32) (result i32))) ${WASI}`,
    /"wasi_unstable" "fd_write"/,
  ],
  ["with an import named __proto__", `(import "wasi_snapshot_preview1" "__proto__" (func)) ${WASI}`, /"__proto__", which is not offered/],
  ["with an import named like a method", `(import "wasi_snapshot_preview1" "toString" (func)) ${WASI}`, /"toString", which is not offered/],
  [
    "with an import of another type",
    `(import "wasi_snapshot_preview1" "fd_write" (func (param i32 i64))) ${WASI}`,
    /"fd_write" as \(i32, i64\) -> nothing, but it is \(i32, i32, i32, i32\) -> i32/,
  ],
  ["with an imported table", `(import "env" "table" (table 1 funcref)) ${WASI}`, /the table "env" "table", which is not offered/],
  ["with an imported global", `(import "env" "g" (global i32)) ${WASI}`, /the global "env" "g"/],
  ["with an imported tag", `(import "env" "t" (tag)) ${WASI}`, /the tag "env" "t"/],
  ["with a table of 10^9 entries", `${WASI} (table 1000000000 funcref)`, /1000000000 entries \(at most 100000\)/],
  ["with two tables above the cap together", `${WASI} (table 60000 funcref) (table 60000 externref)`, /120000 entries/],
  ["with an export that is ours", `${WASI} (func (export "glovebox:start"))`, /Glovebox's own/],
  ["with control characters in a name", `(import "env" "a\\1b[31m\\e2\\80\\ae" (func)) ${WASI}`, /"a\\u\{1b\}\[31m\\u\{202e\}"/],
];

for (const [what, wat, message] of REFUSED) {
  test(`inspectModule() refuses a module ${what}`, () => {
    assert.match(refusal(assemble(`(module ${wat})`)), message);
  });
}

const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

test("inspectModule() refuses a start function that takes a value: once it is an export, the compiler would not", () => {
  const bytes = Uint8Array.from([
    ...HEADER,
    1,
    8,
    2,
    0x60,
    0,
    0,
    0x60,
    1,
    0x7f,
    0,
    3,
    3,
    2,
    0,
    1,
    5,
    3,
    1,
    0,
    1,
    7,
    19,
    2,
    6,
    ...Buffer.from("memory"),
    2,
    0,
    6,
    ...Buffer.from("_start"),
    0,
    0,
    8,
    1,
    1,
    10,
    7,
    2,
    2,
    0,
    0x0b,
    2,
    0,
    0x0b,
  ]);
  assert.match(refusal(bytes), /start function takes or returns values/);
});

const MALFORMED: readonly (readonly [string, readonly number[], RegExp])[] = [
  ["no bytes", [], /no WebAssembly module/],
  ["a bad magic", [0x00, 0x61, 0x73, 0x6e, 1, 0, 0, 0], /no WebAssembly module/],
  ["a wrong version", [0x00, 0x61, 0x73, 0x6d, 2, 0, 0, 0], /version other than 1/],
  ["a component", [0x00, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0], /component.*not supported/],
  ["a truncated section", [...HEADER, 1, 200, 1], /reaches past the end/],
  ["a truncated LEB128", [...HEADER, 1, 0x80], /unexpected end/],
  ["a section size over 32 bits", [...HEADER, 1, 0xff, 0xff, 0xff, 0xff, 0x7f], /over 32 bits/],
  ["sections out of order", [...HEADER, 3, 1, 0, 1, 1, 0], /out of order/],
  ["an unknown section", [...HEADER, 77, 0], /unknown section 77/],
  ["bytes behind the last type", [...HEADER, 1, 3, 0, 0, 0], /left over after the types/],
  ["more types than bytes", [...HEADER, 1, 5, 0xff, 0xff, 0xff, 0xff, 0x0f], /do not fit/],
  ["functions without bodies", [...HEADER, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0], /1 functions with 0 bodies/],
  ["a structure type", [...HEADER, 1, 3, 1, 0x5f, 0], /a structure \(garbage collection\)/],
  ["a recursive group", [...HEADER, 1, 3, 1, 0x4e, 0], /a recursive group/],
  ["a parameter of type anyref", [...HEADER, 1, 5, 1, 0x60, 1, 0x6e, 0], /anyref/],
];

for (const [what, bytes, message] of MALFORMED) {
  test(`inspectModule() refuses ${what}`, () => {
    assert.match(refusal(Uint8Array.from(bytes)), message);
  });
}

test("inspectModule() refuses every truncation of a module", () => {
  const whole = assemble(
    `(module (import "wasi_snapshot_preview1" "proc_exit" (func (param i32))) ${WASI} (table 3 funcref) (data (i32.const 0) "abc"))`,
  );
  inspectModule(whole);
  for (let length = 0; length < whole.length; length++) {
    const bytes = whole.subarray(0, length);
    // What ends behind a complete section is a module again, if not this one: then the compiler has no objection either.
    if (!WebAssembly.validate(bytes as Uint8Array<ArrayBuffer>))
      assert.throws(() => inspectModule(bytes), GloveboxError, `${length} bytes`);
  }
});

test("inspectModule() refuses modules of too many parts before it reads them", () => {
  const many = (count: number, entry: readonly number[], id: number) => {
    const contents = joinBytes([encodeU32(count), new Uint8Array(count * entry.length).map((_byte, i) => entry[i % entry.length] ?? 0)]);
    return joinBytes([HEADER, [id], encodeU32(contents.length), contents]);
  };
  assert.match(refusal(many(10_001, [0x60, 0, 0], 1)), /10001 types \(at most 10000\)/);
  assert.match(refusal(many(50_001, [0], 3)), /50001 functions/);
  assert.match(refusal(many(10_001, [0, 0, 0], 7)), /10001 exports/);
  assert.match(refusal(many(1_001, [0, 0, 0, 0], 2)), /1001 imports/);
  assert.match(refusal(many(17, [0x70, 0, 0], 4)), /17 tables/);
  assert.match(refusal(many(10_001, [1, 0], 11)), /10001 data segments/);
  assert.match(refusal(new Uint8Array(16 * 2 ** 20 + 1)), /16777217 bytes/);
});

test("inspectModule() refuses an interpreter's module by what it wants from its host", () => {
  const require = createRequire(import.meta.url);
  assert.match(refusal(readFileSync(require.resolve("quickjs-wasi/quickjs.wasm"))), /the function "env" "host_\w+", which is not offered/);
  assert.match(refusal(readFileSync(require.resolve("pyodide/pyodide.asm.wasm"))), /14579 data segments/);
});
