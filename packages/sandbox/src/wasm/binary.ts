/**
 * The sections of a WebAssembly module, read and written. Sources: WebAssembly core specification 3.0, chapter 5 (binary format).
 *
 * The reader is what stands between a hostile file and everything else, so every number is checked against the bytes that are
 * left before anything is allocated or skipped. Function bodies are not looked at here.
 */

/** The bytes are not a WebAssembly module, or not one in this format. The message says what stood where. */
export class MalformedModule extends Error {
  override readonly name = "MalformedModule";
}

export const SECTION = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  code: 10,
  data: 11,
  dataCount: 12,
  tag: 13,
} as const;

/** The order in which sections must stand; custom sections may stand anywhere. */
const SECTION_ORDER = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11];

export const KIND = { function: 0, table: 1, memory: 2, global: 3, tag: 4 } as const;

export interface Section {
  readonly id: number;
  /** Of the section's contents. */
  readonly start: number;
  readonly end: number;
}

export const PAGE_BYTES = 65_536;
const NAME_BYTES_MAX = 100_000; // V8's own limit on a name
const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
/** The same first bytes, with the version and layer of a component. */
const COMPONENT_LAYER = 0x01;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads forward through `bytes` between two offsets. Every method throws {@link MalformedModule} rather than pass the end. */
export class Reader {
  readonly bytes: Uint8Array;
  readonly end: number;
  at: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  get done(): boolean {
    return this.at >= this.end;
  }

  fail(what: string): never {
    throw new MalformedModule(`${what} at byte ${this.at}`);
  }

  byte(): number {
    if (this.at >= this.end) this.fail("unexpected end");
    return this.bytes[this.at++] as number;
  }

  /** Moves past `length` bytes and returns where they began. */
  skip(length: number): number {
    if (length < 0 || length > this.end - this.at) this.fail(`length ${length} reaches past the end`);
    const start = this.at;
    this.at += length;
    return start;
  }

  /** Unsigned LEB128 of at most 32 bits. */
  u32(): number {
    let value = this.byte();
    if (value < 0x80) return value; // nearly always
    value &= 0x7f;
    for (let shift = 7; shift < 35; shift += 7) {
      const byte = this.byte();
      if (shift === 28 && byte > 0x0f) this.fail("number over 32 bits");
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    return this.fail("number over 32 bits");
  }

  /** Unsigned LEB128 of at most 64 bits (limits of 64-bit memories and tables). */
  u64(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.byte();
      if (shift === 63n && byte > 1) this.fail("number over 64 bits");
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return this.fail("number over 64 bits");
  }

  /** An offset into a memory of 32 bits: unsigned LEB128 that may be as long as one of 64 bits. */
  offset(): number {
    let value = this.byte();
    if (value < 0x80) return value;
    value &= 0x7f;
    for (let shift = 7; shift < 70; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (value > 0xffff_ffff) this.fail("offset over 32 bits");
      if (byte < 0x80) return value;
    }
    return this.fail("offset over 64 bits");
  }

  /** Signed LEB128 of at most `bits` (32, 33 or 64) bits. */
  signed(bits: 32 | 33 | 64): bigint {
    let value = 0n;
    let shift = 0n;
    for (const bytesMax = Math.ceil(bits / 7); ; ) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      shift += 7n;
      if (byte < 0x80) {
        const result = byte & 0x40 ? value - (1n << shift) : value;
        if (BigInt.asIntN(bits, result) !== result) this.fail(`number over ${bits} bits`);
        return result;
      }
      if (shift >= BigInt(bytesMax * 7)) this.fail(`number over ${bits} bits`);
    }
  }

  /** Signed LEB128 of at most 32 bits, quicker than {@link signed}. */
  i32(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte >= 0x80) continue;
      if (shift < 28) return (value << (25 - shift)) >> (25 - shift);
      if ((byte & 0x78) !== 0 && (byte & 0x78) !== 0x78) break;
      return value;
    }
    return this.fail("number over 32 bits");
  }

  /** Moves past a signed LEB128 of at most 64 bits. */
  skipI64(): void {
    for (let length = 1; length <= 10; length++) {
      const byte = this.byte();
      if (byte >= 0x80) continue;
      if (length === 10 && byte !== 0x00 && byte !== 0x7f) break;
      return;
    }
    this.fail("number over 64 bits");
  }

  /** A count of things that take at least one byte each: more than there are bytes left is refused before anything is allocated. */
  count(what: string): number {
    const count = this.u32();
    if (count > this.end - this.at) this.fail(`${count} ${what} do not fit`);
    return count;
  }

  name(): string {
    const length = this.u32();
    if (length > NAME_BYTES_MAX) this.fail(`name of ${length} bytes`);
    const start = this.skip(length);
    try {
      return utf8.decode(this.bytes.subarray(start, this.at));
    } catch {
      return this.fail("name that is not UTF-8");
    }
  }
}

