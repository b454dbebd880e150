import { createHmac, createSecretKey, type KeyObject } from "node:crypto";

/*
 * Each line of a record is one JSON object whose first member is the line's code: `{"mac":"<64 digits>",` and the rest. The code is
 * HMAC-SHA-256 over the code before it and the bytes of the rest, the first one over the run's id. So no line can be changed, left out, put in
 * or moved without the key, and no record can stand in another's place; only its end can be cut off.
 */

const BEFORE = '{"mac":"';
const BEHIND = '",';
const DIGITS = 64;
/** Bytes of a line in front of the rest. */
export const HEAD_BYTES = BEFORE.length + DIGITS + BEHIND.length;

/** Makes and checks the codes of one record's lines, from the first on. */
export class Chain {
  /** Made once: a line's code takes a third less than with the bytes. */
  readonly #key: KeyObject;
  #last: string;

  constructor(key: Uint8Array, runId: string) {
    this.#key = createSecretKey(key);
    this.#last = createHmac("sha256", this.#key).update(`run\0${runId}`).digest("hex");
  }

  /**
   * What stands in front of a line's rest, in ASCII.
   * @param rest of an object with one member at least, as `JSON.stringify` writes it, without the brace that opens it
   */
  sign(rest: Uint8Array): string {
    this.#last = this.#code(rest);
    return BEFORE + this.#last + BEHIND;
  }

  /** Whether a line is the one that was written behind the one before. After one that is not, none is. */
  check(line: Uint8Array): boolean {
    const head = Buffer.from(line.buffer, line.byteOffset, Math.min(line.length, HEAD_BYTES)).toString("latin1");
    const code = this.#code(line.subarray(HEAD_BYTES));
    if (head !== BEFORE + code + BEHIND) return false;
    this.#last = code;
    return true;
  }

  #code(rest: Uint8Array): string {
    return createHmac("sha256", this.#key).update(this.#last).update(rest).digest("hex");
  }
}
