import { encodeU32, Reader } from "./binary.ts";
import type { Writer } from "./bytes.ts";
import { skipType } from "./code.ts";
import {
  CONST_FUEL_MASK,
  CONST_OUT_MASK,
  CONST_STACK_MASK,
  CONST_ZERO,
  EMPTY_BLOCK,
  I64,
  I64_ADD,
  I64_AND,
  I64_CONST,
  I64_LT_S,
  I64_NE,
  I64_OR,
  I64_SUB,
  LOCAL_GET,
  LOCAL_SET,
  LOCAL_TEE,
  type MeterAdditions,
  SELECT,
  V128,
} from "./meter-additions.ts";
import { FUEL_UNIT, STACK_UNIT_BYTES } from "./meter-layout.ts";
import { OPCODE } from "./opcodes.ts";
import type { BodyPlan, Point } from "./regions.ts";
import { SIZED_WORK, type SizedWork } from "./weights.ts";

export interface Body {
  readonly index: number;
  readonly type: number;
  /** Offsets of the locals' declarations, of the first instruction, and behind the last. */
  readonly start: number;
  readonly code: number;
  readonly end: number;
}

/**
 * A function that calls nothing, goes back to nothing, and is as short as that, is left as it is: calls cost enough for it (weights.ts).
 * Many are as short: what compares, what reads a field.
 */
const FREE_WEIGHT = 24;
const FREE_UNITS = 4;

/** V8's own part of a frame: return address, frame pointer, instance, feedback and what the call spilled. */
const FRAME_BYTES = 96;

/** What a frame takes of the stack, and costs in fuel: its slots are cleared and filled. @param slots locals with the parameters */
export function frameUnits(slots: number, { height, passed }: Pick<BodyPlan, "height" | "passed">, slotBytes: 8 | 16): number {
  return Math.ceil((FRAME_BYTES + slotBytes * (slots + height + passed)) / STACK_UNIT_BYTES);
}

/** Whether a body of that plan may stay as it is. */
export function isFree({ calls, loops, weight }: BodyPlan, units: number): boolean {
  return !calls && !loops && weight <= FREE_WEIGHT && units <= FREE_UNITS;
}

/** Writes one body with what its plan adds. */
export class BodyWriter {
  readonly #bytes: Uint8Array;
  readonly #body: Body;
  readonly #plan: BodyPlan;
  readonly #added: MeterAdditions;
  readonly #out: Writer;
  readonly #locals: Locals;
  readonly #units: number;
  /** `local.get`, `local.set` and `local.tee` of the local that has the meter. */
  readonly #get: readonly number[];
  readonly #set: readonly number[];
  readonly #tee: readonly number[];

  constructor(bytes: Uint8Array, body: Body, plan: BodyPlan, added: MeterAdditions, out: Writer) {
    this.#bytes = bytes;
    this.#body = body;
    this.#plan = plan;
    this.#added = added;
    this.#out = out;
    this.#locals = readLocals(bytes, body.start, body.code);
    const count = added.parametersOf(body.type) + this.#locals.count;
    this.#units = frameUnits(count, plan, plan.simd || added.wide || this.#locals.wide ? 16 : 8);
    const index = encodeU32(count);
    this.#get = [LOCAL_GET, ...index];
    this.#set = [LOCAL_SET, ...index];
    this.#tee = [LOCAL_TEE, ...index];
  }

  get isFree(): boolean {
    return isFree(this.#plan, this.#units);
  }

  write(isFree: boolean): void {
    if (isFree) this.#out.copy(this.#bytes, this.#body.start, this.#body.end);
    else this.#writeMetered();
  }

  #writeMetered(): void {
    const { code, end, type } = this.#body;
    const { entry, leavesEarly, landsAtEnd, points } = this.#plan;
    const out = this.#out;
    this.#declareLocal();
    out.bytes(this.#added.getMeter);
    this.#constant((entry.charge + this.#units) * FUEL_UNIT + this.#units);
    out.bytes([I64_SUB, ...this.#tee, ...CONST_OUT_MASK, I64_AND, ...CONST_ZERO, I64_NE]);
    this.#endIfOut();
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
    this.#leave();
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
        // Kept in the global, too: it costs next to nothing, and a guest that ends in a trap has then spent what it has, within one round.
        out.bytes([I64_SUB, ...this.#tee, ...this.#added.setMeter, ...this.#get, ...CONST_ZERO, I64_LT_S]);
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
