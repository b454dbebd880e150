import { readdirSync, readFileSync } from "node:fs";

/** From linux/fcntl.h, as `/proc/self/fdinfo` shows it: octal. */
const CLOSE_ON_EXEC = 0o2000000;

/**
 * Descriptors of ours that a process inherits which we start, besides those that it is given: whoever started us left them open, and Node
 * marks only the lowest of them. Empty where the system doesn't tell.
 *
 * @param from the lowest number that is not given
 */
export function inheritedDescriptors(from: number): number[] {
  try {
    return readdirSync("/proc/self/fd")
      .map(Number)
      .filter((number) => number >= from && isInherited(number));
  } catch {
    return []; // no /proc on this system
  }
}

function isInherited(number: number): boolean {
  try {
    const [, flags] = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${number}`, "latin1")) ?? [];
    return flags !== undefined && (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) === 0;
  } catch {
    return false; // it was that of the listing, for example
  }
}
