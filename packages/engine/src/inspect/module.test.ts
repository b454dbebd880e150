import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, test } from "node:test";
import { Sandbox } from "@glovebox/sandbox";
import openWabt from "wabt";
import type { Inspection } from "./inspection.ts";
import { placesOf } from "./marked.fixture.ts";
import { inspectModuleFile } from "./module.ts";

const sandbox = new Sandbox({ cells: 1, warm: "none" });
after(() => sandbox[Symbol.asyncDispose]());

const wabt = await openWabt();
const CONTRACT = '(func (export "_start"))';

function assemble(wat: string): Uint8Array {
  const module = wabt.parseWat("test.wat", wat, { simd: true, tail_call: true });
  try {
    return module.toBinary({}).buffer;
  } finally {
    module.destroy();
  }
}

const look = (bytes: Uint8Array): Promise<Inspection> => inspectModuleFile("a.wasm", bytes, { sandbox, isolationKey: "test" });

async function inspected(wat: string): Promise<Extract<Inspection, { kind: "inspected" }>> {
  const inspection = await look(assemble(wat));
  assert.ok(inspection.kind === "inspected", JSON.stringify(inspection));
  return inspection;
}

test("inspectModuleFile() tells what a module is made of, and finds nothing in a plain one", async () => {
  const { findings, module, imports } = await inspected(
    `(module (memory (export "memory") 1 4) ${CONTRACT} (func (param i32) (result i32) (i32.extend8_s (local.get 0))))`,
  );
  assert.deepEqual([findings, imports], [[], []]);
  assert.deepEqual(module, {
    kind: "wasi",
    memory: { minimum: 1, maximum: 4 },
    functions: 2,
    instructions: 4,
    features: ["sign extension"],
    exports: ["memory", "_start () -> nothing"],
  });
});

test("inspectModuleFile() finds what a module has at its start, each at its byte", async () => {
  const wat = `(module
    (import "env" "steal" (func (param i32)))
    (table 20000 funcref)
    (memory (export "memory") 600)
    ${CONTRACT} (func $go) (start $go))`;
  const bytes = assemble(wat);
  const { findings, imports } = await inspected(wat);
  assert.deepEqual(
    findings.map(({ message }) => message),
    [
      'can\'t be run here: it imports the function "env" "steal", which is not offered',
      "imports what is not offered: env.steal",
      "its tables start large; entries: 20000",
      "its memory starts large; MiB: 37.5",
      "its memory has no maximum of its own: only the step's limit bounds it",
      "has a function that runs before it is entered",
    ],
  );
  assert.equal(imports[0]?.state, "missing");
  // Where the import begins with its name, and where the contents of a section begin behind its number and its size.
  const places = findings.map(({ at }) => ("byte" in at ? at.byte : -1));
  assert.deepEqual(places.slice(0, 2), [0, Buffer.from(bytes).indexOf("\u0003env")]);
  const TABLE = 4;
  const MEMORY = 5;
  const START = 8;
  assert.deepEqual(
    places.slice(2).map((place) => bytes[place - 2]),
    [TABLE, MEMORY, MEMORY, START],
  );
});

test("inspectModuleFile() says that an instruction is refused, and by which rule", async () => {
  // (module (memory (export "memory") 1 1) (func (export "_start") <0xfe 0x03 0x00: atomic.fence>))
  const bytes = Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...[1, 4, 1, 0x60, 0, 0],
    ...[3, 2, 1, 0],
    ...[5, 4, 1, 1, 1, 1],
    ...[7, 19, 2, 6, ...Buffer.from("memory"), 2, 0, 6, ...Buffer.from("_start"), 0, 0],
    ...[10, 7, 1, 5, 0, 0xfe, 3, 0, 0x0b],
  ]);
  const inspection = await look(bytes);
  assert.ok(inspection.kind === "inspected", JSON.stringify(inspection));
  assert.deepEqual(placesOf(inspection.findings), ["module-refused 0x0"]);
  assert.match(inspection.findings[0]?.message ?? "", /threads/);
});

test("inspectModuleFile() tells what a handler would ask of the host, with the addresses among its bytes", async () => {
  const { needs, suggestion } = await inspected(`(module
    (import "glovebox" "http_request" (func (param i32 i32 i32 i32) (result i32)))
    (import "glovebox" "read_secret" (func (param i32 i32) (result i32)))
    (import "glovebox" "get_time" (func (result i64)))
    (memory (export "memory") 1 1)
    (data (i32.const 16) "\\01https://api.example.com/v1/rates\\00")
    (func (export "handle") (result i32) (i32.const 0)))`);
  assert.deepEqual(
    needs.http.map(({ allow }) => allow),
    ["https://api.example.com/v1/*"],
  );
  assert.deepEqual([needs.secrets.length, needs.secrets[0]?.name, needs.time], [1, undefined, true]);
  assert.deepEqual(suggestion, { grants: { http: [{ allow: "https://api.example.com/v1/*" }] } });
});

test("inspectModuleFile() comes to a typed end with what is no module, or a broken one", async () => {
  for (const bytes of [
    new Uint8Array(),
    Buffer.from("MZ"),
    Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 10, 0xff, 0xff, 0xff, 0xff, 0x0f),
  ]) {
    const inspection = await look(bytes);
    assert.equal(inspection.kind, "unparsable", JSON.stringify(inspection));
  }
  const valid = await readFile(new URL("../../../../guests/modules/word_count/word_count.wasm", import.meta.url));
  for (const length of [9, 100, 1_000, valid.length - 1])
    assert.equal((await look(valid.subarray(0, length))).kind, "unparsable", String(length));
  assert.equal((await look(valid)).kind, "inspected");
});
