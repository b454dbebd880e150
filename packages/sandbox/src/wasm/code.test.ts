import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import { assemble } from "./assemble.ts";
import { encodeU32, joinBytes, MalformedModule, readSections, SECTION, writeModule } from "./binary.ts";
import { UnsupportedFeature, walkCode } from "./code.ts";
import { ALLOWED, FORM, FORMS, OPCODE } from "./opcodes.ts";

/** A module with one function of type [] -> [] whose body is `code`. */
function moduleOf(code: readonly number[], locals: readonly number[] = [0]): Uint8Array {
  const header = assemble("(module)");
  const body = [...locals, ...code];
  return writeModule(
    header,
    [],
    new Map([
      [SECTION.type, Uint8Array.of(1, 0x60, 0, 0)],
      [SECTION.function, Uint8Array.of(1, 0)],
      [SECTION.code, joinBytes([[1], encodeU32(body.length), body])],
    ]),
  );
}

interface Seen {
  readonly opcode: number;
  readonly name: string | undefined;
  readonly first: number;
  readonly second: number;
  readonly start: number;
  readonly end: number;
}

function walk(bytes: Uint8Array): Seen[] {
  const seen: Seen[] = [];
  walkCode(bytes, readSections(bytes), {
    instruction: (_body, opcode, first, second, start, end) => seen.push({ opcode, name: ALLOWED.get(opcode), first, second, start, end }),
  });
  return seen;
}

/** What the text format wants behind each name, and what the walker must report. Where wabt lacks an instruction, its bytes. */
function spelling(
  opcode: number,
  name: string,
): { readonly wat: string; readonly first?: number; readonly second?: number } | readonly number[] {
  switch (name) {
    case "block":
    case "loop":
    case "if":
      return { wat: `${name} end`, first: -1 };
    case "try":
      return { wat: "try catch_all end", first: -1 };
    case "else":
      return { wat: "if nop else nop end" };
    case "catch":
      return { wat: "try catch $e end", first: 0 };
    case "catch_all":
      return { wat: "try catch_all end" };
    case "rethrow":
      return { wat: "try catch_all rethrow 0 end", first: 0 };
    case "delegate":
      return { wat: "try delegate 0", first: 0 };
    case "throw":
      return { wat: "throw $e", first: 0 };
    case "end":
      return { wat: "" };
    case "br":
    case "br_if":
      return { wat: `${name} 0`, first: 0 };
    case "br_table":
      return { wat: "block unreachable br_table 0 1 1 end", first: 2, second: 1 };
    case "call":
    case "return_call":
      return { wat: `${name} 2`, first: 2 };
    case "call_indirect":
      return { wat: "call_indirect 1 (type 1)", first: 1, second: 1 };
    case "return_call_indirect":
      return { wat: "return_call_indirect 1 (type 0)", first: 0, second: 1 };
    case "select":
      return opcode === 0x1b ? { wat: "i32.const 1 i32.const 1 i32.const 1 select" } : { wat: "select (result i64)", first: 1 };
    case "local.get":
    case "local.set":
    case "local.tee":
      return { wat: `${name} 300`, first: 300 };
    case "global.get":
    case "global.set":
      return { wat: `${name} 1`, first: 1 };
    case "table.get":
    case "table.set":
    case "table.grow":
    case "table.size":
    case "table.fill":
      return { wat: `${name} 1`, first: 1 };
    case "table.copy":
      return { wat: "table.copy 1 0", first: 1, second: 0 };
    case "table.init":
      return { wat: "table.init 1 0", first: 0, second: 1 };
    case "elem.drop":
    case "data.drop":
      return { wat: `${name} 0`, first: 0 };
    case "memory.init":
      return { wat: "memory.init 0", first: 0, second: 0 };
    case "i32.const":
      return { wat: "i32.const -70000", first: -70000 };
    case "i64.const":
      return { wat: "i64.const -9223372036854775808" };
    case "f32.const":
    case "f64.const":
      return { wat: `${name} 1.5` };
    case "v128.const":
      return { wat: "v128.const i32x4 1 2 3 4" };
    case "i8x16.shuffle":
      return { wat: "i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15" };
    case "ref.null":
      return { wat: "ref.null func" };
    case "ref.func":
      return { wat: "ref.func 1", first: 1 };
    case "call_ref":
    case "return_call_ref":
      return [opcode, 0];
    case "ref.as_non_null":
      return [0xd0, 0x70, opcode];
    case "br_on_null":
      return [0x02, 0x40, 0xd0, 0x70, opcode, 0, 0x1a, 0x0b];
    case "br_on_non_null":
      return [0x02, 0x64, 0x70, 0xd0, 0x70, opcode, 0, 0x00, 0x0b];
    case "throw_ref":
      return [opcode];
    case "try_table":
      return [0x02, 0x40, opcode, 0x40, 1, 2, 0, 0x0b, 0x0b]; // catch_all to label 0
  }
  switch (FORMS[opcode < 0x100 ? opcode : opcode - 0xfb00]) {
    case FORM.address:
      return { wat: `${name} offset=4000000000 align=1`, first: 0, second: 4_000_000_000 };
    case FORM.addressLane:
      return { wat: `${name} offset=70 align=1 1`, first: 0, second: 70 };
    case FORM.lane:
      return { wat: `${name} 1`, first: 1 };
    default:
      return { wat: name };
  }
}

