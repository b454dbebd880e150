import { ERRNO } from "./errno.ts";
import type { GuestMemory } from "./memory.ts";
import { SEEK } from "./open-file.ts";
import { FDFLAGS_ALL, type WasiFile } from "./wasi-file.ts";
import { FILE_TYPE, putFilestat, putU32, putU64, timesToSet } from "./wasi-layout.ts";
import type { Right } from "./wasi-rights.ts";
import type { WasiSession } from "./wasi-session.ts";

// The functions of preview 1 on open descriptors: `fd_...`, and `sock_...`, of which there are none. Every one returns an errno.

const VECTORS_MAX = 1024; // IOV_MAX
const FDSTAT_BYTES = 24;
const DIRENT_BYTES = 24;
const ADVICE_MAX = 5;

/** Runs `operation` on a descriptor that has these rights. */
function on(session: WasiSession, descriptor: number, rights: readonly Right[], operation: (file: WasiFile) => number): number {
  const file = session.descriptors.get(descriptor);
  if (!file) return ERRNO.EBADF;
  return file.may(...rights) ? operation(file) : ERRNO.ENOTCAPABLE;
}

/** Goes through a list of (address, length) until one gives less than was asked. */
function transfer(memory: GuestMemory, vectors: number, count: number, out: number, move: (part: Uint8Array) => number): number {
  if (count >>> 0 > VECTORS_MAX) return ERRNO.EINVAL;
  const list = memory.view(vectors, count * 8);
  const total = memory.view(out, 4);
  if (!list || !total) return ERRNO.EFAULT;
  let moved = 0;
  for (let at = 0; at < count * 8; at += 8) {
    const part = memory.bytes(list.getUint32(at, true), list.getUint32(at + 4, true));
    if (!part) return ERRNO.EFAULT;
    if (moved + part.length > 0xffff_ffff) return ERRNO.EINVAL;
    const given = move(part);
    if (given < 0 && moved === 0) return -given;
    if (given > 0) moved += given;
    if (given < part.length) break;
  }
  total.setUint32(0, moved, true);
  return 0;
}

export function fdRead(session: WasiSession, memory: GuestMemory, descriptor: number, vectors: number, count: number, out: number): number {
  return on(session, descriptor, ["fd_read"], (file) => transfer(memory, vectors, count, out, (part) => file.read(part)));
}

export function fdWrite(
  session: WasiSession,
  memory: GuestMemory,
  descriptor: number,
  vectors: number,
  count: number,
  out: number,
): number {
  return on(session, descriptor, ["fd_write"], (file) => transfer(memory, vectors, count, out, (part) => file.write(part)));
}

export function fdPread(
  session: WasiSession,
  memory: GuestMemory,
  descriptor: number,
  vectors: number,
  count: number,
  offset: bigint,
  out: number,
): number {
  return on(session, descriptor, ["fd_read"], (file) =>
    positioned(
      file,
      offset,
      (move) => transfer(memory, vectors, count, out, move),
      (at, part) => file.readAt(at, part),
    ),
  );
}

export function fdPwrite(
  session: WasiSession,
  memory: GuestMemory,
  descriptor: number,
  vectors: number,
  count: number,
  offset: bigint,
  out: number,
): number {
  return on(session, descriptor, ["fd_write"], (file) =>
    positioned(
      file,
      offset,
      (move) => transfer(memory, vectors, count, out, move),
      (at, part) => file.writeAt(at, part),
    ),
  );
}

/** Leaves the descriptor's own position alone. */
function positioned(
  file: WasiFile,
  offset: bigint,
  run: (move: (part: Uint8Array) => number) => number,
  move: (at: number, part: Uint8Array) => number,
): number {
  if (file.node.kind === "device") return ERRNO.ESPIPE;
  if (!file.may("fd_seek")) return ERRNO.ENOTCAPABLE;
  if (offset < 0n || offset > BigInt(Number.MAX_SAFE_INTEGER)) return ERRNO.EINVAL;
  let at = Number(offset);
  return run((part) => {
    const moved = move(at, part);
    if (moved > 0) at += moved;
    return moved;
  });
}

