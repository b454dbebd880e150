import type { AskedFunction, Attempt, HostAnswer } from "../cell/attempt.ts";
import { ANSWER, HOST_FUNCTION } from "../cell/frame.ts";
import { LOG_LEVELS } from "../cell/log-writer.ts";
import { ERRNO } from "./errno.ts";
import { logLine } from "./host-imports.ts";

const ASKED = new Map(Object.entries(HOST_FUNCTION).map(([name, number]) => [number as number, name]));
const HEAD_BYTES = 5;

/**
 * A file through which a guest calls the host. One write is one call: the function's number, then its argument. What is read after it is the
 * answer: a byte that tells its kind (`ANSWER`), its length (u32, little endian), its bytes. `log` has no answer.
 */
export class HostDevice {
  readonly #attempt: Attempt;
  #answer = new Uint8Array(0);
  #read = 0;

  constructor(attempt: Attempt) {
    this.#attempt = attempt;
  }

  write(from: Uint8Array): number {
    const name = ASKED.get(from[0] ?? 0);
    if (!name) return -ERRNO.EINVAL;
    if (name === "log") return this.#log(from);
    this.#answer = encodeAnswer(this.#attempt.call(name as AskedFunction, from.subarray(1)));
    this.#read = 0;
    return from.length;
  }

  read(into: Uint8Array): number {
    const part = this.#answer.subarray(this.#read, this.#read + into.length);
    into.set(part);
    this.#read += part.length;
    if (this.#read === this.#answer.length) this.#answer = new Uint8Array(0);
    return part.length;
  }

  #log(from: Uint8Array): number {
    const level = LOG_LEVELS[from[1] ?? -1];
    if (!level) return -ERRNO.EINVAL;
    this.#attempt.log(level, logLine(from.subarray(2), this.#attempt.limits.logBytes));
    return from.length;
  }
}

function encodeAnswer(answer: HostAnswer): Uint8Array<ArrayBuffer> {
  const bytes = answer.kind === "given" ? answer.bytes : new TextEncoder().encode(answer.kind === "failed" ? answer.message : "");
  const encoded = new Uint8Array(HEAD_BYTES + bytes.length);
  encoded[0] = ANSWER[answer.kind];
  new DataView(encoded.buffer).setUint32(1, bytes.length, true);
  encoded.set(bytes, HEAD_BYTES);
  return encoded;
}
