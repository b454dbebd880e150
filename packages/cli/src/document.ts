import { closeSync, openSync, readSync } from "node:fs";
import { Refusal } from "./exit.ts";
import { stateOf } from "./input.ts";

/** One more than a document may have (`DOCUMENT_BYTES_MAX`), so that the loader sees that there is more. The engine is not loaded yet. */
const BYTES_READ = 2 ** 20 + 1;

/** @throws Refusal where there is no such file, or it can't be read */
export function readDocument(file: string): string {
  let bytes: Buffer;
  try {
    bytes = readStart(file);
  } catch (cause) {
    throw new Refusal(`Cannot read ${file}: ${stateOf(cause)}`, undefined, { cause });
  }
  // A character that was cut in half ends a document that is refused for its size.
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}

function readStart(file: string): Buffer {
  const descriptor = openSync(file, "r");
  try {
    let bytes = Buffer.allocUnsafe(16_384);
    for (let filled = 0; ; ) {
      const length = readSync(descriptor, bytes, filled, bytes.length - filled, null);
      filled += length;
      if (length === 0 || filled >= BYTES_READ) return bytes.subarray(0, filled);
      if (filled === bytes.length) bytes = Buffer.concat([bytes, Buffer.allocUnsafe(Math.min(bytes.length, BYTES_READ - filled))]);
    }
  } finally {
    closeSync(descriptor);
  }
}
