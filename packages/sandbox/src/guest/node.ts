import { ERRNO } from "./errno.ts";

export type NodeKind = "directory" | "file" | "device" | "pipe" | "link";

/** What every node of a file system has. Times are nanoseconds since the Unix epoch. */
interface NodeBase {
  readonly inode: number;
  /** Permission bits only. They are kept and told, and stop nobody: the guest owns all that it can write. */
  mode: number;
  accessedNs: bigint;
  modifiedNs: bigint;
  changedNs: bigint;
  /** Names that the node has in directories. */
  links: number;
  /** Open descriptions of it. Without links and opens, its bytes are given back. */
  opens: number;
}

export interface Directory extends NodeBase {
  readonly kind: "directory";
  /** Nothing in it can be made, removed or renamed by the guest. */
  readonly readOnly: boolean;
  readonly entries: Map<string, Entry>;
  /** A root's is itself; one that was removed has none. */
  parent: Directory | undefined;
}

/** What stands in a directory. Pipes have no names. */
export type Entry = Directory | RegularFile | Device | SymbolicLink;

export interface RegularFile extends NodeBase {
  readonly kind: "file";
  readonly readOnly: boolean;
  /** As large as what is set aside, which is at least `size`. */
  content: Uint8Array;
  size: number;
  /** The bytes belong to whoever planted the file: they are not charged, and copied before the first change. */
  borrowed: boolean;
}

/** A path in place of a node, as it was made: nothing has looked at where it leads. */
export interface SymbolicLink extends NodeBase {
  readonly kind: "link";
  readonly target: string;
  /** What the target takes, which is charged. */
  readonly bytes: number;
}

/** Something that is read and written by functions: the null device, the standard streams. Both return a count or a negative errno. */
export interface Device extends NodeBase {
  readonly kind: "device";
  readonly read: (into: Uint8Array) => number;
  readonly write: (from: Uint8Array) => number;
}

export interface Pipe extends NodeBase {
  readonly kind: "pipe";
  readonly buffer: Uint8Array;
  /** Where the first unread byte stands, and how many there are. */
  start: number;
  filled: number;
  readers: number;
  writers: number;
}

export type Node = Entry | Pipe;

/** What `stat` tells about a node. */
export interface Stat {
  readonly inode: number;
  readonly kind: NodeKind;
  readonly mode: number;
  readonly links: number;
  readonly size: number;
  readonly accessedNs: bigint;
  readonly modifiedNs: bigint;
  readonly changedNs: bigint;
}

export function statOf(node: Node): Stat {
  const { inode, kind, mode, links, accessedNs, modifiedNs, changedNs } = node;
  const size = node.kind === "file" ? node.size : node.kind === "link" ? node.bytes : 0;
  return { inode, kind, mode, links, size, accessedNs, modifiedNs, changedNs };
}

/** What a guest's files may take, together with whatever else draws on the same account. */
export interface Quota {
  /** Charges so many bytes, or refuses. */
  take(bytes: number): boolean;
  giveBack(bytes: number): void;
}

export function readFile(file: RegularFile, offset: number, into: Uint8Array): number {
  const count = Math.min(into.length, Math.max(0, file.size - offset));
  if (count > 0) into.set(file.content.subarray(offset, offset + count));
  return count;
}

/** Writes all or as much as there is room for; a gap before `offset` reads as zeros. Returns the count or a negative errno. */
export function writeFile(file: RegularFile, offset: number, from: Uint8Array, quota: Quota): number {
  if (file.readOnly) return -ERRNO.EROFS;
  if (from.length === 0) return 0;
  const end = offset + from.length;
  if (!setAside(file, Math.max(end, file.size), quota)) return -ERRNO.ENOSPC;
  file.content.set(from, offset);
  file.size = Math.max(file.size, end);
  return from.length;
}

export function resizeFile(file: RegularFile, size: number, quota: Quota): number {
  if (file.readOnly) return -ERRNO.EROFS;
  if (size === 0) {
    releaseContent(file, quota);
    return 0;
  }
  if (!setAside(file, Math.max(size, file.size), quota)) return -ERRNO.ENOSPC;
  if (size < file.size) file.content.fill(0, size, file.size); // what is grown into later reads as zeros
  file.size = size;
  return 0;
}

export function releaseContent(file: RegularFile, quota: Quota): void {
  if (file.readOnly) return;
  if (!file.borrowed) quota.giveBack(file.content.length);
  file.content = new Uint8Array(0);
  file.size = 0;
  file.borrowed = false;
}

/** Charged before it is allocated: half as much again as is needed, so that appending doesn't copy every time, or just enough. */
function setAside(file: RegularFile, needed: number, quota: Quota): boolean {
  const had = file.borrowed ? 0 : file.content.length;
  if (needed <= had) return true;
  const roomy = Math.ceil(needed * 1.5);
  const capacity = quota.take(roomy - had) ? roomy : quota.take(needed - had) ? needed : undefined;
  if (capacity === undefined) return false;
  const content = new Uint8Array(capacity);
  content.set(file.content.subarray(0, file.size));
  file.content = content;
  file.borrowed = false;
  return true;
}
