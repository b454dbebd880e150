import { ERRNO } from "../../guest/errno.ts";
import { OpenFile, SEEK } from "../../guest/open-file.ts";
import { sleepMs } from "./clock.ts";
import { ownership } from "./paths.ts";
import type { PythonSession } from "./session.ts";
import { writeStatfs } from "./stat.ts";

// System calls on open descriptors. Those that WASI names (`fd_...`) return an errno, Emscripten's own a result or a negative errno.

const VECTORS_MAX = 1024; // IOV_MAX
const FILE_TYPE = { pipe: 0, device: 4, directory: 3, file: 4, link: 7 } as const;

/** Goes through a list of (address, length) until one gives less than was asked. The sum of what was given is written to `out`. */
function transfer(session: PythonSession, vectors: number, count: number, out: number, move: (part: Uint8Array) => number): number {
  const total = session.memory.view(out, 4);
  if (count >>> 0 > VECTORS_MAX) return ERRNO.EINVAL;
  const list = session.memory.view(vectors, count * 8);
  if (!total || !list) return ERRNO.EFAULT;
  let moved = 0;
  for (let at = 0; at < count * 8; at += 8) {
    const part = session.memory.bytes(list.getUint32(at, true), list.getUint32(at + 4, true));
    if (!part) return ERRNO.EFAULT;
    if (moved + part.length > 0x7fffffff) return ERRNO.EINVAL;
    const given = move(part);
    if (given < 0 && moved === 0) return -given;
    if (given > 0) moved += given;
    if (given < part.length) break;
  }
  total.setUint32(0, moved, true);
  return 0;
}

export function fdRead(session: PythonSession, descriptor: number, vectors: number, count: number, out: number): number {
  const file = session.descriptors.get(descriptor);
  return file ? transfer(session, vectors, count, out, (part) => file.read(part)) : ERRNO.EBADF;
}

export function fdWrite(session: PythonSession, descriptor: number, vectors: number, count: number, out: number): number {
  const file = session.descriptors.get(descriptor);
  return file ? transfer(session, vectors, count, out, (part) => file.write(part)) : ERRNO.EBADF;
}

export function fdPread(session: PythonSession, descriptor: number, vectors: number, count: number, offset: bigint, out: number): number {
  return positioned(session, descriptor, vectors, count, offset, out, (file, at, part) => file.readAt(at, part));
}

export function fdPwrite(session: PythonSession, descriptor: number, vectors: number, count: number, offset: bigint, out: number): number {
  return positioned(session, descriptor, vectors, count, offset, out, (file, at, part) => file.writeAt(at, part));
}

function positioned(
  session: PythonSession,
  descriptor: number,
  vectors: number,
  count: number,
  offset: bigint,
  out: number,
  move: (file: OpenFile, at: number, part: Uint8Array) => number,
): number {
  const file = session.descriptors.get(descriptor);
  if (!file) return ERRNO.EBADF;
  if (offset < 0n || offset > BigInt(Number.MAX_SAFE_INTEGER)) return ERRNO.EINVAL;
  let at = Number(offset);
  return transfer(session, vectors, count, out, (part) => {
    const moved = move(file, at, part);
    if (moved > 0) at += moved;
    return moved;
  });
}

export function fdSeek(session: PythonSession, descriptor: number, offset: bigint, whence: number, out: number): number {
  const file = session.descriptors.get(descriptor);
  const view = session.memory.view(out, 8);
  if (!file) return ERRNO.EBADF;
  if (!view) return ERRNO.EFAULT;
  const position = file.seek(offset, whence);
  if (position < 0) return -position;
  view.setBigUint64(0, BigInt(position), true);
  return 0;
}

export function fdClose(session: PythonSession, descriptor: number): number {
  return -session.descriptors.close(descriptor);
}

export function fdSync(session: PythonSession, descriptor: number): number {
  return session.descriptors.get(descriptor) ? 0 : ERRNO.EBADF;
}