/** The sections of a module in the order of the file; order and sizes are checked. */
export function readSections(bytes: Uint8Array): Section[] {
  if (bytes.length < HEADER.length || HEADER.slice(0, 4).some((byte, i) => bytes[i] !== byte)) {
    throw new MalformedModule("no WebAssembly module: the first four bytes are not \\0asm");
  }
  if (bytes[6] === COMPONENT_LAYER) throw new MalformedModule("a WebAssembly component, not a module: components are not supported");
  if (HEADER.some((byte, i) => bytes[i] !== byte)) throw new MalformedModule("a WebAssembly version other than 1");
  const reader = new Reader(bytes, HEADER.length);
  const sections: Section[] = [];
  let last = -1;
  while (!reader.done) {
    const id = reader.byte();
    const size = reader.u32();
    const start = reader.skip(size);
    if (id !== SECTION.custom) {
      const order = SECTION_ORDER.indexOf(id);
      if (order < 0) throw new MalformedModule(`unknown section ${id} at byte ${start}`);
      if (order <= last) throw new MalformedModule(`section ${id} out of order at byte ${start}`);
      last = order;
    }
    sections.push({ id, start, end: start + size });
  }
  return sections;
}

/** A reader over the contents of section `id`, or undefined where the module has none. */
export function openSection(bytes: Uint8Array, sections: readonly Section[], id: number): Reader | undefined {
  const section = sections.find((s) => s.id === id);
  return section && new Reader(bytes, section.start, section.end);
}

export interface Limits32 {
  readonly minimum: number;
  readonly maximum: number | undefined;
  readonly shared: boolean;
  /** Sizes and addresses are 64 bits wide; `minimum` and `maximum` are then clamped to 2^53-1. */
  readonly wide: boolean;
}

/** Limits of a memory or table. */
export function readLimits(reader: Reader): Limits32 {
  const flags = reader.byte();
  if (flags > 7) reader.fail(`limits with flags ${flags}`);
  const wide = (flags & 4) !== 0;
  const number = () => (wide ? Number(reader.u64()) : reader.u32());
  const clamp = (value: number) => Math.min(value, Number.MAX_SAFE_INTEGER);
  const minimum = clamp(number());
  const maximum = flags & 1 ? clamp(number()) : undefined;
  return { minimum, maximum, shared: (flags & 2) !== 0, wide };
}

/** A value type as its bytes: one byte, or a reference to a heap type. Returns the first byte. */
export function skipValueType(reader: Reader): number {
  const code = reader.byte();
  if (code === 0x63 || code === 0x64) reader.signed(33);
  return code;
}

export type ImportEntry = {
  readonly module: string;
  readonly field: string;
  /** The whole entry, names included. */
  readonly start: number;
  readonly end: number;
} & (
  | { readonly kind: "function"; readonly type: number }
  | { readonly kind: "tag"; readonly type: number }
  | { readonly kind: "table"; readonly element: number; readonly limits: Limits32 }
  | { readonly kind: "memory"; readonly limits: Limits32 }
  | { readonly kind: "global"; readonly valueType: number; readonly mutable: boolean }
);

export function readImports(bytes: Uint8Array, sections: readonly Section[]): ImportEntry[] {
  const reader = openSection(bytes, sections, SECTION.import);
  if (!reader) return [];
  return readVector(reader, "imports", () => {
    const start = reader.at;
    const names = { module: reader.name(), field: reader.name() };
    const kind = reader.byte();
    const place = () => ({ ...names, start, end: reader.at });
    switch (kind) {
      case KIND.function: {
        const type = reader.u32();
        return { ...place(), kind: "function" as const, type };
      }
      case KIND.tag: {
        reader.byte();
        const type = reader.u32();
        return { ...place(), kind: "tag" as const, type };
      }
      case KIND.table: {
        const element = skipValueType(reader);
        const limits = readLimits(reader);
        return { ...place(), kind: "table" as const, element, limits };
      }
      case KIND.memory: {
        const limits = readLimits(reader);
        return { ...place(), kind: "memory" as const, limits };
      }
      case KIND.global: {
        const valueType = skipValueType(reader);
        const mutability = reader.byte();
        if (mutability > 1) reader.fail("malformed mutability");
        return { ...place(), kind: "global" as const, valueType, mutable: mutability === 1 };
      }
      default:
        return reader.fail(`import of unknown kind ${kind}`);
    }
  });
}

