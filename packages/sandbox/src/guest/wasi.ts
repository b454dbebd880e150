import { PREVIEW1, type Preview1Name } from "../wasm/preview1.ts";
import { ERRNO } from "./errno.ts";
import type { GuestMemory } from "./memory.ts";
import { trap } from "./trap.ts";
import type { WasiSession } from "./wasi-session.ts";

/** What the imports of one instance act on. The imports are made once; the session is new for each attempt. */
export interface WasiHost {
  readonly memory: GuestMemory;
  /** Of the attempt that is inside. Without one no import that does anything can be called: it ends in a trap. */
  session: WasiSession | undefined;
}

type Call = (host: WasiHost, session: WasiSession, ...given: never[]) => number;

const CLOCK = { realtime: 0, monotonic: 1, threadCpu: 3 } as const;
const CLOCK_RESOLUTION_NS = 1_000_000n;
const RANDOM_BYTES_MAX = 2 ** 20;
const VECTORS_MAX = 1024;
const SUBSCRIPTIONS_MAX = 1024;

/** What of preview 1 does something. Numbers come as WebAssembly passes them: signed. Each returns an errno. */
const CALLS: Partial<Record<Preview1Name, Call>> = {
  args_sizes_get: noStrings,
  args_get: () => 0,
  environ_sizes_get: noStrings,
  environ_get: () => 0,

  clock_time_get({ memory }, { attempt }, clock: number, _precision: bigint, out: number) {
    const now = timeOf(attempt, clock);
    const view = memory.view(out, 8);
    if (now === undefined) return ERRNO.EINVAL;
    if (!view) return ERRNO.EFAULT;
    view.setBigUint64(0, now, true);
    return 0;
  },

  clock_res_get({ memory }, { attempt }, clock: number, out: number) {
    const view = memory.view(out, 8);
    if (timeOf(attempt, clock) === undefined) return ERRNO.EINVAL;
    if (!view) return ERRNO.EFAULT;
    view.setBigUint64(0, CLOCK_RESOLUTION_NS, true);
    return 0;
  },

  random_get({ memory }, { attempt }, address: number, length: number) {
    if (length >>> 0 > RANDOM_BYTES_MAX) return ERRNO.EINVAL;
    const bytes = memory.bytes(address, length);
    if (!bytes) return ERRNO.EFAULT;
    attempt.fillRandom(bytes);
    return 0;
  },

  fd_read(host, { descriptors }, descriptor: number, vectors: number, count: number, out: number) {
    const file = descriptors.get(descriptor);
    return file ? transfer(host, vectors, count, out, (part) => file.read(part)) : ERRNO.EBADF;
  },

  fd_write(host, { descriptors }, descriptor: number, vectors: number, count: number, out: number) {
    const file = descriptors.get(descriptor);
    return file ? transfer(host, vectors, count, out, (part) => file.write(part)) : ERRNO.EBADF;
  },

  fd_close(_host, { descriptors }, descriptor: number) {
    return -descriptors.close(descriptor);
  },

  fd_seek({ memory }, { descriptors }, descriptor: number, offset: bigint, whence: number, out: number) {
    const file = descriptors.get(descriptor);
    const view = memory.view(out, 8);
    if (!file) return ERRNO.EBADF;
    if (!view) return ERRNO.EFAULT;
    const position = file.seek(offset, whence);
    if (position < 0) return -position;
    view.setBigUint64(0, BigInt(position), true);
    return 0;
  },

  fd_fdstat_get({ memory }, { descriptors }, descriptor: number, out: number) {
    const [CHARACTER_DEVICE, RIGHT_READ, RIGHT_WRITE] = [2, 1n << 1n, 1n << 6n];
    const file = descriptors.get(descriptor);
    const view = memory.view(out, 24);
    if (!file) return ERRNO.EBADF;
    if (!view) return ERRNO.EFAULT;
    for (let at = 0; at < 24; at += 8) view.setBigUint64(at, 0n, true); // no flags, nothing is inherited
    view.setUint8(0, CHARACTER_DEVICE);
    view.setBigUint64(8, (file.access.read ? RIGHT_READ : 0n) | (file.access.write ? RIGHT_WRITE : 0n), true);
    return 0;
  },

  fd_prestat_get: () => ERRNO.EBADF, // no directory is open

  poll_oneoff: poll,
  sched_yield: () => 0,

  proc_exit(_host, session, status: number) {
    session.attempt.exitStatus = status >>> 0;
    return session.end({ kind: "exited" });
  },
};

