import { encodeName, encodeU32, joinBytes, KIND, openSection, Reader, readVector, SECTION, writeModule } from "./binary.ts";
import { Writer } from "./bytes.ts";
import { skipType, walkCode } from "./code.ts";
import { OPCODE } from "./opcodes.ts";
import { type ModuleOutline, outlineModule } from "./outline.ts";
import { type BodyPlan, Planner, type Point, type Signature, type Signatures } from "./regions.ts";
import { OWN_EXPORTS } from "./rewrite.ts";
import { SIZED_WORK, type SizedWork } from "./weights.ts";

/**
 * The meter is one 64-bit number in a global of the module. Fuel stands in the upper 44 bits, signed: below zero there is none left. The
 * lower 20 bits are the stack that is left, in units of {@link STACK_UNIT_BYTES}; the highest of them is set when there is none. So one
 * subtraction and one look at two bits serve both, and a function that ends gives its stack back with one addition.
 *
 * Once either has run out, every function that is entered ends in a trap: the guest can't go on, whoever calls it.
 */
const STACK_BITS = 20;
const FUEL_UNIT = 2 ** STACK_BITS;
const STACK_MASK = FUEL_UNIT - 1;
const STACK_GUARD = 2 ** (STACK_BITS - 1);

export const STACK_UNIT_BYTES = 64;

/** The most that can be metered: 8.8e12, some hours. */
export const FUEL_MAX = 2 ** (63 - STACK_BITS) - 1;

/**
 * Stack that a metered guest has, as bytes of what V8's baseline compiler makes of each function: no compiler uses more. Cells have more
 * than that (cell/process.ts), so this limit, which is the same everywhere, is reached before V8's own, which is not.
 */
export const STACK_BYTES = 28 * 2 ** 20;

/** What the global is set to before a guest is entered. */
export function filled(fuel: number): bigint {
  return (BigInt(fuel) << BigInt(STACK_BITS)) | BigInt(STACK_BYTES / STACK_UNIT_BYTES);
}

export interface MeterReading {
  /** Fuel that is left; negative where more was spent than there was. */
  readonly fuel: number;
  readonly stackIsOut: boolean;
}

export function readMeter(value: bigint): MeterReading {
  const fuel = Number(value >> BigInt(STACK_BITS));
  return { fuel, stackIsOut: fuel >= 0 && (Number(value & BigInt(STACK_MASK)) & STACK_GUARD) !== 0 };
}

export interface MeterOptions {
  /** Functions at the end that are left as they are: ours, short, and without loops. */
  readonly without?: number;
  /** Bytes that the module may have. Default: as any. */
  readonly bytesMax?: number;
}

/**
 * The module with its fuel and its stack metered, and its meaning kept. Equal modules give equal bytes, and the same calls spend the same
 * fuel, wherever and however often they are compiled.
 *
 * Within a function the meter is in a local, which is what makes it quick; the global has its value while another function runs. What is
 * added stands behind all that is there, so no index moves. The start function is exported as {@link OWN_EXPORTS}`.start`, to be called
 * when the meter was set, which is 0 until then.
 *
 * Of a guest that ends in a trap, what it has spent is known as of the last loop, call or return before.
 *
 * The compiler must have accepted the module as it was.
 *
 * @throws MalformedModule
 * @throws UnsupportedFeature naming an instruction
 */
