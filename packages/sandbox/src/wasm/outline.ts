import {
  type ExportEntry,
  type ImportEntry,
  type Limits32,
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
} from "./binary.ts";
import { skipExpression, skipType, UnsupportedFeature } from "./code.ts";

/** What a module consists of, without a look at its instructions, segments and initial values. Indices are those of the binary. */
export interface ModuleOutline {
  readonly sections: readonly Section[];
  /** Each as `parameters>results`: `i` i32, `I` i64, `f` f32, `F` f64, `v` v128, `r` any reference. */
  readonly types: readonly string[];
  readonly imports: readonly ImportEntry[];
  /** The type of each function, imported ones first. */
  readonly functions: readonly number[];
  /** Those that the module defines. */
  readonly memories: readonly Limits32[];
  /** Those that the module defines. */
  readonly tables: readonly OutlineTable[];
  /** Imported and defined. */
  readonly globals: number;
  readonly exports: readonly ExportEntry[];
  /** The function that runs while the module is instantiated. */
  readonly start: number | undefined;
}

interface OutlineTable {
  readonly limits: Limits32;
  /** Offsets of the entry, of its limits, and of what is behind them: the end, or an expression for the initial value of all entries. */
  readonly start: number;
  readonly limitsStart: number;
  readonly limitsEnd: number;
  readonly end: number;
}

/** A handler of 16 MiB is larger than an interpreter; compiling 0.8 MB took up to 4.6 s. */
const MODULE_BYTES_MAX = 16 * 2 ** 20;

/**
 * How much of each a module may have: a handler has a few thousand functions at most (CPython has 14,000), and what is above costs
 * seconds to compile, or memory in whoever reads the sections.
 */
const COUNT_MAX = {
  types: 10_000,
  imports: 1_000,
  functions: 50_000,
  tables: 16,
  globals: 10_000,
  exports: 10_000,
  "element segments": 10_000,
  "data segments": 10_000,
} as const;

/** An entry is a pointer of V8's, outside of linear memory: growing tables took 4.4 GB. The sum over all tables of a module. */
export const TABLE_ENTRIES_MAX = 100_000;

/** Linear memory that a module may start with (256 MiB). What it may use on top of that is a limit of each attempt. */
export const INITIAL_PAGES_MAX = (256 * 2 ** 20) / PAGE_BYTES;

/**
 * Reads the sections. The time and memory that it takes are bounded by the counts above, whatever the bytes are.
 *
 * @param bytesMax more than a guest's may be, for runtimes of ours
 * @throws MalformedModule, UnsupportedFeature
 */
export function outlineModule(bytes: Uint8Array, bytesMax = MODULE_BYTES_MAX): ModuleOutline {
  if (bytes.length > bytesMax) throw new UnsupportedFeature(`${bytes.length} bytes (at most ${bytesMax})`);
  const sections = readSections(bytes);
  const entries = <T>(id: number, what: keyof typeof COUNT_MAX, entry: (reader: Reader) => T): T[] => {
    countOf(bytes, sections, id, what);
    const reader = openSection(bytes, sections, id);
    return reader ? readVector(reader, what, () => entry(reader)) : [];
  };
  countOf(bytes, sections, SECTION.import, "imports");
  countOf(bytes, sections, SECTION.export, "exports");
  countOf(bytes, sections, SECTION.element, "element segments");
  countOf(bytes, sections, SECTION.data, "data segments");
  const types = entries(SECTION.type, "types", readType);
  const imports = readImports(bytes, sections);
  const defined = entries(SECTION.function, "functions", (reader) => reader.u32());
  const bodies = countOf(bytes, sections, SECTION.code, "functions");
  if (bodies !== defined.length) throw new UnsupportedFeature(`${defined.length} functions with ${bodies} bodies`);
  return {
    sections,
    types,
    imports,
    functions: [...imports.flatMap((entry) => (entry.kind === "function" ? [entry.type] : [])), ...defined],
    memories: readMemories(bytes, sections),
    tables: entries(SECTION.table, "tables", readTable),
    globals: imports.filter((entry) => entry.kind === "global").length + countOf(bytes, sections, SECTION.global, "globals"),
    exports: readExports(bytes, sections),
    start: openSection(bytes, sections, SECTION.start)?.u32(),
  };
}

function countOf(bytes: Uint8Array, sections: readonly Section[], id: number, what: keyof typeof COUNT_MAX): number {
  const count = openSection(bytes, sections, id)?.count(what) ?? 0;
  if (count > COUNT_MAX[what]) throw new UnsupportedFeature(`${count} ${what} (at most ${COUNT_MAX[what]})`);
  return count;
}

function readMemories(bytes: Uint8Array, sections: readonly Section[]): Limits32[] {
  const reader = openSection(bytes, sections, SECTION.memory);
  return reader ? readVector(reader, "memories", () => readLimits(reader)) : [];
}

const FUNCTION_TYPE = 0x60;
/** Recursive groups, subtypes, structures and arrays; continuations. */
const OTHER_TYPES: Readonly<Record<number, string>> = {
  78: "a recursive group",
  79: "a final subtype",
  80: "a subtype",
  93: "a continuation",
  94: "an array",
  95: "a structure",
};

function readType(reader: Reader): string {
  const at = reader.at;
  const form = reader.byte();
  if (form !== FUNCTION_TYPE) {
    const name = OTHER_TYPES[form];
    if (name) throw new UnsupportedFeature(`unsupported type: ${name} (garbage collection) at byte ${at}`);
    reader.fail(`unknown form of type 0x${form.toString(16)}`);
  }
  const parameters = readValueTypes(reader, "parameters");
  return `${parameters}>${readValueTypes(reader, "results")}`;
}

/** As many as V8 takes. */
const VALUES_MAX = 1_000;
const LETTERS: Readonly<Record<number, string>> = { 127: "i", 126: "I", 125: "f", 124: "F", 123: "v" };

function readValueTypes(reader: Reader, what: string): string {
  const count = reader.count(what);
  if (count > VALUES_MAX) throw new UnsupportedFeature(`${count} ${what} (at most ${VALUES_MAX})`);
  let letters = "";
  for (let i = 0; i < count; i++) {
    letters += LETTERS[reader.bytes[reader.at] ?? 0] ?? "r";
    skipType(reader);
  }
  return letters;
}

/** Says that an initial value follows the limits. A byte that is always 0 stands behind it. */
const WITH_INITIAL_VALUE = 0x40;

function readTable(reader: Reader): OutlineTable {
  const start = reader.at;
  const hasInitialValue = reader.bytes[start] === WITH_INITIAL_VALUE;
  if (hasInitialValue) reader.skip(2);
  skipType(reader);
  const limitsStart = reader.at;
  const limits = readLimits(reader);
  const limitsEnd = reader.at;
  if (hasInitialValue) skipExpression(reader);
  return { limits, start, limitsStart, limitsEnd, end: reader.at };
}

const TYPE_NAMES: Readonly<Record<string, string>> = { i: "i32", I: "i64", f: "f32", F: "f64", v: "v128", r: "ref" };

/** A type of {@link ModuleOutline.types} as a person writes it: `(i32, i64) -> i32`. */
export function describeType(type: string): string {
  const [parameters = "", results = ""] = type.split(">").map((letters) => Array.from(letters, (letter) => TYPE_NAMES[letter]).join(", "));
  return `(${parameters}) -> ${results === "" ? "nothing" : results}`;
}
