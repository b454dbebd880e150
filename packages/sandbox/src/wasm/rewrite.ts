import { encodeI32Constant, encodeName, encodeU32, encodeVector, joinBytes, KIND, openSection, SECTION, writeModule } from "./binary.ts";
import { walkCode } from "./code.ts";
import { type ModuleFacts, OWN_PREFIX } from "./inspect.ts";
import { OPCODE } from "./opcodes.ts";
import { type ModuleOutline, outlineModule, TABLE_ENTRIES_MAX } from "./outline.ts";

/** Where the rewritten module imports its memory from. */
export const MEMORY_IMPORT = { module: "glovebox", field: "memory" } as const;

/** What the rewritten module exports besides its own. Each is there only where the module can make use of it. */
export const OWN_EXPORTS = {
  /** The start function: the host calls it, once and first, so that it runs under the limits like everything else. */
  start: `${OWN_PREFIX}start`,
  /** i32: refused `memory.grow`s so far, and the pages that the last of them asked for. */
  memoryDenied: `${OWN_PREFIX}memory_denied`,
  memoryWanted: `${OWN_PREFIX}memory_wanted`,
  /** i32: refused `table.grow`s so far, and the entries that the last of them asked for. */
  tableDenied: `${OWN_PREFIX}table_denied`,
  tableWanted: `${OWN_PREFIX}table_wanted`,
  /** i64: what is left of fuel and stack; see meter.ts. */
  meter: `${OWN_PREFIX}meter`,
} as const;

/**
 * The module, changed so that its limits can be held and counted from outside, and its meaning kept:
 *
 * - Its memory is imported, without a maximum of its own: who makes the memory chooses one, and wipes and keeps it.
 * - Its tables have maxima that sum up to at most {@link TABLE_ENTRIES_MAX}.
 * - Its start function is an export.
 * - Refused growths are counted, which V8 does not report: `memory.grow` calls an added function that counts, and `table.grow` stands
 *   between calls of two more. Types, functions and globals are added behind all others, so no index moves, and branches count
 *   blocks and not bytes; only the sizes of bodies change.
 *
 * The compiler must have accepted the module as it was: with added things in it, an index that was out of bounds may no longer be.
 *
 * @throws MalformedModule, UnsupportedFeature naming an instruction
 */
export function rewriteModule(bytes: Uint8Array, facts: ModuleFacts): Uint8Array {
  const { sections, start } = facts.outline;
  const replaced = new Map<number, Uint8Array | null>([
    [SECTION.import, rewriteImports(bytes, facts)],
    [SECTION.memory, null],
    [SECTION.start, null],
  ]);
  if (facts.outline.tables.length > 0) replaced.set(SECTION.table, rewriteTables(bytes, facts));
  count(bytes, facts.outline, start === undefined ? [] : [exportOf(OWN_EXPORTS.start, KIND.function, start)], replaced);
  return writeModule(bytes, sections, replaced);
}

/** The module with its refused growths counted, and nothing else changed: for one that is going to be frozen, which sees to the rest. */
export function countGrowths(bytes: Uint8Array): Uint8Array {
  const outline = outlineModule(bytes);
  const replaced = new Map<number, Uint8Array | null>();
  count(bytes, outline, [], replaced);
  return writeModule(bytes, outline.sections, replaced);
}

/** Adds what counts, and the exports of it and `exports`, to the sections to be replaced. */
function count(
  bytes: Uint8Array,
  outline: ModuleOutline,
  exports: readonly (readonly number[])[],
  replaced: Map<number, Uint8Array | null>,
): void {
  const added = new Additions(outline);
  const code = rewriteCode(bytes, outline, added);
  const extend = (id: number, entries: readonly (readonly number[])[]) => {
    const reader = openSection(bytes, outline.sections, id);
    const own = reader?.u32() ?? 0;
    replaced.set(id, joinBytes([encodeU32(own + entries.length), reader ? bytes.subarray(reader.at, reader.end) : [], ...entries]));
  };
  if (added.exports.length + exports.length > 0) extend(SECTION.export, [...added.exports, ...exports]);
  if (added.bodies.length === 0) return;
  const types = added.bodies.map(() => encodeU32(outline.types.length));
  extend(SECTION.type, [TYPE_I32_I32]);
  extend(SECTION.function, types);
  extend(SECTION.global, added.globals);
  replaced.set(SECTION.code, code);
}

const I32 = 0x7f;
const TYPE_I32_I32 = [0x60, 1, I32, 1, I32];
const MUTABLE_I32_ZERO = [I32, 1, ...encodeI32Constant(0)];

function exportOf(name: string, kind: number, index: number): number[] {
  return [...encodeName(name), kind, ...encodeU32(index)];
}

const LOCAL_GET_0 = [0x20, 0];
const LOCAL_GET_1 = [0x20, 1];
const LOCAL_TEE_1 = [0x22, 1];
const GROW_MEMORY = [OPCODE.memoryGrow, 0];
const IS_REFUSED = [0x41, 0x7f, 0x46]; // i32.const -1; i32.eq
const IF = [OPCODE.if, 0x40];
const END = [OPCODE.end];
const globalGet = (index: number) => [0x23, ...encodeU32(index)];
const globalSet = (index: number) => [OPCODE.globalSet, ...encodeU32(index)];
const call = (index: number) => [0x10, ...encodeU32(index)];
/** One more, unless it is 2^32-1 already: a guest that is refused that often must not come out with none. */
const countUp = (index: number) => [...globalGet(index), ...globalGet(index), 0x41, 0x7f, 0x47, 0x6a, ...globalSet(index)];

