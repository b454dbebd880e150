import { ERRNO } from "./errno.ts";
import { decodeUtf8, type GuestMemory } from "./memory.ts";
import type { Directory, Node } from "./node.ts";
import { FDFLAGS, FDFLAGS_ALL, WasiFile, WRITING } from "./wasi-file.ts";
import { putFilestat, putU32, timesToSet } from "./wasi-layout.ts";
import { type Right, rightsFor } from "./wasi-rights.ts";
import type { WasiSession } from "./wasi-session.ts";

// The functions of preview 1 that name files: `path_...`. Every one returns an errno.

const FOLLOW = 1;
const OFLAGS = { create: 1, directory: 2, exclusive: 4, truncate: 8 } as const;
const OFLAGS_ALL = 15;
const FILE_MODE = 0o644;
const DIRECTORY_MODE = 0o755;

/**
 * A path of the guest's, or a positive errno. What might be taken for another path elsewhere is no path here: a backslash separates on some
 * systems, and names that are not in Unicode's form C have twins.
 */
function readPath(session: WasiSession, memory: GuestMemory, address: number, length: number): string | number {
  if (length >>> 0 > session.files.bounds.pathBytesMax) return ERRNO.ENAMETOOLONG;
  const bytes = memory.bytes(address, length);
  if (!bytes) return ERRNO.EFAULT;
  const path = decodeUtf8(bytes);
  if (path === undefined || path.normalize("NFC") !== path) return ERRNO.EILSEQ;
  return /[\0\\]/.test(path) ? ERRNO.EINVAL : path;
}

/** The directory behind a descriptor, or a positive errno. */
function directoryOf(session: WasiSession, descriptor: number, ...rights: readonly Right[]): { file: WasiFile; node: Directory } | number {
  const file = session.descriptors.get(descriptor);
  if (!file) return ERRNO.EBADF;
  const { node } = file;
  if (node.kind !== "directory") return ERRNO.ENOTDIR;
  return file.may(...rights) ? { file, node } : ERRNO.ENOTCAPABLE;
}

/** Runs `operation` on a directory and a path in it; what it returns is a negative errno, or what is no error. */
function at(
  session: WasiSession,
  memory: GuestMemory,
  descriptor: number,
  address: number,
  length: number,
  rights: readonly Right[],
  operation: (directory: Directory, path: string, file: WasiFile) => number,
): number {
  const directory = directoryOf(session, descriptor, ...rights);
  if (typeof directory === "number") return directory;
  const path = readPath(session, memory, address, length);
  if (typeof path === "number") return path;
  return Math.abs(operation(directory.node, path, directory.file));
}

/** As {@link at}, on what is there. */
function onNode(
  session: WasiSession,
  memory: GuestMemory,
  descriptor: number,
  flags: number,
  address: number,
  length: number,
  right: Right,
  operation: (node: Node) => number,
): number {
  if (flags & ~FOLLOW) return ERRNO.EINVAL;
  return at(session, memory, descriptor, address, length, [right], (directory, path) => {
    const node = session.files.lookUp(directory, path, { confined: true, follow: (flags & FOLLOW) !== 0 });
    return typeof node === "number" ? node : operation(node);
  });
}

export function pathOpen(
  session: WasiSession,
  memory: GuestMemory,
  descriptor: number,
  flags: number,
  address: number,
  length: number,
  oflags: number,
  base: bigint,
  inheriting: bigint,
  fdflags: number,
  out: number,
): number {
  const directory = directoryOf(session, descriptor, "path_open");
  if (typeof directory === "number") return directory;
  if (flags & ~FOLLOW || oflags & ~OFLAGS_ALL || fdflags & ~FDFLAGS_ALL) return ERRNO.EINVAL;
  const path = readPath(session, memory, address, length);
  if (typeof path === "number") return path;
  const has = (flag: keyof typeof OFLAGS) => (oflags & OFLAGS[flag]) !== 0;
  if (has("create") && !directory.file.may("path_create_file")) return ERRNO.ENOTCAPABLE;
  if (has("truncate") && !directory.file.may("path_filestat_set_size")) return ERRNO.ENOTCAPABLE;
  const asked = { base: BigInt.asUintN(64, base), inheriting: BigInt.asUintN(64, inheriting) };
  if ((asked.base | asked.inheriting) & ~directory.file.rights.inheriting) return ERRNO.ENOTCAPABLE;
  if (has("create") && has("directory")) return ERRNO.EINVAL;
  if (!memory.view(out, 4)) return ERRNO.EFAULT;
  if (session.descriptors.full) return ERRNO.EMFILE;

  const options = {
    write: (asked.base & WRITING) !== 0n,
    create: has("create"),
    exclusive: has("exclusive"),
    truncate: has("truncate"),
    directory: has("directory"),
    mode: FILE_MODE,
  };
  const node = session.files.open(directory.node, path, options, { confined: true, follow: (flags & FOLLOW) !== 0 });
  if (typeof node === "number") return -node;
  const file = new WasiFile(session.files, node, rightsFor(node, asked));
  file.flags = node.kind === "directory" ? fdflags & ~FDFLAGS.append : fdflags;
  return putU32(memory, out, session.descriptors.add(file));
}

