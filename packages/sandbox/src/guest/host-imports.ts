import type { AskedFunction, Attempt, HostAnswer } from "../cell/attempt.ts";
import { LOG_LEVELS } from "../cell/log-writer.ts";
import type { HostImport } from "../wasm/host-imports.ts";
import { decodeUtf8, type GuestMemory } from "./memory.ts";

/** A line of log as it is written. What lies beyond the guest's limit, and ends it, is not copied. */
export function logLine(text: Uint8Array, logBytes: number): Uint8Array {
  const kept = text.subarray(0, logBytes + 1);
  const line = new Uint8Array(kept.length + 1);
  line.set(kept);
  line[kept.length] = 0x0a;
  return line;
}

/** What an import returns instead of a size. */
export const HOST_ERROR = { refused: -1, failed: -2, invalid: -3 } as const;

const EMPTY = new Uint8Array(0);
const HEAD_LENGTH_BYTES = 4;

/**
 * The host functions as modules import them. An answer is left here, and its size returned; `take_answer` copies it, as a whole or in parts.
 * Addresses and lengths are the guest's: what lies outside of its memory is refused, and nothing is copied that is larger than a call may be.
 */
export class HostImports {
  readonly #attempt: Attempt;
  #answer: Uint8Array = EMPTY;
  #taken = 0;

  constructor(attempt: Attempt) {
    this.#attempt = attempt;
  }

  call(name: HostImport, memory: GuestMemory, values: readonly number[]): number | bigint {
    const [first = 0, second = 0, third = 0, fourth = 0] = values;
    switch (name) {
      case "log":
        return this.#log(first, memory.bytes(second, third));
      case "read_input":
      case "http_read":
        return this.#ask(name, EMPTY);
      case "write_output":
      case "read_secret":
        return this.#ask(name, memory.bytes(first, second));
      case "get_time":
        return this.#attemptTime();
      case "http_request":
        return this.#request(memory.bytes(first, second), memory.bytes(third, fourth));
      case "open_file":
        return this.#open(memory.bytes(first, second));
      case "take_answer":
        return this.#take(memory.bytes(first, second));
    }
  }

  #log(level: number, text: Uint8Array | undefined): number {
    const name = LOG_LEVELS[level];
    if (!name || !text) return HOST_ERROR.invalid;
    this.#attempt.log(name, logLine(text, this.#attempt.limits.logBytes));
    return 0;
  }

  #ask(name: AskedFunction, argument: Uint8Array | undefined): number {
    return argument ? this.#settle(this.#attempt.call(name, argument)) : HOST_ERROR.invalid;
  }

  #settle(answer: HostAnswer): number {
    this.#taken = 0;
    this.#answer = EMPTY;
    switch (answer.kind) {
      case "given":
        this.#answer = answer.bytes;
        return answer.bytes.length;
      case "refused":
        return HOST_ERROR.refused;
      case "failed":
        this.#answer = new TextEncoder().encode(answer.message);
        return HOST_ERROR.failed;
    }
  }

  /** Milliseconds since the Unix epoch. */
  #attemptTime(): bigint {
    const answer = this.#attempt.call("get_time", EMPTY);
    if (answer.kind !== "given" || answer.bytes.length !== 8) return BigInt(HOST_ERROR.refused);
    return new DataView(answer.bytes.buffer, answer.bytes.byteOffset).getBigUint64(0, true) / 1_000_000n;
  }

  #request(head: Uint8Array | undefined, body: Uint8Array | undefined): number {
    if (!head || !body) return HOST_ERROR.invalid;
    const size = HEAD_LENGTH_BYTES + head.length + body.length;
    if (size > this.#attempt.callBytesMax) return this.#settle(this.#attempt.callTooLarge("http_request", size));
    const argument = new Uint8Array(size);
    new DataView(argument.buffer).setUint32(0, head.length, true);
    argument.set(head, HEAD_LENGTH_BYTES);
    argument.set(body, HEAD_LENGTH_BYTES + head.length);
    return this.#ask("http_request", argument);
  }

  #open(name: Uint8Array | undefined): number {
    const text = name && decodeUtf8(name);
    if (text === undefined) return HOST_ERROR.invalid;
    const content = this.#attempt.files.get(text);
    return this.#settle(content ? { kind: "given", bytes: content } : { kind: "failed", message: "there is no such file" });
  }

  #take(into: Uint8Array | undefined): number {
    if (!into) return HOST_ERROR.invalid;
    const part = this.#answer.subarray(this.#taken, this.#taken + into.length);
    into.set(part);
    this.#taken += part.length;
    return part.length;
  }
}