/** All names of preview 1, for one instance. Those that {@link CALLS} lacks return ENOSYS. */
export function wasiImports(host: WasiHost): Record<Preview1Name, (...given: never[]) => unknown> {
  const imports = {} as Record<Preview1Name, (...given: never[]) => unknown>;
  for (const name of Object.keys(PREVIEW1) as Preview1Name[]) {
    const call = CALLS[name];
    imports[name] = call ? (...given: never[]) => guarded(host, call, given) : () => ERRNO.ENOSYS;
  }
  return imports;
}

function guarded(host: WasiHost, call: Call, given: never[]): number {
  const { session } = host;
  if (!session || session.attempt.over) return trap();
  try {
    return call(host, session, ...given);
  } catch (error) {
    // Ours, not the guest's: it might catch it and go on with an import half done. The trap of session.end() has noted its reason.
    return session.end({ kind: "fault", error });
  }
}

/** A guest's CPU time isn't told to it: that would be a clock that the host doesn't control. */
function timeOf(attempt: WasiSession["attempt"], clock: number): bigint | undefined {
  if (clock === CLOCK.realtime) return attempt.wallClockNs();
  return clock >= CLOCK.monotonic && clock <= CLOCK.threadCpu ? attempt.monotonicNs() : undefined;
}

function noStrings({ memory }: WasiHost, _session: WasiSession, countOut: number, bytesOut: number): number {
  const [count, bytes] = [memory.view(countOut, 4), memory.view(bytesOut, 4)];
  if (!count || !bytes) return ERRNO.EFAULT;
  count.setUint32(0, 0, true);
  bytes.setUint32(0, 0, true);
  return 0;
}

/** Goes through a list of (address, length) until one gives less than was asked. The sum of what was given is written to `out`. */
function transfer({ memory }: WasiHost, vectors: number, count: number, out: number, move: (part: Uint8Array) => number): number {
  if (count >>> 0 > VECTORS_MAX) return ERRNO.EINVAL;
  const total = memory.view(out, 4);
  const list = memory.view(vectors, count * 8);
  if (!total || !list) return ERRNO.EFAULT;
  let moved = 0;
  for (let at = 0; at < count * 8; at += 8) {
    const part = memory.bytes(list.getUint32(at, true), list.getUint32(at + 4, true));
    if (!part) return ERRNO.EFAULT;
    const given = move(part);
    if (given < 0 && moved === 0) return -given;
    if (given > 0) moved += given;
    if (given < part.length) break;
  }
  total.setUint32(0, moved, true);
  return 0;
}

/**
 * Subscriptions of 48 bytes in, events of 32 bytes out. Descriptors never have to be waited for; of clocks, the earliest is slept for,
 * and told with all that are due by then.
 */
function poll({ memory }: WasiHost, session: WasiSession, subscriptions: number, events: number, count: number, out: number): number {
  const [SUBSCRIPTION_BYTES, EVENT_BYTES, TAG_CLOCK, ABSOLUTE] = [48, 32, 0, 1];
  if (count === 0 || count >>> 0 > SUBSCRIPTIONS_MAX) return ERRNO.EINVAL;
  const from = memory.view(subscriptions, count * SUBSCRIPTION_BYTES);
  const into = memory.view(events, count * EVENT_BYTES);
  const total = memory.view(out, 4);
  if (!from || !into || !total) return ERRNO.EFAULT;
  const { attempt, descriptors } = session;

  // The lists may overlap: everything is read before anything is written.
  const asked = Array.from({ length: count }, (_, index) => {
    const at = index * SUBSCRIPTION_BYTES;
    const userdata = from.getBigUint64(at, true);
    const tag = from.getUint8(at + 8);
    const id = from.getUint32(at + 16, true);
    if (tag !== TAG_CLOCK) return { userdata, tag, waitNs: 0n, errno: descriptors.get(id) ? 0 : ERRNO.EBADF };
    const now = timeOf(attempt, id);
    if (now === undefined) return { userdata, tag, waitNs: 0n, errno: ERRNO.EINVAL };
    const timeout = from.getBigUint64(at + 24, true);
    const waitNs = from.getUint16(at + 40, true) & ABSOLUTE ? timeout - now : timeout;
    return { userdata, tag, waitNs: waitNs > 0n ? waitNs : 0n, errno: 0 };
  });
  const leastNs = asked.reduce((least, { waitNs }) => (waitNs < least ? waitNs : least), asked[0]?.waitNs ?? 0n);
  if (leastNs > 0n) attempt.sleepNs(leastNs);

  let told = 0;
  for (const { userdata, tag, errno, waitNs } of asked) {
    if (waitNs > leastNs) continue;
    const at = told++ * EVENT_BYTES;
    for (let word = 0; word < EVENT_BYTES; word += 8) into.setBigUint64(at + word, 0n, true);
    into.setBigUint64(at, userdata, true);
    into.setUint16(at + 8, errno, true);
    into.setUint8(at + 10, tag);
  }
  total.setUint32(0, told, true);
  return 0;
}
