import {
  encodeName,
  encodeU32,
  encodeVector,
  joinBytes,
  openSection,
  type Reader,
  SECTION,
} from "../../packages/sandbox/src/wasm/binary.ts";
import { skipType } from "../../packages/sandbox/src/wasm/code.ts";
import type { ModuleOutline } from "../../packages/sandbox/src/wasm/outline.ts";
import { bytesOf, hex, type Value } from "./script.ts";

const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const SLOT_BYTES = 16;
const [EXTERN, FUNC] = [0x6f, 0x70];
/** The first byte of a reference type without null, and `ref.as_non_null`. */
const [NOT_NULL, AS_NOT_NULL] = [0x64, 0xd4];

interface FunctionType {
  readonly parameters: readonly Uint8Array[];
  readonly results: readonly Uint8Array[];
}

/** Types of a module's section, as their bytes. */
function readType(bytes: Uint8Array, { sections }: ModuleOutline, index: number): FunctionType {
  const reader = openSection(bytes, sections, SECTION.type) as Reader;
  const values = () =>
    Array.from({ length: reader.u32() }, () => {
      const start = reader.at;
      skipType(reader);
      return bytes.subarray(start, reader.at);
    });
  reader.u32();
  for (let at = 0; ; at++) {
    reader.byte();
    const type = { parameters: values(), results: values() };
    if (at === index) return type;
  }
}

/** `type index` of an exported function. */
function typeOfExport(outline: ModuleOutline, field: string): number {
  const entry = outline.exports.find((candidate) => candidate.field === field && candidate.kind === 0);
  return entry ? (outline.functions[entry.index] as number) : -1;
}

/**
 * Calls an exported function through a module that is made for it, so that no value passes through JavaScript, which knows neither the bits
 * of a NaN nor vectors. Throws what the function throws.
 *
 * @returns the results: bits as hexadecimal digits, `null`, `extern N`, `func` or `ref`
 */
export function callExport(
  bytes: Uint8Array,
  outline: ModuleOutline,
  field: string,
  callee: WebAssembly.ExportValue,
  values: readonly Value[],
): string[] {
  const typeIndex = typeOfExport(outline, field);
  const type = readType(bytes, outline, typeIndex);
  const externs = new Map<string, WebAssembly.Global>();
  const imported: Uint8Array[] = [];
  const loads: (readonly number[] | Uint8Array)[] = [];
  type.parameters.forEach((parameter, i) => {
    const value = values[i];
    if (!value) throw new Error(`${field} takes ${type.parameters.length} values`);
    loads.push(constant(parameter, value, externs, imported));
  });
  const globals = type.results.map((result) => (result[0] === FUNC || isFunctionReference(result) ? FUNC : EXTERN));
  const stores: (readonly number[] | Uint8Array)[] = [];
  for (let i = type.results.length - 1; i >= 0; i--) stores.push([0x21, ...encodeU32(i)]);
  type.results.forEach((result, i) => {
    const local = [0x20, ...encodeU32(i)];
    const place = [0x41, ...encodeS32(i * SLOT_BYTES)];
    switch (result[0]) {
      case 0x7f:
        stores.push(place, local, [0x36, 0, 0]);
        break;
      case 0x7e:
        stores.push(place, local, [0x37, 0, 0]);
        break;
      case 0x7d:
        stores.push(place, local, [0x38, 0, 0]);
        break;
      case 0x7c:
        stores.push(place, local, [0x39, 0, 0]);
        break;
      case 0x7b:
        stores.push(place, local, [0xfd, 11, 0, 0]);
        break;
      default:
        stores.push(place, local, [0xd1, 0x36, 0, 0]); // whether it is null
        if (!isException(result)) stores.push(local, [0x24, ...encodeU32(externs.size + i)]);
    }
  });
  const types = openSection(bytes, outline.sections, SECTION.type) as Reader;
  const own = types.u32();
  const section = (id: number, contents: Uint8Array) => joinBytes([[id, ...encodeU32(contents.length)], contents]);
  const locals = joinBytes([encodeU32(type.results.length), ...type.results.flatMap((result) => [[1], result])]);
  const body = joinBytes([locals, ...loads, [0x10, 0], ...stores, [0x0b]]);
  const module = joinBytes([
    HEADER,
    section(SECTION.type, joinBytes([encodeU32(own + 1), bytes.subarray(types.at, types.end), [0x60, 0, 0]])),
    section(SECTION.import, encodeVector([joinBytes([encodeName("m"), encodeName("f"), [0], encodeU32(typeIndex)]), ...imported])),
    section(SECTION.function, encodeVector([encodeU32(own)])),
    section(SECTION.memory, encodeVector([[0, 1 + ((type.results.length * SLOT_BYTES) >> 16)]])),
    section(SECTION.global, encodeVector(globals.map((global) => [global, 1, 0xd0, global, 0x0b]))),
    section(
      SECTION.export,
      encodeVector([
        [...encodeName("run"), 0, 1],
        [...encodeName("memory"), 2, 0],
        ...globals.map((_, i) => [...encodeName(`r${i}`), 3, ...encodeU32(externs.size + i)]),
      ]),
    ),
    section(SECTION.code, encodeVector([joinBytes([encodeU32(body.length), body])])),
  ]);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module as Uint8Array<ArrayBuffer>), {
    m: { f: callee, ...Object.fromEntries(externs) },
  });
  (exports["run"] as () => void)();
  const memory = new Uint8Array((exports["memory"] as WebAssembly.Memory).buffer);
  return type.results.map((result, i) => {
    const size = SIZES[result[0] as number];
    if (size !== undefined) return hex(memory.subarray(i * SLOT_BYTES, i * SLOT_BYTES + size));
    if (memory[i * SLOT_BYTES] === 1) return "null";
    if (isException(result)) return "ref";
    const { value } = exports[`r${i}`] as WebAssembly.Global;
    return typeof value === "function" ? "func" : String(value);
  });
}

