/**
 * The meter is one 64-bit number in a global of the module. Fuel stands in the upper 44 bits, signed: below zero there is none left. The
 * lower 20 bits are the stack that is left, in units of {@link STACK_UNIT_BYTES}; the highest of them is set when there is none. So one
 * subtraction and one look at two bits serve both, and a function that ends gives its stack back with one addition.
 *
 * Once either has run out, every function that is entered ends in a trap: the guest can't go on, whoever calls it.
 */
export const STACK_BITS = 20;
export const FUEL_UNIT = 2 ** STACK_BITS;
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