export function meterModule(bytes: Uint8Array, options: MeterOptions = {}): Uint8Array {
  const outline = outlineModule(bytes, options.bytesMax);
  const { sections } = outline;
  const types = readTypes(bytes, outline);
  const importedFunctions = outline.imports.filter((entry) => entry.kind === "function").length;
  const module: Signatures = { types, functions: outline.functions, importedFunctions, tags: readTags(bytes, outline) };
  const added = new Additions(outline, types);
  const code = new Writer(bytes.length * 2);
  const metered = new Writer(65_536);
  const planner = new Planner(bytes, module);
  let open: Body | undefined;
  const close = () => {
    if (!open) return;
    metered.clear();
    new BodyWriter(bytes, open, planner.finish(), added, metered).write();
    code.u32(metered.length);
    code.bytes(metered.view());
  };
  walkCode(
    bytes,
    sections,
    {
      body: (body, start, first, end) => {
        close();
        const type = outline.functions[importedFunctions + body] as number;
        open = { type, start, code: first, end };
        planner.begin(type);
      },
      instruction: (_body, opcode, first, second, start, end) => planner.instruction(opcode, first, second, start, end),
    },
    options.without,
  );
  close();
  const own = openSection(bytes, sections, SECTION.code);
  const count = own?.u32() ?? 0;
  const left = own && options.without ? bytes.subarray(open?.end ?? own.at, own.end) : [];

  const replaced = new Map<number, Uint8Array | null>([[SECTION.start, null]]);
  const extend = (id: number, entries: readonly (readonly number[] | Uint8Array)[]) => {
    if (entries.length === 0) return;
    const reader = openSection(bytes, sections, id);
    const present = reader?.u32() ?? 0;
    replaced.set(id, joinBytes([encodeU32(present + entries.length), reader ? bytes.subarray(reader.at, reader.end) : [], ...entries]));
  };
  extend(SECTION.type, added.types);
  extend(
    SECTION.function,
    added.bodies.map(() => encodeU32(added.sizedType)),
  );
  extend(SECTION.global, [[I64, 1, 0x42, 0, OPCODE.end]]);
  const exports = [[...encodeName(OWN_EXPORTS.meter), KIND.global, ...encodeU32(added.meter)]];
  if (outline.start !== undefined) exports.push([...encodeName(OWN_EXPORTS.start), KIND.function, ...encodeU32(outline.start)]);
  extend(SECTION.export, exports);
  if (count > 0) replaced.set(SECTION.code, joinBytes([encodeU32(count + added.bodies.length), code.view(), left, ...added.bodies]));
  return writeModule(bytes, sections, replaced);
}

interface OwnSignature extends Signature {
  /** The results as they stand in the binary, their number included. */
  readonly encodedResults: Uint8Array;
}

function readTypes(bytes: Uint8Array, { sections }: ModuleOutline): OwnSignature[] {
  const reader = openSection(bytes, sections, SECTION.type);
  if (!reader) return [];
  const values = () => {
    const count = reader.u32();
    for (let i = 0; i < count; i++) skipType(reader);
    return count;
  };
  return readVector(reader, "types", () => {
    reader.byte();
    const parameters = values();
    const start = reader.at;
    const results = values();
    return { parameters, results, encodedResults: bytes.subarray(start, reader.at) };
  });
}

function readTags(bytes: Uint8Array, { imports, sections }: ModuleOutline): number[] {
  const reader = openSection(bytes, sections, SECTION.tag);
  const tag = (from: Reader) => {
    from.byte();
    return from.u32();
  };
  const own = reader ? readVector(reader, "tags", () => tag(reader)) : [];
  return [...imports.flatMap((entry) => (entry.kind === "tag" ? [entry.type] : [])), ...own];
}

const I32 = 0x7f;
const I64 = 0x7e;
const V128 = 0x7b;
const EMPTY_BLOCK = 0x40;
const LOCAL_GET = 0x20;
const LOCAL_SET = 0x21;
const LOCAL_TEE = 0x22;
const GLOBAL_GET = 0x23;
const I64_CONST = 0x42;
const I64_LT_S = 0x53;
const I64_ADD = 0x7c;
const I64_SUB = 0x7d;
const I64_AND = 0x83;
const I64_OR = 0x84;
const SELECT = 0x1b;

