import type { Preview1Name } from "../wasm/preview1.ts";
import { ERRNO } from "./errno.ts";
import type { GuestMemory } from "./memory.ts";
import type { OpenFile } from "./open-file.ts";
import type { WasiSession } from "./wasi-session.ts";

// WASI preview 1, as far as a command needs it that reads standard input and writes standard output. Source: WASI snapshot preview1,
// `wasi_snapshot_preview1.witx`. Every function validates and charges before it does anything, and refuses by returning an errno.

/** One function: `values` are as WebAssembly passes them, i32 as numbers and i64 as bigints. */
export type Preview1Function = (session: WasiSession, memory: GuestMemory, ...values: never[]) => number;

/** What is built. The other names of preview 1 link, and answer ENOSYS. */
export function preview1(name: Preview1Name): Preview1Function {
  return BUILT[name] ?? (() => ERRNO.ENOSYS);
}

const VECTORS_MAX = 1024; // IOV_MAX
const RANDOM_BYTES_MAX = 2 ** 20;
const SUBSCRIPTIONS_MAX = 64;
const SUBSCRIPTION_BYTES = 48;
const EVENT_BYTES = 32;
const CLOCK = { realtime: 0, monotonic: 1, processCpu: 2, threadCpu: 3 } as const;
const CLOCK_STEP_NS = 1_000_000n;
const EVENT_CLOCK = 0;
const ABSOLUTE = 1;
const FILE_TYPE_CHARACTER_DEVICE = 2;
const RIGHT_READ = 1n << 1n;
const RIGHT_WRITE = 1n << 6n;

const BUILT: Partial<Record<Preview1Name, Preview1Function>> = {
  args_sizes_get: none,
  args_get: () => 0,
  environ_sizes_get: none,
  environ_get: () => 0,
  clock_res_get: (_session, memory, clock: number, out: number) => {
    if (clock < CLOCK.realtime || clock > CLOCK.threadCpu) return ERRNO.EINVAL;
    return putU64(memory, out, CLOCK_STEP_NS);
  },
  clock_time_get: ({ attempt }, memory, clock: number, _precision: bigint, out: number) => {
    if (clock < CLOCK.realtime || clock > CLOCK.threadCpu) return ERRNO.EINVAL;
    return putU64(memory, out, clock === CLOCK.realtime ? attempt.wallClockNs() : attempt.monotonicNs());
  },
  random_get: ({ attempt }, memory, address: number, length: number) => {
    if (length >>> 0 > RANDOM_BYTES_MAX) return ERRNO.EINVAL;
    const bytes = memory.bytes(address, length);
    if (!bytes) return ERRNO.EFAULT;
    attempt.fillRandom(bytes);
    return 0;
  },
  fd_read: (session, memory, descriptor: number, vectors: number, count: number, out: number) =>
    transfer(session, memory, descriptor, vectors, count, out, (file, part) => file.read(part)),
  fd_write: (session, memory, descriptor: number, vectors: number, count: number, out: number) =>
    transfer(session, memory, descriptor, vectors, count, out, (file, part) => file.write(part)),
  fd_close: ({ descriptors }, _memory, descriptor: number) => Math.abs(descriptors.close(descriptor)),
  fd_seek: ({ descriptors }, _memory, descriptor: number) => (descriptors.get(descriptor) ? ERRNO.ESPIPE : ERRNO.EBADF),
  fd_tell: ({ descriptors }, _memory, descriptor: number) => (descriptors.get(descriptor) ? ERRNO.ESPIPE : ERRNO.EBADF),
  fd_prestat_get: () => ERRNO.EBADF,
  fd_prestat_dir_name: () => ERRNO.EBADF,
  fd_fdstat_get: ({ descriptors }, memory, descriptor: number, out: number) => {
    const file = descriptors.get(descriptor);
    const to = file && memory.view(out, 24);
    if (!file) return ERRNO.EBADF;
    if (!to) return ERRNO.EFAULT;
    to.setUint8(0, FILE_TYPE_CHARACTER_DEVICE);
    to.setUint8(1, 0);
    to.setUint16(2, 0, true);
    to.setUint32(4, 0, true);
    to.setBigUint64(8, (file.access.read ? RIGHT_READ : 0n) | (file.access.write ? RIGHT_WRITE : 0n), true);
    to.setBigUint64(16, 0n, true);
    return 0;
  },
  sched_yield: () => 0,
  poll_oneoff: pollClocks,
  proc_exit: (session, _memory, status: number) => {
    session.attempt.exitStatus = status >>> 0;
    return session.end({ kind: "exited" });
  },
};

