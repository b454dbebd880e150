import type { GuestEnd } from "../cell/attempt.ts";
import { broken } from "./ending.ts";
import { decodeUtf8, type GuestMemory } from "./memory.ts";

/** What a `text` module exports, addresses as the 32-bit numbers that they are. */
export interface TextExports {
  process(input: number): number;
  allocate(size: number): number;
  deallocate(address: number, size: number): void;
}

/**
 * Enters a `text` module: UTF-8 text, ended by a NUL, goes to where `allocate` says, and comes back from where `process` says.
 *
 * Both texts are handed to `deallocate` with their NUL counted, the result when it has been copied; one text that is both is handed
 * over once. The attempt is not over before: what `deallocate` does wrong ends it like everything else, as an endless loop there does.
 */
export function enterText(guest: TextExports, memory: GuestMemory, input: Uint8Array, outputBytes: number): GuestEnd {
  if (input.includes(0)) return broken("InvalidInput", "the input has a NUL character, which ends the text for a text module");
  const size = input.length + 1;
  const address = guest.allocate(size) >>> 0;
  const room = address === 0 ? undefined : memory.bytes(address, size);
  if (!room) return broken("AllocationFailed", `allocate(${size}) returned ${address}, where there is no room`);
  room.set(input);
  room[input.length] = 0;

  const result = guest.process(address) >>> 0;
  if (result === 0) return broken("InvalidOutput", "process returned a null pointer");
  const output = memory.untilNul(result, outputBytes);
  if (!output) {
    if (memory.bytes(result, outputBytes + 1)) return { kind: "exhausted", limit: "output", used: outputBytes + 1, max: outputBytes };
    return broken("InvalidOutput", `process returned ${result}, and no NUL ends the text there before the end of memory`);
  }
  if (decodeUtf8(output) === undefined) return broken("InvalidOutput", "the text that process returned is not UTF-8");

  guest.deallocate(address, size);
  if (result !== address) guest.deallocate(result, output.length + 1);
  return { kind: "completed", form: "text", output };
}