const SIZES: Readonly<Record<number, number>> = { 127: 4, 126: 8, 125: 4, 124: 8, 123: 16 };

function isException(type: Uint8Array): boolean {
  return [0x69, 0x74].includes(type.length === 1 ? (type[0] as number) : (type[1] as number));
}

function isFunctionReference(type: Uint8Array): boolean {
  if (type[0] === 0x73) return true;
  // A type index, or the heap type of functions, behind the byte for references.
  return type.length > 1 && (type[1] === FUNC || type[1] === 0x73 || (type[1] as number) < 0x40 || type.length > 2);
}

function constant(
  type: Uint8Array,
  value: Value,
  externs: Map<string, WebAssembly.Global>,
  imported: Uint8Array[],
): readonly number[] | Uint8Array {
  switch (type[0]) {
    case 0x7f:
      return [0x41, ...encodeS64(BigInt.asIntN(32, BigInt(value.value as string)))];
    case 0x7e:
      return [0x42, ...encodeS64(BigInt.asIntN(64, BigInt(value.value as string)))];
    case 0x7d:
      return joinBytes([[0x43], bytesOf(value)]);
    case 0x7c:
      return joinBytes([[0x44], bytesOf(value)]);
    case 0x7b:
      return joinBytes([[0xfd, 12], bytesOf(value)]);
  }
  if (value.value === "null" || value.value === undefined) return joinBytes([[0xd0], type.length > 1 ? type.subarray(1) : type]);
  const name = `e${externs.size}`;
  externs.set(name, new WebAssembly.Global({ value: "externref" }, `extern ${value.value as string}`));
  imported.push(joinBytes([encodeName("m"), encodeName(name), [3, EXTERN, 0]]));
  return [0x23, ...encodeU32(externs.size - 1), ...(type[0] === NOT_NULL ? [AS_NOT_NULL] : [])];
}

function encodeS64(value: bigint): number[] {
  const out: number[] = [];
  for (let rest = value; ; ) {
    const byte = Number(rest & 127n);
    rest >>= 7n;
    if ((rest === 0n && byte < 64) || (rest === -1n && byte >= 64)) return [...out, byte];
    out.push(byte | 128);
  }
}

function encodeS32(value: number): number[] {
  return encodeS64(BigInt(value));
}
