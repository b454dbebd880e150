import {
  encodeI32Constant,
  encodeName,
  encodeU32,
  encodeVector,
  joinBytes,
  KIND,
  MalformedModule,
  openSection,
  PAGE_BYTES,
  type Reader,
  readExports,
  readImports,
  readLimits,
  readSections,
  readVector,
  SECTION,
  type Section,
  skipConstant,
  skipValueType,
  writeModule,
} from "../wasm/binary.ts";
import { proveTableConstant } from "./proof.ts";

/** The state of a booted instance: everything a bare instance needs to continue from there. */
export interface Snapshot {
  /** All of linear memory, a whole number of pages. */
  readonly memory: Uint8Array;
  /** Values of i32 globals by index, imported ones included. Those that are missing keep what the module gives them. */
  readonly globals: ReadonlyMap<number, number>;
  /** The indirect function table as it stands: its length, and what stands in it beyond the module's own elements. */
  readonly table?: { readonly length: number; readonly added: ReadonlyArray<readonly [slot: number, functionIndex: number]> };
}

export interface FreezeOptions {
  /** Exports of the module that the frozen one keeps. */
  readonly keepExports: readonly string[];
  /** A function that the snapshot's table refers to as {@link APPENDED_FUNCTION}: its index comes after all others, so none moves. */
  readonly append?: AppendedFunction;
}

export interface AppendedFunction {
  /** Body with its local declarations. Types are named by index; `types` are appended to the type section in order. */
  readonly body: (typeIndex: (type: FunctionType) => number) => readonly number[];
  readonly type: FunctionType;
}

export interface FunctionType {
  readonly parameters: readonly number[];
  readonly results: readonly number[];
}

/** Stands for the index of the appended function in `Snapshot.table.added`. */
export const APPENDED_FUNCTION = -1;

/** Memory is recorded in pieces of this size: smaller ones leave out more zeros and need more segments. */
const GRAIN_BYTES = 4096;

/**
 * A module that starts where `snapshot` ends. No function body is touched and no function index moves, so the code section is
 * carried over byte for byte.
 *
 * - Memory becomes the import `env.memory`: each instance has a maximum of the host's choice, and the host may lend the same memory again.
 * - Imported globals become constants. V8 refuses to compile the result if any instruction writes one: nothing is left to prove.
 * - No instruction writes the function table: that is proven, and a module for which it can't be is refused.
 * - Every other mutable global is exported as `global:<index>`, every table as `table:<index>`, so that all mutable state can be put back.
 */
export function freeze(wasm: Uint8Array, snapshot: Snapshot, options: FreezeOptions): Uint8Array {
  const sections = readSections(wasm);
  proveTableConstant(wasm, sections);
  const imports = readImports(wasm, sections);
  const replaced = new Map<number, Uint8Array | null>([
    [SECTION.memory, null],
    [SECTION.start, null],
  ]);

  const importedGlobals = imports.filter((entry) => entry.kind === "global");
  const importedFunctions = imports.filter((entry) => entry.kind === "function").length;
  if (imports.some((entry) => entry.kind === "memory" || entry.kind === "table")) {
    throw new MalformedModule("cannot freeze a module that imports a memory or table");
  }
  const pages = snapshot.memory.length / PAGE_BYTES;
  const memoryImport = [...encodeName("env"), ...encodeName("memory"), KIND.memory, 1, ...encodeU32(pages), ...encodeU32(65_536)];
  replaced.set(
    SECTION.import,
    encodeVector([...imports.filter((entry) => entry.kind !== "global").map(({ start, end }) => wasm.subarray(start, end)), memoryImport]),
  );

  const globals = freezeGlobals(wasm, sections, importedGlobals.length, snapshot.globals);
  replaced.set(SECTION.global, globals.contents);

  const tables = freezeTables(wasm, sections, snapshot.table?.length);
  replaced.set(SECTION.table, tables.contents);

  const functionCount = importedFunctions + countOf(openSection(wasm, sections, SECTION.function));
  if (options.append) appendFunction(wasm, sections, options.append, replaced);

  const byName = new Map(readExports(wasm, sections).map((entry) => [entry.field, entry]));
  const exported = options.keepExports.map((field) => {
    const entry = byName.get(field);
    if (!entry) throw new MalformedModule(`cannot keep export "${field}": the module has none of that name`);
    return [...encodeName(field), entry.kind, ...encodeU32(entry.index)];
  });
  for (const index of globals.mutable) exported.push([...encodeName(`global:${index}`), KIND.global, ...encodeU32(index)]);
  for (let index = 0; index < tables.count; index++) exported.push([...encodeName(`table:${index}`), KIND.table, ...encodeU32(index)]);
  replaced.set(SECTION.export, encodeVector(exported));

  if (snapshot.table) replaced.set(SECTION.element, freezeElements(wasm, sections, snapshot.table.added, functionCount));

  const data = nonZeroRanges(snapshot.memory, GRAIN_BYTES);
  replaced.set(
    SECTION.data,
    encodeVector(
      data.flatMap(({ start, end }) => [
        joinBytes([[0, ...encodeI32Constant(start), ...encodeU32(end - start)], snapshot.memory.subarray(start, end)]),
      ]),
    ),
  );
  replaced.set(SECTION.dataCount, Uint8Array.from(encodeU32(data.length)));
  return writeModule(wasm, sections, replaced);
}