/** The functions, all of type [i32] -> [i32], and the globals that a module gets. They are made when they are first asked for. */
class Additions {
  readonly bodies: number[][] = [];
  readonly globals: number[][] = [];
  readonly exports: number[][] = [];
  readonly #outline: ModuleOutline;
  #memory: { readonly grow: readonly number[] } | undefined;
  #table: { readonly before: readonly number[]; readonly after: readonly number[] } | undefined;

  constructor(outline: ModuleOutline) {
    this.#outline = outline;
  }

  /** What stands in place of `memory.grow`. */
  get memory(): { readonly grow: readonly number[] } {
    if (!this.#memory) {
      const denied = this.#global(OWN_EXPORTS.memoryDenied);
      const wanted = this.#global(OWN_EXPORTS.memoryWanted);
      const note = [...IF, ...countUp(denied), ...LOCAL_GET_0, ...globalSet(wanted), ...END];
      const body = [...LOCAL_GET_0, ...GROW_MEMORY, ...LOCAL_TEE_1, ...IS_REFUSED, ...note, ...LOCAL_GET_1, ...END];
      this.#memory = { grow: call(this.#function([1, 1, I32], body)) };
    }
    return this.#memory;
  }

  /** What stands before and behind `table.grow`, whose other operand may be a reference of any type. */
  get table(): { readonly before: readonly number[]; readonly after: readonly number[] } {
    if (!this.#table) {
      const denied = this.#global(OWN_EXPORTS.tableDenied);
      const wanted = this.#global(OWN_EXPORTS.tableWanted);
      const asked = this.#global();
      const note = [...IF, ...countUp(denied), ...globalGet(asked), ...globalSet(wanted), ...END];
      this.#table = {
        before: call(this.#function([0], [...LOCAL_GET_0, ...globalSet(asked), ...LOCAL_GET_0, ...END])),
        after: call(this.#function([0], [...LOCAL_GET_0, ...IS_REFUSED, ...note, ...LOCAL_GET_0, ...END])),
      };
    }
    return this.#table;
  }

  #global(name?: string): number {
    const index = this.#outline.globals + this.globals.push(MUTABLE_I32_ZERO) - 1;
    if (name !== undefined) this.exports.push(exportOf(name, KIND.global, index));
    return index;
  }

  #function(locals: readonly number[], body: readonly number[]): number {
    this.bodies.push([...encodeU32(locals.length + body.length), ...locals, ...body]);
    return this.#outline.functions.length + this.bodies.length - 1;
  }
}

type Piece = Uint8Array | readonly number[];

/** All bodies with their growths counted, and the added bodies behind them. */
function rewriteCode(bytes: Uint8Array, outline: ModuleOutline, added: Additions): Uint8Array {
  const out: Piece[] = [];
  let count = 0;
  let bodyEnd = 0;
  let copied = 0;
  let pieces: Piece[] = [];
  const finishBody = () => {
    pieces.push(bytes.subarray(copied, bodyEnd));
    out.push(encodeU32(pieces.reduce((sum, piece) => sum + piece.length, 0)), ...pieces);
    pieces = [];
  };
  walkCode(bytes, outline.sections, {
    body: (_body, start, _code, end) => {
      if (count > 0) finishBody();
      count++;
      copied = start;
      bodyEnd = end;
    },
    instruction: (_body, opcode, _first, _second, start, end) => {
      if (opcode === OPCODE.memoryGrow) {
        pieces.push(bytes.subarray(copied, start), added.memory.grow);
        copied = end;
      } else if (opcode === OPCODE.tableGrow) {
        pieces.push(bytes.subarray(copied, start), added.table.before, bytes.subarray(start, end), added.table.after);
        copied = end;
      }
    },
  });
  if (count > 0) finishBody();
  return joinBytes([encodeU32(count + added.bodies.length), ...out, ...added.bodies]);
}

/** Nothing of a memory's own maximum is said here: the importer of a module knows it from its facts. */
function rewriteImports(bytes: Uint8Array, facts: ModuleFacts): Uint8Array {
  const memory = [
    ...encodeName(MEMORY_IMPORT.module),
    ...encodeName(MEMORY_IMPORT.field),
    KIND.memory,
    0, // no maximum
    ...encodeU32(facts.memory.minimum),
  ];
  const others = facts.outline.imports.filter((entry) => entry.kind !== "memory");
  return encodeVector([...others.map((entry) => bytes.subarray(entry.start, entry.end)), memory]);
}

function rewriteTables(bytes: Uint8Array, facts: ModuleFacts): Uint8Array {
  const { tables } = facts.outline;
  const share = Math.floor((TABLE_ENTRIES_MAX - facts.tableEntries) / tables.length);
  return encodeVector(
    tables.map(({ limits, start, limitsStart, limitsEnd, end }) => {
      const maximum = Math.min(limits.maximum ?? Number.POSITIVE_INFINITY, limits.minimum + share);
      const own = [[1], encodeU32(limits.minimum), encodeU32(maximum)];
      return joinBytes([bytes.subarray(start, limitsStart), ...own, bytes.subarray(limitsEnd, end)]);
    }),
  );
}
