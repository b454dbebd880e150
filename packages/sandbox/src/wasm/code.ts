import { MalformedModule, openSection, type Reader, SECTION, type Section } from "./binary.ts";
import { FORM, FORMS, OPCODE, refusedName } from "./opcodes.ts";

/** Well-formed, but it contains an instruction or a type that is not allowed here. */
export class UnsupportedFeature extends Error {
  override readonly name = "UnsupportedFeature";
}

/** Locals of one function: V8's own limit. */
const LOCALS_MAX = 50_000;

/**
 * Called while walking. Nothing is allocated per instruction: immediates are plain numbers.
 *
 * | opcode | first | second |
 * |---|---|---|
 * | br_table | number of labels without the default | the default |
 * | loads and stores | alignment (exponent) | offset |
 * | lane instructions | lane | |
 * | lane loads and stores | alignment | offset |
 * | i32.const | value, signed | |
 * | call_indirect | type | table |
 * | table.init, table.copy | segment, destination | table, source |
 * | memory.init | segment | memory |
 * | block, loop, if, try, try_table | type index, or -1 where the type is written out | number of handlers |
 * | other indices | the index | |
 *
 * What an instruction does not have is 0.
 */
export interface CodeVisitor {
  /**
   * Before the first instruction of a body. `start` is behind the body's size; `code` behind its locals. False: its instructions are not
   * looked at.
   */
  body?(body: number, start: number, code: number, end: number): boolean | undefined;
  /** `body` counts from 0 in the code section (imported functions are not counted). */
  instruction(body: number, opcode: number, first: number, second: number, start: number, end: number): void;
}

/**
 * Walks every instruction of every function body, in order. Types and index bounds are not checked: that is the compiler's work.
 * What is checked is that bodies are made of known instructions, nest properly and end where they say.
 *
 * @param without bodies at the end that are left out: those that we appended ourselves, of instructions that guests may not have
 * @throws MalformedModule
 * @throws UnsupportedFeature naming the instruction and its offset
 */
export function walkCode(bytes: Uint8Array, sections: readonly Section[], visitor: CodeVisitor, without = 0): void {
  const reader = openSection(bytes, sections, SECTION.code);
  if (!reader) return;
  const count = reader.count("function bodies");
  for (let body = 0; body < count - without; body++) walkBody(reader, body, visitor);
  for (let body = count - without; body < count; body++) reader.skip(reader.u32());
  if (!reader.done) reader.fail("bytes left over after the function bodies");
}

function walkBody(reader: Reader, body: number, visitor: CodeVisitor): void {
  const size = reader.u32();
  const start = reader.skip(size);
  const end = reader.at;
  reader.at = start;
  skipLocals(reader);
  if (visitor.body?.(body, start, reader.at, end) === false) {
    reader.at = end;
    return;
  }
  for (let depth = 1; depth > 0; ) {
    if (reader.at >= end) throw new MalformedModule(`function body ${body} has no end at byte ${end}`);
    depth += step(reader, body, visitor);
  }
  if (reader.at !== end) throw new MalformedModule(`function body ${body} does not end where it says, at byte ${end}`);
}

const UNSEEN: CodeVisitor = { instruction: () => {} };

/** Moves past an initial value, of instructions that are allowed here, and its end. */
export function skipExpression(reader: Reader): void {
  for (let depth = 1; depth > 0; ) depth += step(reader, 0, UNSEEN);
}

function skipLocals(reader: Reader): void {
  const groups = reader.count("groups of locals");
  let total = 0;
  for (let i = 0; i < groups; i++) {
    total += reader.u32();
    if (total > LOCALS_MAX) reader.fail(`over ${LOCALS_MAX} locals`);
    skipType(reader);
  }
}

