import type { HostAttempt, HostReply } from "./host-function.ts";

/** `read_input`: this attempt's input, and no other's. */
export function readInput(_argument: Uint8Array, { input }: HostAttempt): HostReply {
  return { kind: "given", parts: [input] };
}