export function fdSeek(session: WasiSession, memory: GuestMemory, descriptor: number, offset: bigint, whence: number, out: number): number {
  return on(session, descriptor, [], (file) => {
    if (file.node.kind === "device") return ERRNO.ESPIPE;
    const tells = offset === 0n && whence === SEEK.current;
    if (!file.may("fd_seek") && !(tells && file.may("fd_tell"))) return ERRNO.ENOTCAPABLE;
    if (!memory.view(out, 8)) return ERRNO.EFAULT;
    const position = file.seek(offset, whence);
    return position < 0 ? -position : putU64(memory, out, BigInt(position));
  });
}

export function fdTell(session: WasiSession, memory: GuestMemory, descriptor: number, out: number): number {
  return on(session, descriptor, [], (file) => {
    if (file.node.kind === "device") return ERRNO.ESPIPE;
    return file.may("fd_tell") ? putU64(memory, out, BigInt(file.offset)) : ERRNO.ENOTCAPABLE;
  });
}

export function fdClose(session: WasiSession, _memory: GuestMemory, descriptor: number): number {
  return Math.abs(session.descriptors.close(descriptor));
}

/**
 * Moves a descriptor to another open one's number, which is closed. The standard streams can be moved and closed, but nothing takes the place
 * of one that is open.
 */
export function fdRenumber(session: WasiSession, _memory: GuestMemory, descriptor: number, to: number): number {
  const { descriptors } = session;
  const replaced = descriptors.get(to);
  if (!descriptors.get(descriptor) || !replaced) return ERRNO.EBADF;
  if (to === descriptor) return 0;
  if (replaced.node.kind === "device") return ERRNO.EBADF;
  descriptors.duplicateTo(descriptor, to);
  return Math.abs(descriptors.close(descriptor));
}

/** What is written is in memory at once: there is nothing to wait for. */
export function fdSync(session: WasiSession, _memory: GuestMemory, descriptor: number): number {
  return on(session, descriptor, ["fd_sync"], () => 0);
}

export function fdDatasync(session: WasiSession, _memory: GuestMemory, descriptor: number): number {
  return on(session, descriptor, ["fd_datasync"], () => 0);
}

export function fdAdvise(
  session: WasiSession,
  _memory: GuestMemory,
  descriptor: number,
  _offset: bigint,
  _length: bigint,
  advice: number,
): number {
  return on(session, descriptor, ["fd_advise"], () => (advice >>> 0 > ADVICE_MAX ? ERRNO.EINVAL : 0));
}

/** Makes a file at least so long. What is set aside is charged, as if it were written. */
export function fdAllocate(session: WasiSession, _memory: GuestMemory, descriptor: number, offset: bigint, length: bigint): number {
  return on(session, descriptor, ["fd_allocate"], (file) => {
    const end = BigInt.asUintN(64, offset) + BigInt.asUintN(64, length);
    if (length === 0n || file.node.kind !== "file") return ERRNO.EINVAL;
    return end <= BigInt(file.node.size) ? 0 : resize(file, end);
  });
}

export function fdFilestatSetSize(session: WasiSession, _memory: GuestMemory, descriptor: number, size: bigint): number {
  return on(session, descriptor, ["fd_filestat_set_size"], (file) => resize(file, BigInt.asUintN(64, size)));
}

function resize(file: WasiFile, size: bigint): number {
  return size > BigInt(Number.MAX_SAFE_INTEGER) ? ERRNO.EFBIG : Math.abs(file.resize(Number(size)));
}

export function fdFilestatGet(session: WasiSession, memory: GuestMemory, descriptor: number, out: number): number {
  return on(session, descriptor, ["fd_filestat_get"], (file) => putFilestat(memory, out, file.node));
}

export function fdFilestatSetTimes(
  session: WasiSession,
  _memory: GuestMemory,
  descriptor: number,
  accessed: bigint,
  modified: bigint,
  flags: number,
): number {
  return on(session, descriptor, ["fd_filestat_set_times"], (file) => {
    const times = timesToSet(accessed, modified, flags, session.attempt.wallClockNs());
    return times ? Math.abs(session.files.changeTimes(file.node, times.accessedNs, times.modifiedNs)) : ERRNO.EINVAL;
  });
}

