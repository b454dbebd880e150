import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeName, encodeU32, encodeVector, joinBytes, SECTION } from "../../packages/sandbox/src/wasm/binary.ts";
import { meterModule } from "../../packages/sandbox/src/wasm/meter.ts";
import { FUEL_MAX, filled, readMeter } from "../../packages/sandbox/src/wasm/meter-layout.ts";
import { ALLOWED, FORM, FORMS, slot } from "../../packages/sandbox/src/wasm/opcodes.ts";
import { outlineModule } from "../../packages/sandbox/src/wasm/outline.ts";
import { OWN_EXPORTS } from "../../packages/sandbox/src/wasm/rewrite.ts";
import { callExport } from "./call.ts";
import type { Value } from "./script.ts";

type Type = "i32" | "i64" | "f32" | "f64" | "v128";
const CODES: Readonly<Record<Type, number>> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b };

interface Signature {
  readonly parameters: readonly Type[];
  readonly results: readonly Type[];
}

const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
/** A loop that is not gone round again: no function with one is left unmetered. */
const NOT_FREE = [0x03, 0x40, 0x0b];
const [TESTED, SPINS, THROWS] = [0, 1, 2];
/** Types besides the tested function's. */
const [INT_TO_INT, INT_TO_NONE, NONE_TO_INT_EXN] = [1, 2, 3];

/** A module with the tested function and whatever an instruction may name. */
function moduleOf({ parameters, results }: Signature, code: readonly number[], exnref: boolean): Uint8Array<ArrayBuffer> {
  const section = (id: number, contents: Uint8Array) => joinBytes([[id, ...encodeU32(contents.length)], contents]);
  const codes = (types: readonly Type[]) => [types.length, ...types.map((type) => CODES[type])];
  const body = (bytes: readonly number[]) => [...encodeU32(bytes.length), ...bytes];
  return Uint8Array.from(
    joinBytes([
      HEADER,
      section(
        SECTION.type,
        encodeVector([
          [0x60, ...codes(parameters), ...codes(results)],
          [0x60, 1, 0x7f, 1, 0x7f],
          [0x60, 1, 0x7f, 0],
          ...(exnref ? [[0x60, 0, 2, 0x7f, 0x69]] : []),
        ]),
      ),
      section(SECTION.function, encodeVector([[0], [INT_TO_INT], [INT_TO_INT]])),
      section(
        SECTION.table,
        encodeVector([
          [0x70, 1, 4, 8],
          [0x70, 1, 4, 8],
        ]),
      ),
      section(SECTION.memory, encodeVector([[1, 1, 2]])),
      section(SECTION.tag, encodeVector([[0, INT_TO_NONE]])),
      section(SECTION.global, encodeVector([[0x7f, 1, 0x41, 11, 0x0b]])),
      section(
        SECTION.export,
        encodeVector([
          [...encodeName("f"), 0, TESTED],
          [...encodeName("memory"), 2, 0],
        ]),
      ),
      section(
        SECTION.element,
        encodeVector([
          [0, 0x41, 0, 0x0b, 1, SPINS],
          [1, 0, 2, SPINS, THROWS],
        ]),
      ),
      section(SECTION.dataCount, Uint8Array.from([2])),
      section(
        SECTION.code,
        encodeVector([
          body([0, ...NOT_FREE, ...code, 0x0b]),
          body([0, ...NOT_FREE, 0x20, 0, 0x41, 1, 0x6a, 0x0b]),
          body([0, ...NOT_FREE, 0x20, 0, 0x08, 0, 0x0b]),
        ]),
      ),
      section(
        SECTION.data,
        encodeVector([[0, 0x41, 0, 0x0b, 16, ...Array.from({ length: 16 }, (_, i) => i * 37)].map((n) => n & 255), [1, 4, 9, 8, 7, 6]]),
      ),
    ]),
  );
}

const opcodeBytes = (opcode: number) => (opcode < 0x100 ? [opcode] : [opcode >> 8, ...encodeU32(opcode & 255)]);