/** The C library asks this for `isatty` only, and takes a character device for a terminal: devices say that they are files. */
export function fdStatus(session: PythonSession, descriptor: number, out: number): number {
  const file = session.descriptors.get(descriptor);
  const view = session.memory.view(out, 24);
  if (!file) return ERRNO.EBADF;
  if (!view) return ERRNO.EFAULT;
  for (let at = 0; at < 24; at += 8) view.setBigUint64(at, 0n, true); // no flags, no rights
  view.setUint8(0, FILE_TYPE[file.node.kind]);
  return 0;
}

export function dataSync(session: PythonSession, descriptor: number): number {
  return -fdSync(session, descriptor);
}

export function duplicate(session: PythonSession, descriptor: number): number {
  return session.descriptors.duplicate(descriptor);
}

export function duplicateTo(session: PythonSession, descriptor: number, to: number, _flags: number): number {
  return descriptor === to ? -ERRNO.EINVAL : session.descriptors.duplicateTo(descriptor, to);
}

/** `variadic` is the address of the third argument. Locks are always free; close-on-exec means nothing without exec. */
export function control(session: PythonSession, descriptor: number, command: number, variadic: number): number {
  const F = {
    duplicate: 0,
    getDescriptorFlags: 1,
    setDescriptorFlags: 2,
    getFlags: 3,
    setFlags: 4,
    getLock: 12,
    setLock: 13,
    waitLock: 14,
  };
  const [APPEND, UNLOCKED] = [0o2000, 2];
  const file = session.descriptors.get(descriptor);
  if (!file) return -ERRNO.EBADF;
  const given = session.memory.view(variadic, 4);
  switch (command) {
    case F.duplicate:
    case 1030: // F_DUPFD_CLOEXEC
      return given ? session.descriptors.duplicate(descriptor, given.getInt32(0, true)) : -ERRNO.EFAULT;
    case F.getDescriptorFlags:
    case F.setDescriptorFlags:
    case F.setLock:
    case F.waitLock:
      return 0;
    case F.getFlags:
      return (file.access.write ? (file.access.read ? 2 : 1) : 0) | (file.append ? APPEND : 0);
    case F.setFlags:
      if (!given) return -ERRNO.EFAULT;
      file.append = (given.getUint32(0, true) & APPEND) !== 0;
      return 0;
    case F.getLock: {
      const lock = given && session.memory.view(given.getUint32(0, true), 2);
      lock?.setInt16(0, UNLOCKED, true);
      return lock ? 0 : -ERRNO.EFAULT;
    }
    default:
      return -ERRNO.EINVAL;
  }
}

export function deviceControl(session: PythonSession, descriptor: number, _operation: number, _variadic: number): number {
  return session.descriptors.get(descriptor) ? -ERRNO.ENOTTY : -ERRNO.EBADF;
}

export function changeModeOf(session: PythonSession, descriptor: number, mode: number): number {
  const file = session.descriptors.get(descriptor);
  return file ? session.files.changeMode(file.node, mode) : -ERRNO.EBADF;
}

export function changeOwnerOf(session: PythonSession, descriptor: number, user: number, group: number): number {
  return session.descriptors.get(descriptor) ? ownership(user, group) : -ERRNO.EBADF;
}

export function resize(session: PythonSession, descriptor: number, size: bigint): number {
  const file = session.descriptors.get(descriptor);
  if (!file) return -ERRNO.EBADF;
  if (size < 0n) return -ERRNO.EINVAL;
  return size > BigInt(Number.MAX_SAFE_INTEGER) ? -ERRNO.EFBIG : file.resize(Number(size));
}

/** Makes a file at least so long. What is set aside is charged, as if it were written. */
export function allocate(session: PythonSession, descriptor: number, mode: number, offset: bigint, length: bigint): number {
  const file = session.descriptors.get(descriptor);
  if (!file) return -ERRNO.EBADF;
  if (mode !== 0) return -ERRNO.ENOTSUP;
  if (offset < 0n || length <= 0n) return -ERRNO.EINVAL;
  if (file.node.kind !== "file") return -ERRNO.ENODEV;
  return offset + length <= BigInt(file.node.size) ? 0 : resize(session, descriptor, offset + length);
}

