import type { GuestEnd } from "../cell/attempt.ts";
import type { Json } from "../json.ts";
import type { Outcome } from "../outcome.ts";

/** Deeper than any result a person reads, and shallow enough for every recursive walk that comes after. */
const DEPTH_MAX = 512;

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Takes a guest's result. Its bytes are hostile: they are measured before they are decoded, and their nesting before they are parsed. What
 * comes out is plain data with own properties only (`__proto__` is a key like any other).
 */
export function acceptOutput(form: (GuestEnd & { kind: "completed" })["form"], bytes: Uint8Array, outputBytes: number): Outcome {
  if (bytes.length > outputBytes) return { kind: "exhausted", limit: "output", used: bytes.length, max: outputBytes };
  let text: string;
  try {
    text = strict.decode(bytes);
  } catch {
    return invalid("the output is not UTF-8");
  }
  if (form === "text") return { kind: "completed", output: text };
  if (depthOf(bytes) > DEPTH_MAX) return invalid(`the output is nested more than ${DEPTH_MAX} deep`);
  try {
    return { kind: "completed", output: JSON.parse(text) as Json };
  } catch {
    return invalid("the output is not JSON");
  }
}

function invalid(message: string): Outcome {
  return { kind: "failed", error: { name: "InvalidOutput", message, traceback: `InvalidOutput: ${message}` } };
}

/** The deepest nesting of brackets outside of strings; stops counting past the bound. */
function depthOf(json: Uint8Array): number {
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < json.length && deepest <= DEPTH_MAX; at++) {
    const byte = json[at];
    if (byte === 0x22) {
      for (at++; at < json.length && json[at] !== 0x22; at++) if (json[at] === 0x5c) at++;
    } else if (byte === 0x5b || byte === 0x7b) deepest = Math.max(deepest, ++depth);
    else if (byte === 0x5d || byte === 0x7d) depth--;
  }
  return deepest;
}
