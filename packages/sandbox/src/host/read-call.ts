import type { AskedFunction } from "../cell/attempt.ts";
import { CALL_TOO_LARGE, HOST_FUNCTION } from "../cell/frame.ts";

/** What a call frame asks for. */
export type ReadCall =
  | { readonly name: AskedFunction; readonly argument: Uint8Array }
  /** Its argument was too large to be sent, and is missing. */
  | { readonly name: AskedFunction; readonly argument: undefined; readonly bytes: number };

const FUNCTION_NAMES: ReadonlyMap<number, AskedFunction> = new Map(
  Object.entries(HOST_FUNCTION).flatMap(([name, number]) => (name === "log" ? [] : [[number, name as AskedFunction]])),
);

/** Undefined: no honest cell sends that. */
export function readCall(payload: Uint8Array): ReadCall | undefined {
  const name = FUNCTION_NAMES.get(payload[0] ?? 0);
  if (name) return { name, argument: payload.subarray(1) };
  if (payload[0] !== CALL_TOO_LARGE) return undefined;
  const large = FUNCTION_NAMES.get(payload[1] ?? 0);
  const bytes = payload.length === 10 ? new DataView(payload.buffer, payload.byteOffset).getFloat64(2, true) : Number.NaN;
  return large && Number.isSafeInteger(bytes) && bytes > 0 ? { name: large, argument: undefined, bytes } : undefined;
}