const LOCALS = Array.from({ length: 301 }, () => "i32").join(" ");

for (const [opcode, name] of ALLOWED) {
  test(`walkCode() reads 0x${opcode.toString(16)} as ${name}`, () => {
    const spelled = spelling(opcode, name);
    let bytes: Uint8Array;
    let expected: { first?: number; second?: number } | undefined;
    if ("wat" in spelled) {
      const local = name.startsWith("local.") ? `(local ${LOCALS})` : "";
      bytes = assemble(`(module
        (memory 1) (table 1 funcref) (table 2 funcref) (global i32 (i32.const 0)) (global (mut i32) (i32.const 0)) (tag $e)
        (type (func)) (type (func (result f64))) (elem func 1) (data "abc")
        (func ${local} unreachable ${spelled.wat} unreachable) (func) (func))`);
      expected = spelled;
    } else {
      bytes = moduleOf([0x00, ...spelled, 0x00, 0x0b]);
    }
    assert.ok(WebAssembly.validate(bytes as Uint8Array<ArrayBuffer>), "V8 takes the module too");
    const found = walk(bytes).find((seen) => seen.opcode === opcode);
    assert.ok(found);
    assert.equal(found.first, expected?.first ?? found.first);
    assert.equal(found.second, expected?.second ?? found.second);
  });
}

test("walkCode() reports instructions without gaps, from the locals to the end of each body", () => {
  const bytes = assemble(`(module (func (param i32) (result i32) (local i64 f32)
    (block (br_table 0 0 0 0 (local.get 0))) (loop (br_if 0 (i32.const 0))) (i32.const 128)) (func))`);
  const bodies: number[][] = [];
  let at = 0;
  walkCode(bytes, readSections(bytes), {
    body: (body, start, code, end) => {
      bodies.push([body, start, end]);
      at = code;
    },
    instruction: (body, _opcode, _first, _second, start, end) => {
      assert.equal(start, at);
      assert.equal(body, bodies.length - 1);
      at = end;
      assert.ok(at <= (bodies.at(-1)?.[2] ?? 0));
    },
  });
  assert.equal(bodies.length, 2);
  assert.equal(at, bodies[1]?.[2]);
});

test("walkCode() finds in Pyodide's module four globals that are set, no write to table 0 and no memory.grow", () => {
  const require = createRequire(import.meta.url);
  const bytes = readFileSync(require.resolve("pyodide/pyodide.asm.wasm"));
  const globals = new Set<number>();
  const written = new Set<number>();
  let grows = 0;
  walkCode(bytes, readSections(bytes), {
    instruction: (_body, opcode, first, second) => {
      if (opcode === OPCODE.globalSet) globals.add(first);
      if (opcode === OPCODE.tableSet || opcode === OPCODE.tableGrow || opcode === OPCODE.tableFill || opcode === OPCODE.tableCopy)
        written.add(first);
      if (opcode === OPCODE.tableInit) written.add(second);
      if (opcode === OPCODE.memoryGrow) grows++;
    },
  });
  assert.deepEqual([...globals].sort(), [280, 281, 282, 283]);
  assert.deepEqual([...written].sort(), [1, 2]);
  assert.equal(grows, 0);
});

const REFUSED: readonly (readonly [string, readonly number[], RegExp])[] = [
  ["struct.new", [0xfb, 0x00, 0x00], /instruction struct\.new at byte \d+/],
  ["array.new_default", [0xfb, 0x07, 0x00], /array\.new_default/],
  ["ref.test", [0xfb, 0x14, 0x70], /ref\.test/],
  ["ref.eq", [0xd3], /ref\.eq/],
  ["ref.i31", [0xfb, 0x1c], /ref\.i31/],
  ["an unassigned GC number", [0xfb, 0x70], /0xfb 0x70 \(garbage collection\)/],
  ["atomic.fence", [0xfe, 0x03, 0x00], /0xfe 0x03 \(threads\)/],
  ["i8x16.relaxed_swizzle", [0xfd, 0x80, 0x02], /0xfd 0x100 \(relaxed SIMD\)/],
  ["an unassigned SIMD number", [0xfd, 0x9a, 0x01], /0xfd 0x9a/],
  ["i64.add128", [0xfc, 0x13], /i64\.add128/],
  ["resume", [0xe3, 0x00, 0x00], /resume/],
  ["an unassigned number", [0xff], /0xff/],
  ["memory.grow of a second memory", [0x41, 0x00, 0x40, 0x01, 0x1a], /memory 1/],
  ["a load from a second memory", [0x41, 0x00, 0x28, 0x42, 0x01, 0x00, 0x1a], /several memories/],
  ["a block that yields anyref", [0x02, 0x6e, 0x00, 0x0b, 0x1a], /anyref/],
  ["ref.null i31", [0xd0, 0x6c, 0x1a], /i31ref/],
];

