import type { GuestEnd } from "../cell/attempt.ts";
import { broken } from "./ending.ts";
import { decodeUtf8, type GuestMemory } from "./memory.ts";

/** What a `buffer` module exports, addresses as the 32-bit numbers that they are. */
export interface BufferExports {
  process(input: number, length: number, outputLength: number): number;
  allocate(size: number): number;
  deallocate(address: number, size: number): void;
}

const LENGTH_BYTES = 4;

/**
 * Enters a `buffer` module: bytes go to where `allocate` says; `process` returns where its result is, and writes the result's length
 * (32 bits, little-endian) to the third address. An empty input is given one byte of room, since many allocators have no answer for none.
 *
 * All that was allocated, and a result that has a length and a place of its own, are handed to `deallocate` when the result has been
 * copied. The attempt is not over before: what `deallocate` does wrong ends it like everything else.
 */
export function enterBuffer(guest: BufferExports, memory: GuestMemory, input: Uint8Array, outputBytes: number): GuestEnd {
  const size = Math.max(input.length, 1);
  const address = guest.allocate(size) >>> 0;
  const lengthAddress = guest.allocate(LENGTH_BYTES) >>> 0;
  const room = address === 0 ? undefined : memory.bytes(address, size);
  const lengthRoom = lengthAddress === 0 ? undefined : memory.bytes(lengthAddress, LENGTH_BYTES);
  if (!room || !lengthRoom) {
    const [asked, got] = room ? [LENGTH_BYTES, lengthAddress] : [size, address];
    return broken("AllocationFailed", `allocate(${asked}) returned ${got}, where there is no room`);
  }
  room.set(input);
  lengthRoom.fill(0);

  const result = guest.process(address, input.length, lengthAddress) >>> 0;
  const length = memory.view(lengthAddress, LENGTH_BYTES)?.getUint32(0, true) ?? 0;
  if (length > outputBytes) return { kind: "exhausted", limit: "output", used: length, max: outputBytes };
  const bytes = result === 0 && length > 0 ? undefined : memory.bytes(result, length);
  if (!bytes) return broken("InvalidOutput", `process returned ${result} with a length of ${length}, which is not in memory`);
  const output = bytes.slice();
  if (decodeUtf8(output) === undefined) return broken("InvalidOutput", "the text that process returned is not UTF-8");

  guest.deallocate(address, size);
  guest.deallocate(lengthAddress, LENGTH_BYTES);
  if (length > 0 && result !== address) guest.deallocate(result, length);
  return { kind: "completed", form: "text", output };
}
