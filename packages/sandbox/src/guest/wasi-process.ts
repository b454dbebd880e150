import { ERRNO } from "./errno.ts";
import type { GuestMemory } from "./memory.ts";
import { putU64 } from "./wasi-layout.ts";
import type { WasiSession } from "./wasi-session.ts";

// The functions of preview 1 about the process: what it was started with, clocks, randomness, its end. Each returns an errno.

const RANDOM_BYTES_MAX = 2 ** 20;
const CLOCK = { realtime: 0, monotonic: 1, processCpu: 2, threadCpu: 3 } as const;
const CLOCK_STEP_NS = 1_000_000n;

/** Signals in the order of their numbers, from 1. Source: `signal` in `wasi_snapshot_preview1.witx`. */
const SIGNALS =
  "HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH POLL PWR SYS".split(
    " ",
  );
/** Those that a process which does nothing about them survives. One that would stop has nobody to continue it. */
const SURVIVED: ReadonlySet<string> = new Set(["CHLD", "CONT", "URG", "WINCH"]);
const STOPPING: ReadonlySet<string> = new Set(["STOP", "TSTP", "TTIN", "TTOU"]);

function sizes(memory: GuestMemory, strings: readonly Uint8Array[], countOut: number, bytesOut: number): number {
  const count = memory.view(countOut, 4);
  const bytes = memory.view(bytesOut, 4);
  if (!count || !bytes) return ERRNO.EFAULT;
  count.setUint32(0, strings.length, true);
  bytes.setUint32(
    0,
    strings.reduce((sum, { length }) => sum + length, 0),
    true,
  );
  return 0;
}

/** Puts strings behind each other, and where each begins into a list. */
function strings(memory: GuestMemory, given: readonly Uint8Array[], list: number, buffer: number): number {
  const to = memory.view(list, given.length * 4);
  const into = memory.bytes(
    buffer,
    given.reduce((sum, { length }) => sum + length, 0),
  );
  if (!to || !into) return ERRNO.EFAULT;
  let at = 0;
  for (const [index, text] of given.entries()) {
    to.setUint32(index * 4, (buffer >>> 0) + at, true);
    into.set(text, at);
    at += text.length;
  }
  return 0;
}

export function argsSizesGet({ started }: WasiSession, memory: GuestMemory, countOut: number, bytesOut: number): number {
  return sizes(memory, started.arguments, countOut, bytesOut);
}

export function argsGet({ started }: WasiSession, memory: GuestMemory, list: number, buffer: number): number {
  return strings(memory, started.arguments, list, buffer);
}

export function environSizesGet({ started }: WasiSession, memory: GuestMemory, countOut: number, bytesOut: number): number {
  return sizes(memory, started.environment, countOut, bytesOut);
}

export function environGet({ started }: WasiSession, memory: GuestMemory, list: number, buffer: number): number {
  return strings(memory, started.environment, list, buffer);
}

/** Nanoseconds that a clock shows; undefined where there is none of that number. CPU clocks tell the time that has passed. */
export function clockNs({ attempt }: WasiSession, clock: number): bigint | undefined {
  if (clock >>> 0 > CLOCK.threadCpu) return undefined;
  return clock === CLOCK.realtime ? attempt.wallClockNs() : attempt.monotonicNs();
}

/** Programs divide by the time that has passed between two readings: it is never none. The nanoseconds count readings, and tell no time. */
function advance({ toldNs }: WasiSession, clock: number, now: bigint): bigint {
  const before = toldNs.get(clock);
  const told = before === undefined || now > before ? now : before + 1n;
  toldNs.set(clock, told);
  return told;
}

export function clockResGet(_session: WasiSession, memory: GuestMemory, clock: number, out: number): number {
  return clock >>> 0 > CLOCK.threadCpu ? ERRNO.EINVAL : putU64(memory, out, CLOCK_STEP_NS);
}

export function clockTimeGet(session: WasiSession, memory: GuestMemory, clock: number, _precision: bigint, out: number): number {
  const now = clockNs(session, clock);
  if (now === undefined) return ERRNO.EINVAL;
  return putU64(memory, out, clock === CLOCK.realtime ? now : advance(session, clock, now));
}

export function randomGet({ attempt }: WasiSession, memory: GuestMemory, address: number, length: number): number {
  if (length >>> 0 > RANDOM_BYTES_MAX) return ERRNO.EINVAL;
  const bytes = memory.bytes(address, length);
  if (!bytes) return ERRNO.EFAULT;
  attempt.fillRandom(bytes);
  return 0;
}

export function procExit(session: WasiSession, _memory: GuestMemory, status: number): number {
  session.attempt.exitStatus = status >>> 0;
  if (status !== 0) session.logOutput();
  return session.end({ kind: "exited" });
}

/** There is nobody to send signals to but the guest itself, and nothing that it could have done about them. */
export function procRaise(session: WasiSession, _memory: GuestMemory, signal: number): number {
  if (signal === 0) return 0;
  const name = SIGNALS[signal - 1];
  if (name === undefined) return ERRNO.EINVAL;
  if (SURVIVED.has(name)) return 0;
  if (STOPPING.has(name)) return ERRNO.ENOTSUP;
  return session.end({ kind: "signal", name: `SIG${name}` });
}

export function schedYield(): number {
  return 0;
}