for (const [what, code, message] of REFUSED) {
  test(`walkCode() refuses ${what} by name`, () => {
    assert.throws(
      () => walk(moduleOf([...code, 0x0b])),
      (error: unknown) => error instanceof UnsupportedFeature && message.test(error.message),
    );
  });
}

test("walkCode() refuses locals of a GC type by name", () => {
  assert.throws(() => walk(moduleOf([0x0b], [1, 1, 0x6e])), UnsupportedFeature);
});

const MALFORMED: readonly (readonly [string, readonly number[], (readonly number[])?])[] = [
  ["a body without end", [0x01]],
  ["a body that goes on behind its end", [0x0b, 0x01]],
  ["an open block", [0x02, 0x40, 0x0b]],
  ["a truncated LEB128", [0x41, 0x80]],
  ["an i32.const of six bytes", [0x41, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00, 0x1a, 0x0b]],
  ["an i32.const over 32 bits", [0x41, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x1a, 0x0b]],
  ["an i64.const over 64 bits", [0x42, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01, 0x1a, 0x0b]],
  ["a br_table of 2^32-1 labels", [0x0e, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x0b]],
  ["a negative block type", [0x02, 0xff, 0x7e, 0x0b, 0x0b]],
  ["a handler of unknown kind", [0x1f, 0x40, 0x01, 0x04, 0x00, 0x0b, 0x0b]],
  ["2^32-1 locals", [0x0b], [1, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x7f]],
  ["a local of an unknown type", [0x0b], [1, 1, 0x20]],
];

for (const [what, code, locals] of MALFORMED) {
  test(`walkCode() refuses ${what}`, () => {
    const bytes = moduleOf(code, locals);
    assert.ok(!WebAssembly.validate(bytes as Uint8Array<ArrayBuffer>), "V8 refuses it too");
    assert.throws(() => walk(bytes), MalformedModule);
  });
}

test("walkCode() refuses bytes behind the last body", () => {
  const bytes = writeModule(moduleOf([0x0b]), [], new Map([[SECTION.code, Uint8Array.of(0, 0)]]));
  assert.throws(() => walk(bytes), MalformedModule);
});

test("walkCode() and V8 agree on constants at the edges of 32 bits", () => {
  for (const value of [0, -1, 63, 64, -64, -65, 2 ** 31 - 1, -(2 ** 31), 0x0fffffff, -0x10000000]) {
    assert.equal(walk(assemble(`(module (func (drop (i32.const ${value}))))`)).find((seen) => seen.opcode === 0x41)?.first, value);
  }
});

test("walkCode() and V8 agree on offsets into memory that are written in up to ten bytes", () => {
  const ends = [
    [0xff, 0xff, 0xff, 0xff, 0x0f],
    [0xff, 0xff, 0xff, 0xff, 0x1f],
    [0x82, 0x80, 0x80, 0x80, 0x80, 0x00],
    [0x82, 0x80, 0x80, 0x80, 0x80, 0x01],
    [0xff, 0xff, 0xff, 0xff, 0x8f, 0x80, 0x80, 0x80, 0x80, 0x00],
    [0xff, 0xff, 0xff, 0xff, 0x8f, 0x80, 0x80, 0x80, 0x80, 0x02],
    [0x82, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00],
  ];
  const accepted = (run: () => unknown): boolean => {
    try {
      run();
      return true;
    } catch (error) {
      assert.ok(error instanceof MalformedModule || error instanceof WebAssembly.CompileError);
      return false;
    }
  };
  const results = ends.map((offset) => {
    const module = moduleOf([0x41, 0, 0x28, 2, ...offset, 0x1a, 0x41, 0, 0xfd, 0, 4, ...offset, 0x1a, OPCODE.end]);
    const bytes = writeModule(module, readSections(module), new Map([[SECTION.memory, Uint8Array.of(1, 0, 1)]]));
    return [accepted(() => walk(bytes)), accepted(() => new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>))];
  });
  assert.deepEqual(
    results,
    [true, false, true, false, true, false, false].map((ok) => [ok, ok]),
  );
});
