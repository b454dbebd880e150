import type { HostAttempt, HostReply } from "./host-function.ts";

/** `get_time`: nanoseconds since the Unix epoch, as 64 bits, little endian. The attempt's own clock, which moves by the millisecond. */
export function getTime(_argument: Uint8Array, attempt: HostAttempt): HostReply {
  const time = new Uint8Array(8);
  new DataView(time.buffer).setBigUint64(0, BigInt.asUintN(64, attempt.nowNs()), true);
  return { kind: "given", parts: [time] };
}