/** The immediates of an instruction that needs nothing but operands. */
function immediates(opcode: number): readonly number[] | undefined {
  switch (FORMS[slot(opcode)]) {
    case FORM.none:
      return [];
    case FORM.address:
      return [0, 3];
    case FORM.addressLane:
      return [0, 3, 1];
    case FORM.lane:
      return [1];
    case FORM.i32:
    case FORM.i64:
      return [0x7b];
    case FORM.f32:
      return [0, 0, 0xc0, 0x7f];
    case FORM.f64:
      return [1, 0, 0, 0, 0, 0, 0xf8, 0x7f];
    case FORM.v128:
      return [0, 17, 1, 18, 2, 19, 3, 20, 31, 30, 29, 28, 27, 26, 25, 24];
    default:
      return undefined;
  }
}

const TYPES = Object.keys(CODES) as Type[];

/** What an instruction takes and gives: whatever the compiler accepts. */
function findSignature(name: string, code: readonly number[]): Signature | undefined {
  const mentioned = TYPES.filter((type) => name.includes(type) || (type === "v128" && /\dx\d/.test(name)));
  for (const type of ["i32", "i64", "f32", "f64"] as const)
    if (name.startsWith(type) && /x\d/.test(name) && !mentioned.includes(type)) mentioned.push(type);
  if (/^i(8|16)x/.test(name)) mentioned.push("i32");
  const types = [...new Set<Type>([...mentioned, "i32"])];
  const lists: Type[][] = [[]];
  for (let length = 1; length <= 3; length++) {
    const shorter = lists.filter((list) => list.length === length - 1);
    lists.push(...shorter.flatMap((list) => types.map((type) => [...list, type])));
  }
  lists.sort((a, b) => new Set(a).size - new Set(b).size); // most have operands of one type
  const results: Type[][] = [[], ...types.map((type) => [type])];
  for (const parameters of lists) {
    for (const result of results) {
      const signature = { parameters, results: result };
      const gets = parameters.flatMap((_, i) => [0x20, i]);
      if (WebAssembly.validate(moduleOf(signature, [...gets, ...code], false))) return signature;
    }
  }
  return undefined;
}

const VALUES: Readonly<Record<Type, readonly string[]>> = {
  i32: ["0", "1", "7", "2147483648", "4294967295", "123456789"],
  i64: ["0", "1", "63", "9223372036854775808", "18446744073709551615", "1234567890123456789"],
  f32: ["0", "2147483648", "1069547520", "3217031168", "2139095040", "2143289345"],
  f64: ["0", "9223372036854775808", "4609434218613702656", "13832806255468478464", "9218868437227405312", "9221120237041090561"],
  v128: [],
};
const VECTORS: readonly Value[] = [
  { type: "v128", lane_type: "i64", value: ["0", "18446744073709551615"] },
  { type: "v128", lane_type: "i32", value: ["1069547520", "3217031168", "2139095040", "2143289344"] },
  { type: "v128", lane_type: "i16", value: ["1", "2", "32768", "65535", "100", "200", "7", "0"] },
  { type: "v128", lane_type: "f64", value: ["4609434218613702656", "13832806255468478464"] },
];

function valuesFor({ parameters }: Signature): Value[][] {
  const choices = parameters.map((type): readonly Value[] => (type === "v128" ? VECTORS : VALUES[type].map((value) => ({ type, value }))));
  const count = Math.max(1, ...choices.map((list) => list.length));
  const pick = (list: readonly Value[], i: number) => list[i % list.length] as Value;
  // All on the diagonal, and shifted against each other.
  return Array.from({ length: count * 3 }, (_, i) => choices.map((list, at) => pick(list, i + at * Math.floor(i / count))));
}