/** `i64.const`s, with their values as signed LEB128. */
const CONST_ZERO = [I64_CONST, 0];
const CONST_STACK_MASK = [I64_CONST, 0xff, 0xff, 0x3f]; // 2^20 - 1
const CONST_FUEL_MASK = [I64_CONST, 0x80, 0x80, 0x40]; // -2^20
/** The signs of both: -2^63 + 2^19. */
const CONST_OUT_MASK = [I64_CONST, 0x80, 0x80, 0xa0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f];

/** Types, functions and the global that a module gets. */
class Additions {
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

interface Body {
  readonly type: number;
  /** Offsets of the locals' declarations, of the first instruction, and behind the last. */
  readonly start: number;
  readonly code: number;
  readonly end: number;
}

/** A function of so little work, which calls nothing, may do it before anyone looks at the meter. */
const TINY_WEIGHT = 64;
const TINY_UNITS = 4;

/** V8's own part of a frame: return address, frame pointer, instance, feedback and what the call spilled. */
const FRAME_BYTES = 96;

/** Writes one body with what its plan adds. */
class BodyWriter {
  readonly #bytes: Uint8Array;
  readonly #body: Body;
  readonly #plan: BodyPlan;
  readonly #added: Additions;
  readonly #out: Writer;
  readonly #locals: Locals;
  readonly #units: number;
  /** `local.get`, `local.set` and `local.tee` of the local that has the meter. */
  readonly #get: readonly number[];
  readonly #set: readonly number[];
  readonly #tee: readonly number[];

  constructor(bytes: Uint8Array, body: Body, plan: BodyPlan, added: Additions, out: Writer) {
    this.#bytes = bytes;
    this.#body = body;
    this.#plan = plan;
    this.#added = added;
    this.#out = out;
    this.#locals = readLocals(bytes, body.start, body.code);
    const count = added.parametersOf(body.type) + this.#locals.count;
    const slotBytes = plan.simd || added.wide || this.#locals.wide ? 16 : 8;
    this.#units = Math.ceil((FRAME_BYTES + slotBytes * (count + plan.height)) / STACK_UNIT_BYTES);
    const index = encodeU32(count);
    this.#get = [LOCAL_GET, ...index];
    this.#set = [LOCAL_SET, ...index];
    this.#tee = [LOCAL_TEE, ...index];
  }

  write(): void {
    const { calls, loops, weight, regions } = this.#plan;
    const isTiny = !calls && !loops && weight <= TINY_WEIGHT && this.#units <= TINY_UNITS;
    if (isTiny && regions === 0) this.#writeFlat();
    else this.#writeWhole(isTiny);
  }

