import { Refusal } from "./exit.ts";
import { stateOf } from "./input.ts";
import { readStart } from "./read-start.ts";

/** One more than a document may have (`DOCUMENT_BYTES_MAX`), so that the loader sees that there is more. The engine is not loaded yet. */
const BYTES_READ = 2 ** 20 + 1;

/** @throws Refusal where there is no such file, or it can't be read */
export function readDocument(file: string): string {
  let bytes: Buffer;
  try {
    bytes = readStart(file, BYTES_READ);
  } catch (cause) {
    throw new Refusal(`Cannot read ${file}: ${stateOf(cause)}`, undefined, { cause });
  }
  // A character that was cut in half ends a document that is refused for its size.
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}
