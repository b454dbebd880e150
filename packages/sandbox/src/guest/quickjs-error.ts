import { GUEST_TEXT_MAX, type GuestError } from "../outcome.ts";
import { BOOT_FILENAME } from "../runtimes/javascript/engine.ts";

const NAME_MAX = 200;
/** A message that is longer is hardly read, and is in the traceback again. */
const MESSAGE_MAX = 4_000;
const TRACEBACK_MAX = GUEST_TEXT_MAX - MESSAGE_MAX - NAME_MAX;

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Reads what the boot program says of an error: name, message and traceback, with a NUL between them. Frames of the boot program are
 * left out, and line and column are those of the first frame in the user's code.
 */
export function readGuestError(description: Uint8Array, filename: string): GuestError {
  const text = decoder.decode(description);
  const first = text.indexOf("\0");
  const second = text.indexOf("\0", first + 1);
  const traceback = text
    .slice(second + 1)
    .split("\n")
    .filter((line) => !isOwnFrame(line))
    .join("\n");
  return {
    name: text.slice(0, first).slice(0, NAME_MAX),
    message: text.slice(first + 1, second).slice(0, MESSAGE_MAX),
    traceback: traceback.slice(0, TRACEBACK_MAX),
    ...placeIn(traceback, filename),
  };
}

function isOwnFrame(line: string): boolean {
  return line.startsWith("    at ") && line.includes(`${BOOT_FILENAME}:`);
}

const PLACE = /^(\d{1,9}):(\d{1,9})\)?$/;

/** Frames are `    at name (file:line:column)` or `    at file:line:column`. */
function placeIn(traceback: string, filename: string): { line?: number; column?: number } {
  for (const frame of traceback.split("\n")) {
    const at = frame.startsWith("    at ") ? frame.lastIndexOf(`${filename}:`) : -1;
    const place = at < 0 ? null : PLACE.exec(frame.slice(at + filename.length + 1));
    const line = Number(place?.[1]);
    if (line >= 1) return { line, column: Number(place?.[2]) };
  }
  return {};
}
