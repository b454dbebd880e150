import { ERRNO } from "../../guest/errno.ts";
import type { PythonHost, PythonSession } from "./session.ts";

const PAGE_BYTES = 65_536;
/** The C library asks page by page; growing costs the same for sixteen. */
const GROWTH_BYTES = 16 * PAGE_BYTES;
const RANDOM_BYTES_MAX = 2 ** 20;
const REASON_BYTES_MAX = 200;

/**
 * Grows linear memory to at least `requested` bytes, against the attempt's account. @returns 1, or 0 for a growth that was denied
 */
export function resizeHeap(session: PythonSession, requested: number): number {
  const { account, attempt } = session;
  const { memory } = session.memory;
  const size = memory.buffer.byteLength;
  const needed = Math.ceil((requested >>> 0) / PAGE_BYTES) * PAGE_BYTES - size;
  if (needed <= 0) return 1;
  const roomy = Math.ceil(needed / GROWTH_BYTES) * GROWTH_BYTES;
  for (const bytes of [roomy, needed]) {
    if (!account.take(bytes)) continue;
    try {
      memory.grow(bytes / PAGE_BYTES);
    } catch {
      account.giveBack(bytes); // beyond the memory's own maximum, or the host has no more
      continue;
    }
    attempt.memory.peakBytes = Math.max(attempt.memory.peakBytes, memory.buffer.byteLength);
    return 1;
  }
  attempt.memory.growthsDenied++;
  return 0;
}

export function heapMax(session: PythonSession): number {
  return session.memory.memory.buffer.byteLength + session.account.free;
}

export function randomGet(session: PythonSession, address: number, length: number): number {
  if (length >>> 0 > RANDOM_BYTES_MAX) return ERRNO.EINVAL;
  const bytes = session.memory.bytes(address, length);
  if (!bytes) return ERRNO.EFAULT;
  session.attempt.fillRandom(bytes);
  return 0;
}

/** There are no environment variables but those that were frozen with the interpreter. */
export function environSizesGet(session: PythonSession, countOut: number, bytesOut: number): number {
  const [count, bytes] = [session.memory.view(countOut, 4), session.memory.view(bytesOut, 4)];
  if (!count || !bytes) return ERRNO.EFAULT;
  count.setUint32(0, 0, true);
  bytes.setUint32(0, 0, true);
  return 0;
}

export function exit(session: PythonSession, status: number): never {
  session.attempt.exitStatus = status;
  return session.end({ kind: "exited" });
}

export function abort(session: PythonSession): never {
  return session.end({ kind: "aborted", detail: "abort() was called" });
}

export function assertionFailed(session: PythonSession, condition: number, file: number, line: number, _function: number): never {
  const text = (address: number) => {
    const bytes = session.memory.untilNul(address, REASON_BYTES_MAX);
    return bytes ? new TextDecoder().decode(bytes) : "?";
  };
  return session.end({ kind: "aborted", detail: `assertion failed: ${text(condition)} at ${text(file)}:${line}` });
}

/** For C functions that JavaScript would not return from: they throw, which here would be caught by the guest. */
export function bridgeFailed(session: PythonSession): never {
  return session.end({ kind: "aborted", detail: "the interpreter called for the JavaScript that it was frozen without" });
}

export function setUmask(session: PythonSession, mask: number): number {
  const before = session.umask;
  session.umask = mask & 0o777;
  return before;
}

/** The program's name: empty. */
export function programName(session: PythonSession, out: number, size: number): undefined {
  if (size > 0) session.memory.bytes(out, 1)?.fill(0);
}

/** Calls a table entry with C arguments. The guest chooses the entry, so nothing else happens here, before or after. */
export function callTable(host: PythonHost, index: number, ...given: number[]): unknown {
  const { table } = host;
  const entry: unknown = table && index >>> 0 < table.length ? table.get(index >>> 0) : null;
  if (typeof entry === "function") return (entry as (...given: number[]) => unknown)(...given);
  return host.session?.end({ kind: "aborted", detail: "a table entry was called that holds no function" });
}