  /** One region, and nothing that could look at the meter in between. */
  #writeFlat(): void {
    const { start, code, end } = this.#body;
    const out = this.#out;
    out.copy(this.#bytes, start, code);
    out.bytes(this.#added.getMeter);
    this.#constant(this.#entryCharge * FUEL_UNIT);
    out.byte(I64_SUB);
    out.bytes(this.#added.setMeter);
    out.copy(this.#bytes, code, end);
  }

  get #entryCharge(): number {
    return this.#plan.entry.charge + this.#units;
  }

  #writeWhole(isTiny: boolean): void {
    const { code, end, type } = this.#body;
    const { leavesEarly, landsAtEnd, points } = this.#plan;
    const out = this.#out;
    this.#declareLocal();
    out.bytes(this.#added.getMeter);
    this.#constant(this.#entryCharge * FUEL_UNIT + (isTiny ? 0 : this.#units));
    out.byte(I64_SUB);
    if (isTiny) out.bytes(this.#set);
    else {
      out.bytes(this.#tee);
      out.bytes(CONST_OUT_MASK);
      out.bytes([I64_AND, ...CONST_ZERO, 0x52]); // i64.ne
      this.#endIfOut();
    }
    // A block in the place of the function's own label: whatever would leave the function comes by its end.
    if (leavesEarly) {
      out.byte(OPCODE.block);
      out.bytes(this.#added.blockType(type));
    }
    let copied = code;
    for (const point of points) {
      out.copy(this.#bytes, copied, point.at);
      copied = point.at;
      this.#point(point);
      if (point.kind === "return") copied++;
    }
    const last = end - 1; // the function's `end`
    out.copy(this.#bytes, copied, last);
    if (leavesEarly) out.byte(OPCODE.end);
    if (landsAtEnd) this.#merge();
    if (isTiny) this.#save();
    else this.#leave();
    out.byte(OPCODE.end);
  }

  #declareLocal(): void {
    const { groups, first } = this.#locals;
    this.#out.u32(groups + 1);
    this.#out.copy(this.#bytes, first, this.#body.code);
    this.#out.bytes([1, I64]);
  }

  #point({ kind, region, frame, number = 0 }: Point): void {
    const out = this.#out;
    switch (kind) {
      case "charge":
      case "chargeStale": {
        const charge = region?.charge ?? 0;
        if (charge === 0 && kind === "charge") return;
        out.bytes(kind === "charge" ? this.#get : this.#added.getMeter);
        if (charge > 0) {
          this.#constant(charge * FUEL_UNIT);
          out.byte(I64_SUB);
        }
        out.bytes(this.#set);
        return;
      }
      case "chargeLoop":
        if (frame?.caught) this.#merge();
        out.bytes(this.#get);
        this.#constant((region?.charge ?? 0) * FUEL_UNIT);
        out.bytes([I64_SUB, ...this.#tee, ...CONST_ZERO, I64_LT_S]);
        this.#endIfOut();
        return;
      case "save":
        this.#save();
        return;
      case "load":
        out.bytes(this.#added.getMeter);
        out.bytes(this.#set);
        return;
      case "land":
      case "merge":
        this.#merge();
        return;
      case "leave":
        this.#leave();
        return;
      case "return":
        out.byte(OPCODE.branch);
        out.u32(number);
        return;
      case "sized":
        out.bytes(this.#added.chargeSized(SIZED_WORK.get(number) as SizedWork));
        return;
    }
  }

  #constant(value: number): void {
    this.#out.byte(I64_CONST);
    this.#out.positive(value);
  }

  /** Takes a condition. A trap can't be caught, and with no stack left in the global nothing can be entered any more. */
  #endIfOut(): void {
    this.#out.bytes([OPCODE.if, EMPTY_BLOCK, ...this.#get, ...CONST_STACK_MASK, I64_OR, ...this.#added.setMeter]);
    this.#out.bytes([OPCODE.unreachable, OPCODE.end]);
  }

  #save(): void {
    this.#out.bytes(this.#get);
    this.#out.bytes(this.#added.setMeter);
  }

  #leave(): void {
    this.#out.bytes(this.#get);
    this.#constant(this.#units);
    this.#out.byte(I64_ADD);
    this.#out.bytes(this.#added.setMeter);
  }

  /**
   * Where an exception may have ended a callee: the global then has less fuel than the local, else it has more or as much. The stack is the
   * local's, since the callees are gone.
   */
  #merge(): void {
    const { getMeter } = this.#added;
    this.#out.bytes([...this.#get, ...getMeter, ...this.#get, ...getMeter, I64_LT_S, SELECT, ...CONST_FUEL_MASK, I64_AND]);
    this.#out.bytes([...this.#get, ...CONST_STACK_MASK, I64_AND, I64_OR, ...this.#set]);
  }
}

interface Locals {
  /** Declared ones, without the parameters. */
  readonly count: number;
  readonly groups: number;
  /** Offset behind the number of groups. */
  readonly first: number;
  readonly wide: boolean;
}

function readLocals(bytes: Uint8Array, start: number, end: number): Locals {
  const reader = new Reader(bytes, start, end);
  const groups = reader.u32();
  const first = reader.at;
  let count = 0;
  let wide = false;
  for (let i = 0; i < groups; i++) {
    count += reader.u32();
    wide ||= bytes[reader.at] === V128;
    skipType(reader);
  }
  return { count, groups, first, wide };
}