/** Where memory is not zero, in whole pieces of `grain` bytes, joined where they touch. */
export function nonZeroRanges(memory: Uint8Array, grain: number): { start: number; end: number }[] {
  const ranges: { start: number; end: number }[] = [];
  const words = new BigUint64Array(memory.buffer, memory.byteOffset, memory.length / 8);
  const wordsPerGrain = grain / 8;
  for (let first = 0; first < words.length; first += wordsPerGrain) {
    const beyond = Math.min(first + wordsPerGrain, words.length);
    let at = first;
    while (at < beyond && words[at] === 0n) at++;
    if (at === beyond) continue;
    const start = first * 8;
    const last = ranges.at(-1);
    if (last?.end === start) last.end = beyond * 8;
    else ranges.push({ start, end: beyond * 8 });
  }
  return ranges;
}

function countOf(reader: Reader | undefined): number {
  return reader ? reader.u32() : 0;
}

function freezeGlobals(wasm: Uint8Array, sections: readonly Section[], imported: number, values: ReadonlyMap<number, number>) {
  const entries: (Uint8Array | number[])[] = [];
  const mutable: number[] = [];
  for (let index = 0; index < imported; index++) {
    const value = values.get(index);
    if (value === undefined) throw new MalformedModule(`cannot freeze imported global ${index}: the snapshot has no value for it`);
    entries.push([0x7f, 0, ...encodeI32Constant(value)]);
  }
  const reader = openSection(wasm, sections, SECTION.global);
  if (reader) {
    readVector(reader, "globals", () => {
      const index = entries.length;
      const start = reader.at;
      const type = skipValueType(reader);
      const isMutable = reader.byte() === 1;
      const initial = reader.at;
      skipConstant(reader);
      if (isMutable) mutable.push(index);
      const value = values.get(index);
      if (value !== undefined && type !== 0x7f) throw new MalformedModule(`cannot freeze global ${index}: it is no i32`);
      entries.push(value === undefined ? wasm.slice(start, reader.at) : [...wasm.subarray(start, initial), ...encodeI32Constant(value)]);
    });
  }
  return { contents: encodeVector(entries), mutable };
}

function freezeTables(wasm: Uint8Array, sections: readonly Section[], length: number | undefined) {
  const reader = openSection(wasm, sections, SECTION.table);
  if (!reader) return { contents: null, count: 0 };
  const entries = readVector(reader, "tables", () => {
    const start = reader.at;
    const element = reader.bytes[start] as number;
    if (element === 0x40) reader.fail("table with an initial value");
    skipValueType(reader);
    const own = wasm.slice(start, reader.at);
    readLimits(reader);
    return { own, whole: wasm.slice(start, reader.at) };
  });
  return {
    count: entries.length,
    contents: encodeVector(
      entries.map(({ own, whole }, index) =>
        index === 0 && length !== undefined ? joinBytes([own, [1, ...encodeU32(length), ...encodeU32(length)]]) : whole,
      ),
    ),
  };
}

function freezeElements(
  wasm: Uint8Array,
  sections: readonly Section[],
  added: ReadonlyArray<readonly [slot: number, functionIndex: number]>,
  appendedIndex: number,
): Uint8Array {
  const runs: { slot: number; functions: number[] }[] = [];
  for (const [slot, index] of added) {
    const last = runs.at(-1);
    const functionIndex = index === APPENDED_FUNCTION ? appendedIndex : index;
    if (last && last.slot + last.functions.length === slot) last.functions.push(functionIndex);
    else runs.push({ slot, functions: [functionIndex] });
  }
  const own = openSection(wasm, sections, SECTION.element);
  const ownCount = countOf(own);
  return joinBytes([
    encodeU32(ownCount + runs.length),
    own ? wasm.subarray(own.at, own.end) : [],
    ...runs.map(({ slot, functions }) => [0, ...encodeI32Constant(slot), ...encodeU32(functions.length), ...functions.flatMap(encodeU32)]),
  ]);
}

function appendFunction(
  wasm: Uint8Array,
  sections: readonly Section[],
  append: AppendedFunction,
  replaced: Map<number, Uint8Array | null>,
): void {
  // New types go behind the module's own, whether or not an equal one is there: equal types are one type to WebAssembly.
  const types = openSection(wasm, sections, SECTION.type);
  const ownTypes = countOf(types);
  const added: FunctionType[] = [];
  const typeIndex = (type: FunctionType) => ownTypes + (added.indexOf(type) >= 0 ? added.indexOf(type) : added.push(type) - 1);
  const body = append.body(typeIndex);
  const ownType = typeIndex(append.type);
  const encoded = added.map(({ parameters, results }) => [
    0x60,
    ...encodeU32(parameters.length),
    ...parameters,
    ...encodeU32(results.length),
    ...results,
  ]);
  const extend = (id: number, entries: readonly (readonly number[])[]) => {
    const own = openSection(wasm, sections, id);
    const count = countOf(own);
    replaced.set(id, joinBytes([encodeU32(count + entries.length), own ? wasm.subarray(own.at, own.end) : [], ...entries]));
  };
  extend(SECTION.type, encoded);
  extend(SECTION.function, [encodeU32(ownType)]);
  extend(SECTION.code, [[...encodeU32(body.length), ...body]]);
}
