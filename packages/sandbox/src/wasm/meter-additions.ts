import { encodeU32, joinBytes } from "./binary.ts";
import { STACK_BITS } from "./meter-layout.ts";
import { OPCODE } from "./opcodes.ts";
import type { ModuleOutline } from "./outline.ts";
import type { Signature } from "./regions.ts";
import type { SizedWork } from "./weights.ts";

export interface OwnSignature extends Signature {
  /** The results as they stand in the binary, their number included. */
  readonly encodedResults: Uint8Array;
}

const I32 = 0x7f;
export const I64 = 0x7e;
export const V128 = 0x7b;
export const EMPTY_BLOCK = 0x40;
export const LOCAL_GET = 0x20;
export const LOCAL_SET = 0x21;
export const LOCAL_TEE = 0x22;
const GLOBAL_GET = 0x23;
export const I64_CONST = 0x42;
export const I64_LT_S = 0x53;
export const I64_ADD = 0x7c;
export const I64_SUB = 0x7d;
export const I64_NE = 0x52;
export const I64_AND = 0x83;
export const I64_OR = 0x84;
export const SELECT = 0x1b;

/** `i64.const`s, with their values as signed LEB128. */
export const CONST_ZERO = [I64_CONST, 0];
export const CONST_STACK_MASK = [I64_CONST, 0xff, 0xff, 0x3f]; // 2^20 - 1
export const CONST_FUEL_MASK = [I64_CONST, 0x80, 0x80, 0x40]; // -2^20
/** The signs of both: -2^63 + 2^19. */
export const CONST_OUT_MASK = [I64_CONST, 0x80, 0x80, 0xa0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f];

/** Types, functions and the global that a module gets. */
export class MeterAdditions {
  readonly types: (readonly number[] | Uint8Array)[] = [];
  readonly bodies: number[][] = [];
  /** Some function takes or returns 128-bit values, so that they may be on any stack. */
  readonly wide: boolean;
  readonly meter: number;
  readonly getMeter: readonly number[];
  readonly setMeter: readonly number[];
  readonly #outline: ModuleOutline;
  readonly #types: readonly OwnSignature[];
  readonly #blockTypes = new Map<number, readonly number[]>();
  readonly #sized = new Map<SizedWork, readonly number[]>();
  #sizedType: number | undefined;

  constructor(outline: ModuleOutline, types: readonly OwnSignature[]) {
    this.#outline = outline;
    this.#types = types;
    this.wide = outline.types.some((type) => type.includes("v"));
    this.meter = outline.globals;
    this.getMeter = [GLOBAL_GET, ...encodeU32(this.meter)];
    this.setMeter = [OPCODE.globalSet, ...encodeU32(this.meter)];
  }

  parametersOf(type: number): number {
    return this.#types[type]?.parameters ?? 0;
  }

  /** A block that leaves what a function of this type returns. */
  blockType(type: number): readonly number[] {
    const known = this.#blockTypes.get(type);
    if (known) return known;
    const { results, encodedResults } = this.#types[type] as OwnSignature;
    const encoded =
      results === 0
        ? [EMPTY_BLOCK]
        : results === 1 && encodedResults.length === 2
          ? [encodedResults[1] as number]
          : encodeTypeIndex(this.#type(joinBytes([[0x60, 0], encodedResults])));
    this.#blockTypes.set(type, encoded);
    return encoded;
  }

  /** Of the functions in {@link bodies}. */
  get sizedType(): number {
    this.#sizedType ??= this.#type([0x60, 1, I32, 1, I32]);
    return this.#sizedType;
  }

  /** Calls a function that charges for its argument and returns it. */
  chargeSized(work: SizedWork): readonly number[] {
    const known = this.#sized.get(work);
    if (known) return known;
    const size = work.shift < 0 ? [LOCAL_GET, 0, 0x41, -work.shift, 0x76] : [LOCAL_GET, 0]; // i32.shr_u
    const max = work.max === undefined ? [] : [0x41, ...encodeS32(work.max)];
    const bounded = max.length === 0 ? size : [LOCAL_GET, 0, ...max, LOCAL_GET, 0, ...max, 0x49, SELECT]; // i32.lt_u
    const shift = STACK_BITS + Math.max(work.shift, 0);
    const body = [
      ...[1, 1, I64],
      ...this.getMeter,
      ...bounded,
      ...[0xad, I64_CONST, shift, 0x86], // i64.extend_i32_u, i64.shl
      ...[I64_SUB, LOCAL_TEE, 1, ...this.setMeter],
      ...[LOCAL_GET, 1, ...CONST_ZERO, I64_LT_S, OPCODE.if, EMPTY_BLOCK, OPCODE.unreachable, OPCODE.end],
      ...[LOCAL_GET, 0, OPCODE.end],
    ];
    this.sizedType; // its index is next
    const index = this.#outline.functions.length + this.bodies.push([...encodeU32(body.length), ...body]) - 1;
    const call = [OPCODE.call, ...encodeU32(index)];
    this.#sized.set(work, call);
    return call;
  }

  #type(encoded: readonly number[] | Uint8Array): number {
    return this.#types.length + this.types.push(encoded) - 1;
  }
}

function encodeS32(value: number): number[] {
  return value < 64 ? [value] : [(value & 127) | 128, ...encodeS32(value >> 7)];
}

/** A type index as a block type: a signed number that is not negative. */
function encodeTypeIndex(index: number): number[] {
  return encodeS32(index);
}
