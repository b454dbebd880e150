import { ALLOWED, OPCODE, slot } from "./opcodes.ts";

/**
 * What instructions cost in fuel, and what they leave on the operand stack. docs/fuel.md tells users the first.
 *
 * A weight says what an instruction costs about, in times of an addition. It is no measurement: it has to be the same for ever and
 * everywhere, and large enough that no instruction does much for little.
 */

/** An instruction that is not listed costs 1. */
const WEIGHTS: Readonly<Record<string, number>> = {
  // Nothing is executed for these.
  nop: 0,
  block: 0,
  loop: 0,
  else: 0,
  end: 0,
  try: 0,
  try_table: 0,
  catch: 0,
  catch_all: 0,
  delegate: 0,
  unreachable: 0,
  // Passing values, the jump, and coming back. What is called is charged when it is entered, for its frame too; the shortest functions are
  // not (meter-body.ts), and are paid for here.
  call: 10,
  return_call: 10,
  call_ref: 12,
  return_call_ref: 12,
  call_indirect: 12,
  return_call_indirect: 12,
  br_table: 2,
  // V8 makes an object, notes the stack, and looks for a handler frame by frame: one to two microseconds.
  throw: 1000,
  throw_ref: 1000,
  rethrow: 1000,
  // These ask the runtime.
  "memory.grow": 1000,
  "table.grow": 1000,
  "memory.init": 20,
  "memory.copy": 20,
  "memory.fill": 20,
  "table.init": 20,
  "table.copy": 20,
  "table.fill": 20,
  "table.set": 4,
};

const DIVISION = /^(i32|i64)\.(div|rem)_/;
const DIVISION_WEIGHT = 8;
const FLOAT_DIVISION = /\.(div|sqrt)$/;
const FLOAT_DIVISION_WEIGHT = 4;

/** For calls of imported functions, on top of the call: these leave WebAssembly. */
export const IMPORT_WEIGHT = 100;

/** Work whose amount is an operand: so much is charged for each unit (byte, page, entry) before it is done. */
export interface SizedWork {
  /** Fuel is `size * 2^shift`, or with a negative shift `size / 2^-shift`, rounded down. */
  readonly shift: number;
  /** Sizes above count as this one: no more can come of it. */
  readonly max: number | undefined;
}

/** Eight bytes cost one, a page 1024: pages cost most when they are touched. */
const BYTES: SizedWork = { shift: -3, max: undefined };
const PAGES: SizedWork = { shift: 10, max: 65_536 };
const ENTRIES: SizedWork = { shift: 0, max: 10_000_000 };

/** Instructions whose topmost operand is an amount of work. */
export const SIZED_WORK: ReadonlyMap<number, SizedWork> = new Map([
  [OPCODE.memoryInit, BYTES],
  [OPCODE.memoryCopy, BYTES],
  [OPCODE.memoryFill, BYTES],
  [OPCODE.memoryGrow, PAGES],
  [OPCODE.tableInit, ENTRIES],
  [OPCODE.tableCopy, ENTRIES],
  [OPCODE.tableFill, ENTRIES],
  [OPCODE.tableGrow, ENTRIES],
]);

const PUSHING = /^(local\.get|global\.get|memory\.size|table\.size|ref\.null|ref\.func|\w+\.const)$/;
const STORING = /\.store/;
const LOADING_LANE = /\.load\d+_lane$/;
const KEEPING =
  /^(nop|local\.tee|table\.get|memory\.grow|ref\.is_null|ref\.as_non_null|br_on_null|data\.drop|elem\.drop)$|\.(load|eqz|clz|ctz|popcnt|abs|neg|ceil|floor|trunc|nearest|sqrt|wrap|extend|convert|demote|promote|reinterpret|extract_lane|not$|any_true|all_true|bitmask|extadd|splat)/;
const TAKING: Readonly<Record<string, number>> = {
  drop: -1,
  select: -2,
  "local.set": -1,
  "global.set": -1,
  "table.set": -2,
  "table.grow": -1,
  "memory.init": -3,
  "memory.copy": -3,
  "memory.fill": -3,
  "table.init": -3,
  "table.copy": -3,
  "table.fill": -3,
  br_if: -1,
  br_on_non_null: -1,
  "v128.bitselect": -2,
};

/** By how much an instruction makes the operand stack higher; those whose types are in the module are left to the caller (0 here). */
function effectOf(name: string): number {
  if (Object.hasOwn(TAKING, name)) return TAKING[name] as number;
  if (PUSHING.test(name)) return 1;
  if (STORING.test(name)) return -2;
  if (LOADING_LANE.test(name)) return -1;
  if (KEEPING.test(name)) return 0;
  return name.includes(".") ? -1 : 0; // two operands, one result; or control
}

function weightOf(name: string): number {
  if (Object.hasOwn(WEIGHTS, name)) return WEIGHTS[name] as number;
  if (DIVISION.test(name)) return DIVISION_WEIGHT;
  return FLOAT_DIVISION.test(name) ? FLOAT_DIVISION_WEIGHT : 1;
}

/** By {@link slot} of the opcode. */
export const WEIGHT: Uint16Array = new Uint16Array(0x400);
/** By {@link slot} of the opcode. */
export const STACK_EFFECT: Int8Array = new Int8Array(0x400);
for (const [opcode, name] of ALLOWED) {
  WEIGHT[slot(opcode)] = weightOf(name);
  STACK_EFFECT[slot(opcode)] = effectOf(name);
}
