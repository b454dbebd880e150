import { ERRNO } from "../../guest/errno.ts";
import type { PythonSession } from "./session.ts";

/** WASI's clock ids. A guest's CPU time isn't told to it: that would be a clock that the host doesn't control. */
const CLOCK = { realtime: 0, monotonic: 1, processCpu: 2, threadCpu: 3 } as const;
const RESOLUTION_NS = 1_000_000n;
const NS_PER_MS = 1_000_000n;

export function clockTimeGet(session: PythonSession, clock: number, _precision: bigint, out: number): number {
  const { attempt } = session;
  const now =
    clock === CLOCK.realtime
      ? attempt.wallClockNs()
      : clock > CLOCK.realtime && clock <= CLOCK.threadCpu
        ? attempt.monotonicNs()
        : undefined;
  if (now === undefined) return ERRNO.EINVAL;
  const view = session.memory.view(out, 8);
  if (!view) return ERRNO.EFAULT;
  view.setBigUint64(0, now, true);
  return 0;
}

export function clockResGet(session: PythonSession, clock: number, out: number): number {
  if (clock < CLOCK.realtime || clock > CLOCK.threadCpu) return ERRNO.EINVAL;
  const view = session.memory.view(out, 8);
  if (!view) return ERRNO.EFAULT;
  view.setBigUint64(0, RESOLUTION_NS, true);
  return 0;
}

/**
 * Milliseconds. The C library sleeps by asking for the time again and again, with no other call between: whoever does that is put to
 * sleep, a millisecond at first and then a little of what has passed, so that a long sleep costs no CPU and ends at most 3% late.
 */
export function now(session: PythonSession): number {
  const { attempt, waiting } = session;
  if (waiting.call + 1 !== session.calls) {
    waiting.sinceNs = attempt.monotonicNs();
  } else {
    const passed = attempt.monotonicNs() - waiting.sinceNs;
    attempt.sleepNs(passed / 32n > NS_PER_MS ? passed / 32n : NS_PER_MS);
  }
  waiting.call = session.calls;
  return Number(attempt.monotonicNs() / NS_PER_MS);
}

export function dateNow(session: PythonSession): number {
  return Number(session.attempt.wallClockNs() / NS_PER_MS);
}

/** Longest time that a guest is put to sleep for at once: it ends by its wall limit before. */
export function sleepMs(session: PythonSession, milliseconds: number): void {
  const bounded = Math.min(milliseconds, session.attempt.limits.wallMs + 1000);
  if (bounded > 0) session.attempt.sleepNs(BigInt(Math.ceil(bounded)) * NS_PER_MS);
}