/** Reads one instruction, reports it, and returns how much deeper the nesting is behind it. */
function step(reader: Reader, body: number, visitor: CodeVisitor): -1 | 0 | 1 {
  const start = reader.at;
  let opcode = reader.byte();
  let form: number;
  if (opcode === 0xfc || opcode === 0xfd) {
    const number = reader.u32();
    form = number < 0x100 ? (FORMS[(opcode - 0xfb) * 0x100 + number] as number) : FORM.unknown;
    if (form === FORM.unknown) unsupported(refusedName(opcode, number), start);
    opcode = opcode * 0x100 + number;
  } else {
    form = FORMS[opcode] as number;
    if (form === FORM.unknown) {
      const prefixed = opcode === 0xfb || opcode === 0xfe;
      unsupported(prefixed ? refusedName(opcode, reader.u32()) : refusedName(undefined, opcode), start);
    }
  }
  let first = 0;
  let second = 0;
  switch (form) {
    case FORM.none:
      break;
    case FORM.block:
      first = blockType(reader);
      break;
    case FORM.index:
      first = reader.u32();
      break;
    case FORM.indexPair:
      first = reader.u32();
      second = reader.u32();
      break;
    case FORM.labels:
      first = reader.count("labels");
      for (let i = 0; i < first; i++) reader.u32();
      second = reader.u32();
      break;
    case FORM.address:
      first = alignment(reader);
      second = reader.offset();
      break;
    case FORM.addressLane:
      first = alignment(reader);
      second = reader.offset();
      reader.byte();
      break;
    case FORM.memory:
      onlyMemory(reader);
      break;
    case FORM.memoryPair:
      onlyMemory(reader);
      onlyMemory(reader);
      break;
    case FORM.segmentMemory:
      first = reader.u32();
      onlyMemory(reader);
      break;
    case FORM.i32:
      first = reader.i32();
      break;
    case FORM.i64:
      reader.skipI64();
      break;
    case FORM.f32:
      reader.skip(4);
      break;
    case FORM.f64:
      reader.skip(8);
      break;
    case FORM.v128:
      reader.skip(16);
      break;
    case FORM.lane:
      first = reader.byte();
      break;
    case FORM.valueTypes:
      first = reader.count("types");
      for (let i = 0; i < first; i++) skipType(reader);
      break;
    case FORM.heapType:
      heapType(reader);
      break;
    case FORM.handlers:
      first = blockType(reader);
      second = handlers(reader);
      break;
  }
  visitor.instruction(body, opcode, first, second, start, reader.at);
  switch (opcode) {
    case OPCODE.block:
    case OPCODE.loop:
    case OPCODE.if:
    case OPCODE.try:
    case OPCODE.tryTable:
      return 1;
    case OPCODE.end:
    case OPCODE.delegate:
      return -1;
    default:
      return 0;
  }
}

function unsupported(what: string, at: number): never {
  throw new UnsupportedFeature(`unsupported instruction ${what} at byte ${at}`);
}

function alignment(reader: Reader): number {
  const flags = reader.u32();
  // Bit 6 says that a memory's index follows.
  if (flags >= 64) unsupported("with several memories", reader.at - 1);
  return flags;
}

function onlyMemory(reader: Reader): void {
  const index = reader.u32();
  if (index !== 0) unsupported(`on memory ${index}`, reader.at - 1);
}

const EMPTY_BLOCK = 0x40;

/** A type index, or -1 for one of the written-out types. */
function blockType(reader: Reader): number {
  const byte = reader.bytes[reader.at];
  if (byte === EMPTY_BLOCK) {
    reader.byte();
    return -1;
  }
  // A byte in this range is a negative number of seven bits, hence a value type; everything else is a type index.
  if (byte !== undefined && byte > 0x40 && byte < 0x80) {
    skipType(reader);
    return -1;
  }
  const index = Number(reader.signed(33));
  return index < 0 ? reader.fail("malformed block type") : index;
}

function handlers(reader: Reader): number {
  const count = reader.count("handlers");
  for (let i = 0; i < count; i++) {
    const kind = reader.byte();
    if (kind > 3) reader.fail(`handler of unknown kind ${kind}`);
    if (kind < 2) reader.u32(); // catch, catch_ref: a tag
    reader.u32(); // label
  }
  return count;
}

/** Value and heap types by their byte, for messages about those that are refused. */
const GC_TYPES: Readonly<Record<number, string>> = {
  106: "arrayref",
  107: "structref",
  108: "i31ref",
  109: "eqref",
  110: "anyref",
  113: "nullref",
  104: "contref",
  117: "nullcontref",
};

const NUMBER_TYPES = [0x7f, 0x7e, 0x7d, 0x7c, 0x7b];
/** func, extern, exn and their bottoms. */
const HEAP_TYPES = [0x70, 0x6f, 0x69, 0x73, 0x72, 0x74];
const REFERENCE_NULL = 0x63;
const REFERENCE = 0x64;

/** Moves past a value type that is allowed here. */
export function skipType(reader: Reader): void {
  const at = reader.at;
  const code = reader.byte();
  if (NUMBER_TYPES.includes(code) || HEAP_TYPES.includes(code)) return;
  if (code === REFERENCE || code === REFERENCE_NULL) heapType(reader);
  else refuseType(code, at);
}

function heapType(reader: Reader): void {
  const at = reader.at;
  const code = reader.byte();
  if (HEAP_TYPES.includes(code)) return;
  if (code >= 0x40 && code < 0x80) refuseType(code, at);
  reader.at = at;
  if (reader.signed(33) < 0n) reader.fail("malformed heap type");
}

function refuseType(code: number, at: number): never {
  const name = GC_TYPES[code];
  if (name) throw new UnsupportedFeature(`unsupported type ${name} at byte ${at}`);
  throw new MalformedModule(`unknown type 0x${code.toString(16)} at byte ${at}`);
}