export function fdFdstatGet(session: WasiSession, memory: GuestMemory, descriptor: number, out: number): number {
  return on(session, descriptor, [], ({ node, flags, rights }) => {
    const to = memory.view(out, FDSTAT_BYTES);
    if (!to) return ERRNO.EFAULT;
    to.setUint8(0, FILE_TYPE[node.kind]);
    to.setUint8(1, 0);
    to.setUint16(2, flags, true);
    to.setUint32(4, 0, true);
    to.setBigUint64(8, rights.base, true);
    to.setBigUint64(16, rights.inheriting, true);
    return 0;
  });
}

export function fdFdstatSetFlags(session: WasiSession, _memory: GuestMemory, descriptor: number, flags: number): number {
  return on(session, descriptor, ["fd_fdstat_set_flags"], (file) => {
    if (flags & ~FDFLAGS_ALL) return ERRNO.EINVAL;
    file.flags = flags;
    return 0;
  });
}

/** Rights are given up, and never come back. */
export function fdFdstatSetRights(
  session: WasiSession,
  _memory: GuestMemory,
  descriptor: number,
  base: bigint,
  inheriting: bigint,
): number {
  return on(session, descriptor, [], (file) => {
    const asked = { base: BigInt.asUintN(64, base), inheriting: BigInt.asUintN(64, inheriting) };
    if (asked.base & ~file.rights.base || asked.inheriting & ~file.rights.inheriting) return ERRNO.ENOTCAPABLE;
    file.rights = asked;
    return 0;
  });
}

export function fdPrestatGet(session: WasiSession, memory: GuestMemory, descriptor: number, out: number): number {
  const name = session.descriptors.get(descriptor)?.preopen;
  return name ? putU64(memory, out, BigInt(name.length) << 32n) : ERRNO.EBADF; // a tag of 0: a directory
}

export function fdPrestatDirName(session: WasiSession, memory: GuestMemory, descriptor: number, out: number, size: number): number {
  const name = session.descriptors.get(descriptor)?.preopen;
  if (!name) return ERRNO.EBADF;
  if (size >>> 0 < name.length) return ERRNO.ENAMETOOLONG;
  const to = memory.bytes(out, size);
  if (!to) return ERRNO.EFAULT;
  to.set(name);
  return 0;
}

/** Entries from a cookie on, the last one cut where the room ends: then there are more. */
export function fdReaddir(
  session: WasiSession,
  memory: GuestMemory,
  descriptor: number,
  out: number,
  size: number,
  cookie: bigint,
  used: number,
): number {
  return on(session, descriptor, ["fd_readdir"], (file) => {
    if (file.node.kind !== "directory") return ERRNO.ENOTDIR;
    const to = memory.bytes(out, size);
    if (!to || !memory.view(used, 4)) return ERRNO.EFAULT;
    const from = BigInt.asUintN(64, cookie);
    file.offset = from > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(from);
    let filled = 0;
    for (const { name, node, next } of file.entries()) {
      const bytes = new TextEncoder().encode(name);
      const entry = new Uint8Array(DIRENT_BYTES + bytes.length);
      const view = new DataView(entry.buffer);
      view.setBigUint64(0, BigInt(next), true);
      view.setBigUint64(8, BigInt(node.inode), true);
      view.setUint32(16, bytes.length, true);
      view.setUint8(20, FILE_TYPE[node.kind]);
      entry.set(bytes, DIRENT_BYTES);
      const part = entry.subarray(0, to.length - filled);
      to.set(part, filled);
      filled += part.length;
      if (filled === to.length) break;
    }
    return putU32(memory, used, filled);
  });
}

/** No descriptor is ever a socket. */
export function noSocket(session: WasiSession, _memory: GuestMemory, descriptor: number): number {
  return on(session, descriptor, [], () => ERRNO.ENOTSOCK);
}