function none(_session: WasiSession, memory: GuestMemory, countOut: number, bytesOut: number): number {
  const count = memory.view(countOut, 4);
  const bytes = memory.view(bytesOut, 4);
  if (!count || !bytes) return ERRNO.EFAULT;
  count.setUint32(0, 0, true);
  bytes.setUint32(0, 0, true);
  return 0;
}

function putU64(memory: GuestMemory, out: number, value: bigint): number {
  const to = memory.view(out, 8);
  if (!to) return ERRNO.EFAULT;
  to.setBigUint64(0, value, true);
  return 0;
}

/** Goes through a list of (address, length) until one gives less than was asked. */
function transfer(
  session: WasiSession,
  memory: GuestMemory,
  descriptor: number,
  vectors: number,
  count: number,
  out: number,
  move: (file: OpenFile, part: Uint8Array) => number,
): number {
  const file = session.descriptors.get(descriptor);
  if (!file) return ERRNO.EBADF;
  if (count >>> 0 > VECTORS_MAX) return ERRNO.EINVAL;
  const list = memory.view(vectors, count * 8);
  const total = memory.view(out, 4);
  if (!list || !total) return ERRNO.EFAULT;
  let moved = 0;
  for (let at = 0; at < count * 8; at += 8) {
    const part = memory.bytes(list.getUint32(at, true), list.getUint32(at + 4, true));
    if (!part) return ERRNO.EFAULT;
    const given = move(file, part);
    if (given < 0 && moved === 0) return -given;
    if (given > 0) moved += given;
    if (given < part.length) break;
  }
  total.setUint32(0, moved, true);
  return 0;
}

/** Waits for the earliest of some clocks; descriptors are always ready. Costs wall time, which the parent bounds. */
function pollClocks(session: WasiSession, memory: GuestMemory, subscriptions: number, events: number, count: number, out: number): number {
  if (count === 0 || count >>> 0 > SUBSCRIPTIONS_MAX) return ERRNO.EINVAL;
  const list = memory.view(subscriptions, count * SUBSCRIPTION_BYTES);
  const to = memory.view(events, count * EVENT_BYTES);
  const total = memory.view(out, 4);
  if (!list || !to || !total) return ERRNO.EFAULT;
  const { attempt } = session;
  const waits: { at: number; ns: bigint; type: number }[] = [];
  for (let at = 0; at < count * SUBSCRIPTION_BYTES; at += SUBSCRIPTION_BYTES) {
    const type = list.getUint8(at + 8);
    if (type !== EVENT_CLOCK) {
      waits.push({ at, ns: 0n, type });
      continue;
    }
    const clock = list.getUint32(at + 16, true);
    if (clock > CLOCK.threadCpu) return ERRNO.EINVAL;
    const given = list.getBigUint64(at + 24, true);
    const now = clock === CLOCK.realtime ? attempt.wallClockNs() : attempt.monotonicNs();
    const ns = list.getUint16(at + 40, true) & ABSOLUTE ? given - now : given;
    waits.push({ at, ns: ns > 0n ? ns : 0n, type });
  }
  const earliest = waits.reduce((least, { ns }) => (ns < least ? ns : least), waits[0]?.ns ?? 0n);
  attempt.sleepNs(earliest);
  let told = 0;
  for (const { at, type, ns } of waits) {
    if (ns > earliest) continue;
    const event = told++ * EVENT_BYTES;
    for (let byte = 0; byte < EVENT_BYTES; byte++) to.setUint8(event + byte, 0);
    to.setBigUint64(event, list.getBigUint64(at, true), true); // what the guest knows it by
    to.setUint8(event + 10, type);
  }
  total.setUint32(0, told, true);
  return 0;
}
