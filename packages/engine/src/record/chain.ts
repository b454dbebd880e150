import { createHmac } from "node:crypto";

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
  readonly #key: Uint8Array;
  #last: string;

  constructor(key: Uint8Array, runId: string) {
    this.#key = key;
    this.#last = createHmac("sha256", key).update(`run\0${runId}`).digest("hex");
  }

  /** @param json an object with one member at least, as `JSON.stringify` writes it */
  sign(json: string): string {
    const rest = json.slice(1);
    this.#last = this.#code(rest);
    return BEFORE + this.#last + BEHIND + rest;
  }

  /** Whether a line is the one that was written behind the one before. After one that is not, none is. */
  check(line: Uint8Array): boolean {
    const head = Buffer.from(line.buffer, line.byteOffset, Math.min(line.length, HEAD_BYTES)).toString("latin1");
    const code = this.#code(line.subarray(HEAD_BYTES));
    if (head !== BEFORE + code + BEHIND) return false;
    this.#last = code;
    return true;
  }

  #code(rest: string | Uint8Array): string {
    return createHmac("sha256", this.#key).update(this.#last).update(rest).digest("hex");
  }
}