export function pathCreateDirectory(
  session: WasiSession,
  memory: GuestMemory,
  descriptor: number,
  address: number,
  length: number,
): number {
  return at(session, memory, descriptor, address, length, ["path_create_directory"], (directory, path) =>
    session.files.makeDirectory(directory, path, DIRECTORY_MODE, true),
  );
}

export function pathRemoveDirectory(
  session: WasiSession,
  memory: GuestMemory,
  descriptor: number,
  address: number,
  length: number,
): number {
  return at(session, memory, descriptor, address, length, ["path_remove_directory"], (directory, path) =>
    session.files.removeDirectory(directory, path, true),
  );
}

export function pathUnlinkFile(session: WasiSession, memory: GuestMemory, descriptor: number, address: number, length: number): number {
  return at(session, memory, descriptor, address, length, ["path_unlink_file"], (directory, path) =>
    session.files.unlink(directory, path, true),
  );
}

export function pathRename(
  session: WasiSession,
  memory: GuestMemory,
  descriptor: number,
  address: number,
  length: number,
  toDescriptor: number,
  toAddress: number,
  toLength: number,
): number {
  return at(session, memory, descriptor, address, length, ["path_rename_source"], (directory, path) =>
    at(session, memory, toDescriptor, toAddress, toLength, ["path_rename_target"], (toDirectory, toPath) =>
      session.files.rename(directory, path, toDirectory, toPath, true),
    ),
  );
}

export function pathLink(
  session: WasiSession,
  memory: GuestMemory,
  descriptor: number,
  flags: number,
  address: number,
  length: number,
  toDescriptor: number,
  toAddress: number,
  toLength: number,
): number {
  if (flags & ~FOLLOW) return ERRNO.EINVAL;
  return at(session, memory, descriptor, address, length, ["path_link_source"], (directory, path) =>
    at(session, memory, toDescriptor, toAddress, toLength, ["path_link_target"], (toDirectory, toPath) =>
      session.files.link(directory, path, toDirectory, toPath, { confined: true, follow: (flags & FOLLOW) !== 0 }),
    ),
  );
}

/** A link that could never be followed is not made: an absolute one. Where others lead is found out when they are followed. */
export function pathSymlink(
  session: WasiSession,
  memory: GuestMemory,
  targetAddress: number,
  targetLength: number,
  descriptor: number,
  address: number,
  length: number,
): number {
  return at(session, memory, descriptor, address, length, ["path_symlink"], (directory, path) => {
    const target = readPath(session, memory, targetAddress, targetLength);
    if (typeof target === "number") return target;
    return target.startsWith("/") ? ERRNO.ENOTCAPABLE : session.files.symlink(target, directory, path, true);
  });
}

export function pathReadlink(
  session: WasiSession,
  memory: GuestMemory,
  descriptor: number,
  address: number,
  length: number,
  out: number,
  size: number,
  used: number,
): number {
  return onNode(session, memory, descriptor, 0, address, length, "path_readlink", (node) => {
    if (node.kind !== "link") return ERRNO.EINVAL;
    const to = memory.bytes(out, size);
    if (!to || !memory.view(used, 4)) return ERRNO.EFAULT;
    const target = new TextEncoder().encode(node.target).subarray(0, to.length);
    to.set(target);
    return putU32(memory, used, target.length);
  });
}

export function pathFilestatGet(
  session: WasiSession,
  memory: GuestMemory,
  descriptor: number,
  flags: number,
  address: number,
  length: number,
  out: number,
): number {
  return onNode(session, memory, descriptor, flags, address, length, "path_filestat_get", (node) => putFilestat(memory, out, node));
}

export function pathFilestatSetTimes(
  session: WasiSession,
  memory: GuestMemory,
  descriptor: number,
  flags: number,
  address: number,
  length: number,
  accessed: bigint,
  modified: bigint,
  fstflags: number,
): number {
  const times = timesToSet(accessed, modified, fstflags, session.attempt.wallClockNs());
  if (!times) return ERRNO.EINVAL;
  return onNode(session, memory, descriptor, flags, address, length, "path_filestat_set_times", (node) =>
    session.files.changeTimes(node, times.accessedNs, times.modifiedNs),
  );
}
