import { ERRNO } from "../../guest/errno.ts";
import type { Directory, Node } from "../../guest/node.ts";
import { OpenFile } from "../../guest/open-file.ts";
import { AT_FDCWD, type PythonSession } from "./session.ts";
import { writeStat, writeStatfs } from "./stat.ts";

// System calls of Emscripten's C library that name files. Each returns a result or a negative errno.

/** Flags of `open`: Linux's, as musl has them. */
const O = {
  accessMode: 3,
  writeOnly: 1,
  readWrite: 2,
  create: 0o100,
  exclusive: 0o200,
  truncate: 0o1000,
  append: 0o2000,
  directory: 0o200000,
};
const AT_REMOVEDIR = 0x200;
const AT_EMPTY_PATH = 0x1000;

/** Runs `operation` on where a path starts and the path. */
function withPath(
  session: PythonSession,
  descriptor: number,
  address: number,
  operation: (from: Directory, path: string) => number,
): number {
  const path = session.path(address);
  if (typeof path === "number") return path;
  const from = session.startOf(descriptor, path);
  return typeof from === "number" ? from : operation(from, path);
}

export function openAt(session: PythonSession, descriptor: number, address: number, flags: number, variadic: number): number {
  return withPath(session, descriptor, address, (from, path) => {
    const mode = session.memory.view(variadic, 4)?.getUint32(0, true) ?? 0;
    const accessMode = flags & O.accessMode;
    if (accessMode === O.accessMode) return -ERRNO.EINVAL;
    const access = { read: accessMode !== O.writeOnly, write: accessMode === O.writeOnly || accessMode === O.readWrite };
    if (session.descriptors.full) return -ERRNO.EMFILE;
    const node = session.files.open(from, path, {
      write: access.write,
      create: (flags & O.create) !== 0,
      exclusive: (flags & O.exclusive) !== 0,
      truncate: (flags & O.truncate) !== 0,
      directory: (flags & O.directory) !== 0,
      mode: mode & ~session.umask,
    });
    if (typeof node === "number") return node;
    const file = new OpenFile(session.files, node, access);
    file.append = (flags & O.append) !== 0;
    return session.descriptors.add(file);
  });
}

export function statPath(session: PythonSession, address: number, out: number): number {
  return statAt(session, AT_FDCWD, address, out, 0);
}

export function statAt(session: PythonSession, descriptor: number, address: number, out: number, flags: number): number {
  if (flags & AT_EMPTY_PATH && session.path(address) === "") return statDescriptor(session, descriptor, out);
  return withNode(session, descriptor, address, (node) => writeStat(session, node, out));
}

export function statDescriptor(session: PythonSession, descriptor: number, out: number): number {
  const file = session.descriptors.get(descriptor);
  return file ? writeStat(session, file.node, out) : -ERRNO.EBADF;
}

/** Everything may be read; written, what isn't read-only; executed, directories only. */
export function accessAt(session: PythonSession, descriptor: number, address: number, mode: number, _flags: number): number {
  const [WRITE, EXECUTE, ALL] = [2, 1, 7];
  if (mode & ~ALL) return -ERRNO.EINVAL;
  return withNode(session, descriptor, address, (node) => {
    if (mode & EXECUTE && node.kind !== "directory") return -ERRNO.EACCES;
    const readOnly = (node.kind === "file" || node.kind === "directory") && node.readOnly;
    return mode & WRITE && readOnly ? -ERRNO.EROFS : 0;
  });
}

export function makeDirectoryAt(session: PythonSession, descriptor: number, address: number, mode: number): number {
  return withPath(session, descriptor, address, (from, path) => session.files.makeDirectory(from, path, mode & ~session.umask));
}

export function unlinkAt(session: PythonSession, descriptor: number, address: number, flags: number): number {
  return withPath(session, descriptor, address, (from, path) =>
    flags & AT_REMOVEDIR ? session.files.removeDirectory(from, path) : session.files.unlink(from, path),
  );
}

export function removeDirectory(session: PythonSession, address: number): number {
  return unlinkAt(session, AT_FDCWD, address, AT_REMOVEDIR);
}

export function renameAt(session: PythonSession, descriptor: number, address: number, toDescriptor: number, toAddress: number): number {
  return withPath(session, descriptor, address, (from, path) =>
    withPath(session, toDescriptor, toAddress, (toFrom, toPath) => session.files.rename(from, path, toFrom, toPath)),
  );
}

