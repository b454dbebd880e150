import type { GuestEnd } from "../cell/attempt.ts";
import { GUEST_TEXT_MAX, type GuestError, type TrapCode } from "../outcome.ts";

/** V8's messages for traps, by a part that is in no other. Source: `messages.h` of V8, the same since 2017 but for the tables'. */
const TRAPS: readonly (readonly [string, TrapCode])[] = [
  ["unreachable", "unreachable"],
  ["divide by zero", "division_by_zero"],
  ["remainder by zero", "division_by_zero"],
  ["divide result unrepresentable", "integer_overflow"],
  ["float unrepresentable", "integer_overflow"],
  ["signature mismatch", "indirect_call"],
  ["dereferencing a null pointer", "indirect_call"],
  ["rethrowing null value", "uncaught_exception"],
  ["out of bounds", "out_of_bounds"], // memory, tables and their segments
];

/**
 * How the guest ended that V8 threw `error` out of, or undefined if no guest can have caused it: then it is a mistake of ours. V8
 * does not tell how deep a stack was, so `used` and `max` are 0 for one that overflowed.
 */
export function endOfThrow(error: unknown): GuestEnd | undefined {
  if (error instanceof WebAssembly.RuntimeError) {
    const { message } = error;
    const trap = TRAPS.find(([part]) => message.includes(part))?.[1] ?? "other";
    return { kind: "trapped", trap, detail: message };
  }
  if (error instanceof RangeError && error.message === "Maximum call stack size exceeded") {
    return { kind: "exhausted", limit: "stack", used: 0, max: 0 };
  }
  if (error instanceof WebAssembly.Exception) return { kind: "trapped", trap: "uncaught_exception" };
  return undefined;
}

/** A guest that did not keep to the contract of its kind. The words are ours, and nothing of the guest's is in them. */
export function broken(name: "InvalidInput" | "InvalidOutput" | "AllocationFailed" | "ExitStatus", message: string): GuestEnd {
  return { kind: "failed", error: guestError(name, message) };
}

export function guestError(name: string, message: string): GuestError {
  return { name, message: message.slice(0, GUEST_TEXT_MAX), traceback: "" };
}