/** Bodies for instructions that are no plain operators; the parameter is 0, 1, 2, 3 or 4294967295. */
const SPECIAL: Readonly<Record<string, readonly number[]>> = {
  unreachable: [0x20, 0, 0x04, 0x40, 0x00, 0x0b, 0x41, 1],
  nop: [0x01, 0x20, 0],
  block: [0x02, 0x7f, 0x20, 0, 0x0b],
  loop: [0x03, 0x40, 0x20, 0, 0x41, 3, 0x71, 0x41, 1, 0x6b, 0x22, 0, 0x41, 0, 0x4a, 0x0d, 0, 0x0b, 0x20, 0],
  if: [0x20, 0, 0x04, 0x40, 0x41, 5, 0x21, 0, 0x0b, 0x20, 0],
  else: [0x20, 0, 0x04, 0x7f, 0x41, 5, 0x05, 0x41, 6, 0x0b],
  end: [0x02, 0x40, 0x0b, 0x20, 0],
  br: [0x02, 0x7f, 0x20, 0, 0x0c, 0, 0x0b],
  br_if: [0x02, 0x40, 0x20, 0, 0x0d, 0, 0x41, 9, 0x0f, 0x0b, 0x41, 8],
  br_table: [0x02, 0x40, 0x02, 0x40, 0x02, 0x40, 0x20, 0, 0x0e, 2, 0, 1, 2, 0x0b, 0x41, 1, 0x0f, 0x0b, 0x41, 2, 0x0f, 0x0b, 0x41, 3],
  return: [0x20, 0, 0x0f],
  call: [0x20, 0, 0x10, SPINS],
  call_indirect: [0x20, 0, 0x20, 0, 0x11, INT_TO_INT, 0],
  return_call: [0x20, 0, 0x12, SPINS],
  return_call_indirect: [0x20, 0, 0x20, 0, 0x13, INT_TO_INT, 0],
  call_ref: [0x20, 0, 0xd2, SPINS, 0x14, INT_TO_INT],
  return_call_ref: [0x20, 0, 0xd2, SPINS, 0x15, INT_TO_INT],
  try: [0x06, 0x7f, 0x20, 0, 0x10, THROWS, 0x07, 0, 0x0b],
  catch: [0x06, 0x7f, 0x20, 0, 0x10, THROWS, 0x07, 0, 0x41, 1, 0x6a, 0x0b],
  catch_all: [0x06, 0x7f, 0x20, 0, 0x10, THROWS, 0x19, 0x20, 0, 0x0b],
  throw: [0x06, 0x40, 0x20, 0, 0x08, 0, 0x07, 0, 0x0f, 0x0b, 0x00],
  rethrow: [0x06, 0x7f, 0x06, 0x7f, 0x20, 0, 0x10, THROWS, 0x19, 0x09, 0, 0x0b, 0x07, 0, 0x0b],
  delegate: [0x06, 0x7f, 0x06, 0x7f, 0x20, 0, 0x10, THROWS, 0x18, 0, 0x07, 0, 0x0b],
  try_table: [0x02, 0x7f, 0x1f, 0x40, 1, 0, 0, 0, 0x20, 0, 0x10, THROWS, 0x1a, 0x0b, 0x41, 1, 0x0b],
  throw_ref: [
    ...[0x02, 0x7f, 0x1f, 0x40, 1, 0, 0, 0, 0x02, NONE_TO_INT_EXN, 0x1f, 0x40, 1, 1, 0, 0],
    ...[0x20, 0, 0x10, THROWS, 0x1a, 0x0b, 0x00, 0x0b, 0x0a, 0x0b, 0x41, 1, 0x0b],
  ],
  drop: [0x41, 4, 0x20, 0, 0x1a],
  select: [0x41, 4, 0x41, 5, 0x20, 0, 0x1b],
  "select (typed)": [0x41, 4, 0x41, 5, 0x20, 0, 0x1c, 1, 0x7f],
  "local.get": [0x20, 0],
  "local.set": [0x41, 3, 0x21, 0, 0x20, 0],
  "local.tee": [0x41, 3, 0x22, 0],
  "global.get": [0x23, 0],
  "global.set": [0x20, 0, 0x24, 0, 0x23, 0],
  "table.get": [0x20, 0, 0x25, 0, 0xd1],
  "table.set": [0x20, 0, 0xd2, SPINS, 0x26, 0, 0x20, 0, 0x25, 0, 0xd1],
  "table.size": [0xfc, 16, 0],
  "table.grow": [0xd0, 0x70, 0x20, 0, 0xfc, 15, 0, 0xfc, 16, 0, 0x41, 10, 0x6c, 0x6a],
  "table.fill": [0x20, 0, 0xd2, SPINS, 0x41, 2, 0xfc, 17, 1, 0x41, 3, 0x25, 1, 0xd1],
  "table.copy": [0x20, 0, 0x41, 0, 0x41, 2, 0xfc, 14, 1, 0, 0x20, 0, 0x25, 1, 0xd1],
  "table.init": [0x20, 0, 0x41, 0, 0x41, 2, 0xfc, 12, 1, 0, 0x41, 2, 0x25, 0, 0xd1],
  "elem.drop": [0xfc, 13, 1, 0x41, 0, 0x41, 0, 0x20, 0, 0xfc, 12, 1, 0, 0x20, 0],
  "memory.size": [0x3f, 0],
  "memory.grow": [0x20, 0, 0x40, 0, 0x3f, 0, 0x41, 10, 0x6c, 0x6a],
  "memory.init": [0x20, 0, 0x41, 0, 0x41, 4, 0xfc, 8, 1, 0, 0x41, 0, 0x28, 0, 0],
  "data.drop": [0xfc, 9, 1, 0x41, 0, 0x41, 0, 0x20, 0, 0xfc, 8, 1, 0, 0x20, 0],
  "memory.copy": [0x20, 0, 0x41, 3, 0x41, 9, 0xfc, 10, 0, 0, 0x41, 0, 0x28, 0, 0],
  "memory.fill": [0x20, 0, 0x41, 3, 0x41, 9, 0xfc, 11, 0, 0x41, 0, 0x28, 0, 0],
  "ref.null": [0xd0, 0x70, 0xd1],
  "ref.is_null": [0x20, 0, 0x25, 0, 0xd1],
  "ref.func": [0xd2, SPINS, 0xd1],
  "ref.as_non_null": [0x20, 0, 0x25, 0, 0xd4, 0xd1],
  br_on_null: [0x02, 0x40, 0x20, 0, 0x25, 0, 0xd5, 0, 0x1a, 0x41, 7, 0x0f, 0x0b, 0x41, 8],
  br_on_non_null: [0x02, 0x64, 0x70, 0x20, 0, 0x25, 0, 0xd6, 0, 0x41, 7, 0x0f, 0x0b, 0x1a, 0x41, 8],
};
const SPECIAL_SIGNATURE: Signature = { parameters: ["i32"], results: ["i32"] };
const SPECIAL_VALUES = ["0", "1", "2", "3", "4294967295"].map((value): Value[] => [{ type: "i32", value }]);

