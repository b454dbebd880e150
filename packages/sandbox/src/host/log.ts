import { LOG_LEVELS } from "../cell/log-writer.ts";
import type { GuestLog } from "../stop/log.ts";

/**
 * `log`, and everything that a guest prints: a level's number, then text.
 *
 * @returns whether the guest may go on; undefined for what no honest cell sends
 */
export function logCall(argument: Uint8Array, log: GuestLog): boolean | undefined {
  const level = LOG_LEVELS[argument[0] ?? -1];
  return level && log.append(level, argument.subarray(1));
}