export function advise(session: PythonSession, descriptor: number): number {
  return session.descriptors.get(descriptor) ? 0 : -ERRNO.EBADF;
}

export function statfsDescriptor(session: PythonSession, descriptor: number, _size: number, out: number): number {
  return session.descriptors.get(descriptor) ? writeStatfs(session, out) : -ERRNO.EBADF;
}

/** Fills `out` with as many `struct dirent` as fit, and returns how many bytes that took: 0 at the end. */
export function readDirectory(session: PythonSession, descriptor: number, out: number, size: number): number {
  const [NAME_AT, TYPE_DEVICE, TYPE_DIRECTORY, TYPE_FILE] = [19, 2, 4, 8];
  const file = session.descriptors.get(descriptor);
  if (!file) return -ERRNO.EBADF;
  if (file.node.kind !== "directory") return -ERRNO.ENOTDIR;
  const into = session.memory.bytes(out, size);
  const view = session.memory.view(out, size);
  if (!into || !view) return -ERRNO.EFAULT;
  let at = 0;
  let offset = file.offset;
  for (const { name, node, next } of file.entries()) {
    const bytes = new TextEncoder().encode(name);
    const length = (NAME_AT + bytes.length + 1 + 7) & ~7;
    if (at + length > into.length) {
      if (at === 0) return -ERRNO.EINVAL;
      break;
    }
    into.fill(0, at, at + length);
    view.setBigUint64(at, BigInt(node.inode), true);
    view.setBigInt64(at + 8, BigInt(next), true);
    view.setUint16(at + 16, length, true);
    view.setUint8(at + 18, node.kind === "directory" ? TYPE_DIRECTORY : node.kind === "file" ? TYPE_FILE : TYPE_DEVICE);
    into.set(bytes, at + NAME_AT);
    at += length;
    offset = next;
  }
  file.seek(BigInt(offset), SEEK.start);
  return at;
}

export function pipe(session: PythonSession, out: number): number {
  const view = session.memory.view(out, 8);
  if (!view) return -ERRNO.EFAULT;
  const { descriptors, files } = session;
  const node = files.newPipe();
  if (typeof node === "number") return node;
  const reader = new OpenFile(files, node, { read: true, write: false });
  const writer = new OpenFile(files, node, { read: false, write: true });
  const readEnd = descriptors.add(reader);
  const writeEnd = readEnd < 0 ? readEnd : descriptors.add(writer);
  if (writeEnd < 0) {
    if (readEnd < 0) reader.close();
    else descriptors.close(readEnd);
    writer.close();
    return writeEnd;
  }
  view.setInt32(0, readEnd, true);
  view.setInt32(4, writeEnd, true);
  return 0;
}

/** Nothing can become ready while a guest waits, so one that asks for what isn't ready just sleeps for the time. */
export function poll(session: PythonSession, list: number, count: number, timeoutMs: number): number {
  const [IN, OUT, INVALID] = [0x001, 0x004, 0x020];
  if (count >>> 0 > VECTORS_MAX) return -ERRNO.EINVAL;
  const view = session.memory.view(list, count * 8);
  if (!view) return -ERRNO.EFAULT;
  let found = 0;
  for (let at = 0; at < count * 8; at += 8) {
    const descriptor = view.getInt32(at, true);
    const asked = view.getInt16(at + 4, true);
    const ready = session.descriptors.get(descriptor)?.ready();
    const events = !ready ? INVALID : ((ready.read ? IN : 0) | (ready.write ? OUT : 0)) & asked;
    const told = descriptor < 0 ? 0 : events;
    view.setInt16(at + 6, told, true);
    if (told !== 0) found++;
  }
  if (found === 0) sleepMs(session, timeoutMs < 0 ? Number.POSITIVE_INFINITY : timeoutMs);
  return found;
}