/** What each call in turn gives, on one instance, and what memory has in the end. */
function runAll(
  bytes: Uint8Array<ArrayBuffer>,
  metered: boolean,
  values: readonly (readonly Value[])[],
): { given: string[]; fuel: number } {
  const compiled = metered ? Uint8Array.from(meterModule(bytes)) : bytes;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(compiled));
  const outline = outlineModule(bytes);
  const meter = exports[OWN_EXPORTS.meter] as WebAssembly.Global | undefined;
  if (meter) meter.value = filled(FUEL_MAX);
  const given = values.map((list) => {
    try {
      return callExport(bytes, outline, "f", exports["f"] as WebAssembly.ExportValue, list).join();
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  });
  given.push(
    Buffer.from((exports["memory"] as WebAssembly.Memory).buffer)
      .subarray(0, 64)
      .toString("hex"),
  );
  const fuel = meter ? FUEL_MAX - readMeter(meter.value as bigint).fuel : 0;
  return { given, fuel };
}

for (const [opcode, name] of ALLOWED) {
  const special = opcode === 0x1c ? "select (typed)" : name;
  test(`metered, 0x${opcode.toString(16)} ${special} does what it does`, (context) => {
    const body = SPECIAL[special];
    const code = body ?? [...opcodeBytes(opcode), ...(immediates(opcode) ?? [])];
    const exnref = special === "throw_ref";
    const signature = body ? SPECIAL_SIGNATURE : findSignature(name, code);
    assert.ok(signature, "no types fit");
    const gets = body ? [] : signature.parameters.flatMap((_, i) => [0x20, i]);
    const bytes = moduleOf(signature, [...gets, ...code], exnref);
    if ((exnref || special === "try_table") && !WebAssembly.validate(bytes)) {
      context.skip("this line's compiler does not have it yet");
      return;
    }
    const values = body ? SPECIAL_VALUES : valuesFor(signature);
    const plain = runAll(bytes, false, values);
    const metered = runAll(bytes, true, values);
    assert.deepEqual(metered.given, plain.given);
    assert.ok(metered.fuel > values.length, `spent ${metered.fuel}`);
    assert.equal(runAll(bytes, true, values).fuel, metered.fuel);
  });
}
