import { type AttemptEnd, hostFailure } from "./attempt.ts";

/**
 * Bytes of memory, about, that the outputs and logs of one run may take. A document has thousands of steps, each of which may return what one
 * guest may; a process of Node's ends when its heap has 2 to 4 GiB.
 */
const KEPT_BYTES_MAX = 512 * 2 ** 20;

/** What V8 takes for a value besides the characters of texts and the members of lists and objects, generously. */
const VALUE_BYTES = 16;
const COLLECTION_BYTES = 48;

/** Counts what a run keeps until its end. */
export class Kept {
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax = KEPT_BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  /** The end of an attempt; one that there is no room for any more is a failure, and nothing of it is kept. */
  take(end: AttemptEnd): AttemptEnd {
    const { outcome, log, audit = [], metadata = {} } = end;
    const bytes = [outcome, metadata, ...log, ...audit].reduce((sum, part) => sum + sizeOf(part), 0);
    if (this.#bytes + bytes <= this.#bytesMax) {
      this.#bytes += bytes;
      return end;
    }
    const message = `Cannot keep what the step came to: the outputs and logs of a run may take ${this.#bytesMax} bytes of memory`;
    const { usage } = end;
    return { outcome: hostFailure("RunTooLarge", message), transient: false, ...(usage === undefined ? {} : { usage }), log: [] };
  }
}

/** Bytes of memory that a value of JSON takes, about. */
function sizeOf(value: unknown): number {
  if (typeof value === "string") return VALUE_BYTES + value.length;
  if (value === null || typeof value !== "object") return VALUE_BYTES;
  let bytes = COLLECTION_BYTES;
  if (Array.isArray(value)) for (const item of value as readonly unknown[]) bytes += sizeOf(item);
  else for (const [key, item] of Object.entries(value)) bytes += VALUE_BYTES + key.length + sizeOf(item);
  return bytes;
}
