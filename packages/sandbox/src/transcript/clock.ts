/**
 * What a guest saw of its clock: pairs of how many milliseconds later it was than before (the first: than when the guest was entered), and
 * how often in a row the guest looked and found it so. A guest that looks a million times within a millisecond is one pair.
 */
export type ClockReadings = readonly number[];

/** Pairs that are kept. A guest that does nothing but look at its clock makes one each millisecond: more than a minute. */
export const CLOCK_PAIRS_MAX = 65_536;
/** Two numbers of at most 7 bytes each. */
const CLOCK_BYTES_MAX = CLOCK_PAIRS_MAX * 14;

/** Notes readings, inside of the cell. */
export class ClockNotes {
  readonly #pairs: number[] = [];
  #last = 0;

  /** @param ms since the guest was entered, never less than the one before */
  note(ms: number): void {
    const pairs = this.#pairs;
    if (ms === this.#last && pairs.length > 0) {
      pairs[pairs.length - 1] = (pairs[pairs.length - 1] as number) + 1;
    } else if (pairs.length <= 2 * CLOCK_PAIRS_MAX) {
      pairs.push(ms - this.#last, 1);
      this.#last = ms;
    }
  }

  /** Undefined: there were more than are kept. */
  encode(): Uint8Array | undefined {
    return this.#pairs.length > 2 * CLOCK_PAIRS_MAX ? undefined : encodeReadings(this.#pairs);
  }
}

/** Gives readings again, one after the other. */
export class ClockPlayer {
  readonly #pairs: ClockReadings;
  #at = 0;
  #ms = 0;
  #left: number;

  constructor(pairs: ClockReadings) {
    this.#pairs = pairs;
    this.#ms = pairs[0] ?? 0;
    this.#left = pairs[1] ?? 0;
  }

  /** Milliseconds since the guest was entered; undefined: the guest has looked as often as it did then. */
  next(): number | undefined {
    while (this.#left === 0) {
      this.#at += 2;
      if (this.#at >= this.#pairs.length) return undefined;
      this.#ms += this.#pairs[this.#at] as number;
      this.#left = this.#pairs[this.#at + 1] as number;
    }
    this.#left--;
    return this.#ms;
  }

  /** The guest looked as often as it did then. */
  get finished(): boolean {
    return this.#left === 0 && this.#at + 2 >= this.#pairs.length;
  }
}

/** Numbers of 7 bits a byte, the lowest first, the highest bit set in all but the last (LEB128). */
export function encodeReadings(readings: ClockReadings): Uint8Array {
  const bytes = new Uint8Array(readings.length * 7);
  let at = 0;
  for (const reading of readings) {
    let left = reading;
    while (left > 0x7f) {
      bytes[at++] = (left % 128) | 0x80;
      left = Math.floor(left / 128);
    }
    bytes[at++] = left;
  }
  return bytes.subarray(0, at);
}

/** Undefined: no honest cell sends that. */
export function decodeReadings(bytes: Uint8Array): ClockReadings | undefined {
  if (bytes.length > CLOCK_BYTES_MAX) return undefined;
  const readings: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = bytes[at++];
      if (byte === undefined || scale > 2 ** 42) return undefined;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
      scale *= 128;
    }
    readings.push(value);
  }
  return areReadings(readings) ? readings : undefined;
}

/** Whether these could be a guest's readings: anyone may have written them. */
export function areReadings(value: unknown): value is ClockReadings {
  if (!Array.isArray(value) || value.length % 2 !== 0 || value.length > 2 * CLOCK_PAIRS_MAX) return false;
  let ms = 0;
  for (const [index, reading] of (value as readonly unknown[]).entries()) {
    if (typeof reading !== "number" || !Number.isSafeInteger(reading) || reading < 0) return false;
    if (index % 2 === 0) ms += reading;
    else if (reading === 0) return false;
  }
  return Number.isSafeInteger(ms);
}
