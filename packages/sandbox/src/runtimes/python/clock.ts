import { ERRNO } from "../../guest/errno.ts";
import type { PythonSession } from "./session.ts";

/** WASI's clock ids. A guest's CPU time isn't told to it: that would be a clock that the host doesn't control. */
const CLOCK = { realtime: 0, monotonic: 1, processCpu: 2, threadCpu: 3 } as const;
const RESOLUTION_NS = 1_000_000n;
const NS_PER_MS = 1_000_000n;
/** So often within a millisecond nobody looks at a clock who does anything else. */
const LOOKS_MAX = 1000;

export function clockTimeGet(session: PythonSession, clock: number, _precision: bigint, out: number): number {
  const { attempt } = session;
  noticeWaiting(session, LOOKS_MAX);
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

/** Milliseconds. The C library asks for them when it sleeps, and for nothing else. */
export function now(session: PythonSession): number {
  noticeWaiting(session, 0);
  return Number(session.attempt.monotonicNs() / NS_PER_MS);
}

/**
 * Without threads, the C library can wait in one way only: it looks at a clock again and again, and calls nothing else. Who has looked
 * more than `patience` times within a millisecond is put to sleep until the next, or, where it is known to be asleep, for a little of
 * what has passed: a long sleep costs hardly any CPU, and ends at most 3% late.
 */
function noticeWaiting({ attempt, waiting, calls }: PythonSession, patience: number): void {
  const nowNs = attempt.monotonicNs();
  if (waiting.call + 1 !== calls) {
    waiting.sinceNs = nowNs;
    waiting.looks = 0;
  } else if (nowNs !== waiting.lookedNs && patience > 0) {
    waiting.looks = 0;
  } else if (++waiting.looks > patience) {
    const passed = patience > 0 ? 0n : (nowNs - waiting.sinceNs) / 32n;
    attempt.sleepNs(passed > NS_PER_MS ? passed : NS_PER_MS);
    waiting.looks = 0;
  }
  waiting.call = calls;
  waiting.lookedNs = nowNs;
}

export function dateNow(session: PythonSession): number {
  return Number(session.attempt.wallClockNs() / NS_PER_MS);
}

/** Longest time that a guest is put to sleep for at once: it ends by its wall limit before. */
export function sleepMs(session: PythonSession, milliseconds: number): void {
  const bounded = Math.min(milliseconds, session.attempt.limits.wallMs + 1000);
  if (bounded > 0) session.attempt.sleepNs(BigInt(Math.ceil(bounded)) * NS_PER_MS);
}