/** There are no links: what is there isn't one, and none can be made. */
export function readLinkAt(session: PythonSession, descriptor: number, address: number, _out: number, _size: number): number {
  return withNode(session, descriptor, address, () => -ERRNO.EINVAL);
}

export function changeMode(session: PythonSession, address: number, mode: number): number {
  return changeModeAt(session, AT_FDCWD, address, mode, 0);
}

export function changeModeAt(session: PythonSession, descriptor: number, address: number, mode: number, _flags: number): number {
  return withNode(session, descriptor, address, (node) => session.files.changeMode(node, mode));
}

/** There is one user, and he owns everything: giving it to him does nothing. */
export function changeOwnerAt(
  session: PythonSession,
  descriptor: number,
  address: number,
  user: number,
  group: number,
  _flags: number,
): number {
  return withNode(session, descriptor, address, () => ownership(user, group));
}

export function ownership(user: number, group: number): number {
  return (user === 0 || user === -1) && (group === 0 || group === -1) ? 0 : -ERRNO.EPERM;
}

export function truncatePath(session: PythonSession, address: number, size: bigint): number {
  return withNode(session, AT_FDCWD, address, (node) => {
    if (node.kind === "directory") return -ERRNO.EISDIR;
    if (node.kind !== "file" || size < 0n) return -ERRNO.EINVAL;
    return size > BigInt(Number.MAX_SAFE_INTEGER) ? -ERRNO.EFBIG : session.files.resize(node, Number(size));
  });
}

/** `times` is two timespecs, or 0 for now. Nanoseconds may be one of two numbers that mean now, and leave it. */
export function changeTimesAt(session: PythonSession, descriptor: number, address: number, times: number, _flags: number): number {
  const [NOW, OMIT] = [0x3fffffff, 0x3ffffffe];
  const change = (node: Node): number => {
    const now = session.attempt.wallClockNs();
    if (times === 0) return session.files.changeTimes(node, now, now);
    const view = session.memory.view(times, 32);
    if (!view) return -ERRNO.EFAULT;
    const timeAt = (at: number) => {
      const nanoseconds = view.getUint32(at + 8, true);
      if (nanoseconds === NOW || nanoseconds === OMIT) return nanoseconds === NOW ? now : undefined;
      return view.getBigInt64(at, true) * 1_000_000_000n + BigInt(nanoseconds);
    };
    return session.files.changeTimes(node, timeAt(0), timeAt(16));
  };
  if (address !== 0) return withNode(session, descriptor, address, change);
  const file = session.descriptors.get(descriptor);
  return file ? change(file.node) : -ERRNO.EBADF;
}

export function changeWorkingDirectory(session: PythonSession, address: number): number {
  return withNode(session, AT_FDCWD, address, (node) => enterDirectory(session, node));
}

export function changeWorkingDirectoryTo(session: PythonSession, descriptor: number): number {
  const file = session.descriptors.get(descriptor);
  return file ? enterDirectory(session, file.node) : -ERRNO.EBADF;
}

function enterDirectory(session: PythonSession, node: Node): number {
  if (node.kind !== "directory") return -ERRNO.ENOTDIR;
  session.workingDirectory = node;
  return 0;
}

/** @returns the length with the closing NUL */
export function getWorkingDirectory(session: PythonSession, out: number, size: number): number {
  const path = session.files.pathOf(session.workingDirectory);
  if (typeof path === "number") return path;
  const bytes = new TextEncoder().encode(`${path}\0`);
  if (size >>> 0 < bytes.length) return -ERRNO.ERANGE;
  const into = session.memory.bytes(out, bytes.length);
  if (!into) return -ERRNO.EFAULT;
  into.set(bytes);
  return bytes.length;
}

export function statfsPath(session: PythonSession, address: number, _size: number, out: number): number {
  return withNode(session, AT_FDCWD, address, () => writeStatfs(session, out));
}

function withNode(session: PythonSession, descriptor: number, address: number, operation: (node: Node) => number): number {
  return withPath(session, descriptor, address, (from, path) => {
    const node = session.files.lookUp(from, path);
    return typeof node === "number" ? node : operation(node);
  });
}