export interface ExportEntry {
  readonly field: string;
  readonly kind: number;
  readonly index: number;
}

export function readExports(bytes: Uint8Array, sections: readonly Section[]): ExportEntry[] {
  const reader = openSection(bytes, sections, SECTION.export);
  if (!reader) return [];
  return readVector(reader, "exports", () => {
    const field = reader.name();
    const kind = reader.byte();
    if (kind > KIND.tag) reader.fail(`export of unknown kind ${kind}`);
    return { field, kind, index: reader.u32() };
  });
}

/** `count` and then that many entries; what is left over in the section is refused. */
export function readVector<T>(reader: Reader, what: string, entry: () => T): T[] {
  const count = reader.count(what);
  const entries: T[] = [];
  for (let i = 0; i < count; i++) entries.push(entry());
  if (!reader.done) reader.fail(`bytes left over after the ${what}`);
  return entries;
}

/** Moves past a constant expression, its `end` included. */
export function skipConstant(reader: Reader): void {
  for (;;) {
    const opcode = reader.byte();
    switch (opcode) {
      case 0x0b:
        return;
      case 0x23: // global.get
      case 0xd2: // ref.func
        reader.u32();
        break;
      case 0x41:
        reader.signed(32);
        break;
      case 0x42:
        reader.signed(64);
        break;
      case 0x43:
        reader.skip(4);
        break;
      case 0x44:
        reader.skip(8);
        break;
      case 0xd0: // ref.null
        reader.signed(33);
        break;
      case 0x6a: // i32.add, sub, mul; i64.add, sub, mul
      case 0x6b:
      case 0x6c:
      case 0x7c:
      case 0x7d:
      case 0x7e:
        break;
      case 0xfd: // v128.const only
        if (reader.u32() !== 12) reader.fail("unexpected instruction in a constant");
        reader.skip(16);
        break;
      default:
        reader.fail(`unexpected instruction 0x${opcode.toString(16)} in a constant`);
    }
  }
}

// Writing. Small pieces are arrays of numbers, large ones byte arrays; `writeModule` joins them once.

export function encodeU32(value: number): number[] {
  const out: number[] = [];
  let rest = value;
  do {
    const byte = rest % 128;
    rest = Math.floor(rest / 128);
    out.push(rest > 0 ? byte | 128 : byte);
  } while (rest > 0);
  return out;
}

/** Signed LEB128 of a 32-bit number; values over 2^31 are taken as their two's complement. */
function encodeS32(value: number): number[] {
  const out: number[] = [];
  for (let rest = value | 0; ; ) {
    const byte = rest & 127;
    rest >>= 7;
    if ((rest === 0 && !(byte & 64)) || (rest === -1 && byte & 64)) {
      out.push(byte);
      return out;
    }
    out.push(byte | 128);
  }
}

/** `i32.const value; end` */
export function encodeI32Constant(value: number): number[] {
  return [0x41, ...encodeS32(value), 0x0b];
}

export function encodeName(text: string): number[] {
  const bytes = new TextEncoder().encode(text);
  return [...encodeU32(bytes.length), ...bytes];
}

type Piece = Uint8Array | readonly number[];

export function joinBytes(pieces: readonly Piece[]): Uint8Array {
  const out = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}

/** A vector: the number of entries, then the entries. */
export function encodeVector(entries: readonly Piece[]): Uint8Array {
  return joinBytes([encodeU32(entries.length), ...entries]);
}

/**
 * The module with some sections' contents replaced (or, with `null`, left out) and the others as they are. A replaced section that
 * the module does not have is put where it belongs. Custom sections are dropped: nothing at run time reads them.
 */
export function writeModule(bytes: Uint8Array, sections: readonly Section[], replaced: ReadonlyMap<number, Uint8Array | null>): Uint8Array {
  const pieces: Piece[] = [HEADER];
  for (const id of SECTION_ORDER) {
    const own = sections.find((section) => section.id === id);
    const contents = replaced.has(id) ? replaced.get(id) : own && bytes.subarray(own.start, own.end);
    if (contents) pieces.push([id, ...encodeU32(contents.length)], contents);
  }
  return joinBytes(pieces);
}
