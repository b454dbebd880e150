import { ERRNO } from "./errno.ts";
import type { GuestMemory } from "./memory.ts";
import { clockNs } from "./wasi-process.ts";
import type { WasiSession } from "./wasi-session.ts";

const SUBSCRIPTIONS_MAX = 64;
const SUBSCRIPTION_BYTES = 48;
const EVENT_BYTES = 32;
const EVENT = { clock: 0, read: 1, write: 2 } as const;
const ABSOLUTE = 1;

/** One subscription, and what has come of it: an event that is due in so many nanoseconds. */
interface Subscription {
  readonly userdata: bigint;
  readonly type: number;
  readonly dueNs: bigint;
  readonly errno: number;
  /** Bytes that can be read, or written, at once. */
  readonly bytes: bigint;
}

/**
 * Waits for the earliest of some events and tells those that are due then. A descriptor is ready at once, or wrong at once: nothing can
 * become ready while the guest waits. Costs wall time, which the parent bounds.
 */
export function pollOneoff(
  session: WasiSession,
  memory: GuestMemory,
  subscriptions: number,
  events: number,
  count: number,
  out: number,
): number {
  if (count === 0 || count >>> 0 > SUBSCRIPTIONS_MAX) return ERRNO.EINVAL;
  const list = memory.view(subscriptions, count * SUBSCRIPTION_BYTES);
  const to = memory.view(events, count * EVENT_BYTES);
  const total = memory.view(out, 4);
  if (!list || !to || !total) return ERRNO.EFAULT;
  // All are read before any event is written: the two lists may be one.
  const waits: Subscription[] = [];
  for (let at = 0; at < count * SUBSCRIPTION_BYTES; at += SUBSCRIPTION_BYTES) {
    const subscription = readSubscription(session, list, at);
    if (!subscription) return ERRNO.EINVAL;
    waits.push(subscription);
  }
  const earliest = waits.reduce((least, { dueNs }) => (dueNs < least ? dueNs : least), waits[0]?.dueNs ?? 0n);
  session.attempt.sleepNs(earliest);
  let told = 0;
  for (const { userdata, type, dueNs, errno, bytes } of waits) {
    if (dueNs > earliest) continue;
    const event = told++ * EVENT_BYTES;
    for (let byte = 0; byte < EVENT_BYTES; byte += 8) to.setBigUint64(event + byte, 0n, true);
    to.setBigUint64(event, userdata, true);
    to.setUint16(event + 8, errno, true);
    to.setUint8(event + 10, type);
    to.setBigUint64(event + 16, bytes, true);
  }
  total.setUint32(0, told, true);
  return 0;
}

function readSubscription(session: WasiSession, list: DataView, at: number): Subscription | undefined {
  const userdata = list.getBigUint64(at, true);
  const type = list.getUint8(at + 8);
  const now = { userdata, type, dueNs: 0n, errno: 0, bytes: 0n };
  if (type === EVENT.clock) {
    const clock = clockNs(session, list.getUint32(at + 16, true));
    if (clock === undefined) return { ...now, errno: ERRNO.EINVAL };
    const timeout = list.getBigUint64(at + 24, true);
    const flags = list.getUint16(at + 40, true);
    if (flags & ~ABSOLUTE) return { ...now, errno: ERRNO.EINVAL };
    const dueNs = flags & ABSOLUTE ? timeout - clock : timeout;
    return { ...now, dueNs: dueNs > 0n ? dueNs : 0n };
  }
  if (type !== EVENT.read && type !== EVENT.write) return undefined;
  const file = session.descriptors.get(list.getInt32(at + 16, true));
  if (!file) return { ...now, errno: ERRNO.EBADF };
  if (!file.may("poll_fd_readwrite", type === EVENT.read ? "fd_read" : "fd_write")) return { ...now, errno: ERRNO.ENOTCAPABLE };
  const { node, offset } = file;
  const left = type === EVENT.read && node.kind === "file" ? Math.max(0, node.size - offset) : 0;
  return { ...now, bytes: BigInt(left) };
}
