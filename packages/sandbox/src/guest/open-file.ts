import { ERRNO } from "./errno.ts";
import type { FileSystem } from "./filesystem.ts";
import type { Entry, Node, Pipe } from "./node.ts";

export interface Access {
  readonly read: boolean;
  readonly write: boolean;
}

export const SEEK = { start: 0, current: 1, end: 2 } as const;

/** An open file description: what several descriptors may share. Counts and offsets are results; an errno is negative. */
export class OpenFile {
  readonly node: Node;
  readonly access: Access;
  append = false;
  offset = 0;
  /** Descriptors that share this. */
  references = 0;
  readonly #files: FileSystem;
  /** The names that a directory had when it was read from the start. */
  #listing: readonly string[] | undefined;

  constructor(files: FileSystem, node: Node, access: Access) {
    this.#files = files;
    this.node = node;
    this.access = access;
    files.retain(node);
    if (node.kind === "pipe") {
      if (access.read) node.readers++;
      if (access.write) node.writers++;
    }
  }

  read(into: Uint8Array): number {
    if (!this.access.read) return -ERRNO.EBADF;
    const { node } = this;
    if (node.kind === "device") return node.read(into);
    if (node.kind === "pipe") return readPipe(node, into);
    const count = this.readAt(this.offset, into);
    if (count > 0) this.offset += count;
    return count;
  }

  write(from: Uint8Array): number {
    if (!this.access.write) return -ERRNO.EBADF;
    const { node } = this;
    if (node.kind === "device") return node.write(from);
    if (node.kind === "pipe") return writePipe(node, from);
    if (this.append && node.kind === "file") this.offset = node.size;
    const count = this.writeAt(this.offset, from);
    if (count > 0) this.offset += count;
    return count;
  }

  readAt(offset: number, into: Uint8Array): number {
    if (!this.access.read) return -ERRNO.EBADF;
    const { node } = this;
    if (node.kind === "directory") return -ERRNO.EISDIR;
    return node.kind === "file" ? this.#files.read(node, offset, into) : -ERRNO.ESPIPE;
  }

  writeAt(offset: number, from: Uint8Array): number {
    if (!this.access.write) return -ERRNO.EBADF;
    const { node } = this;
    if (node.kind === "directory") return -ERRNO.EISDIR;
    if (node.kind !== "file") return -ERRNO.ESPIPE;
    return offset + from.length > Number.MAX_SAFE_INTEGER ? -ERRNO.EFBIG : this.#files.write(node, offset, from);
  }

  resize(size: number): number {
    const { node } = this;
    return this.access.write && node.kind === "file" ? this.#files.resize(node, size) : -ERRNO.EINVAL;
  }

  /** The new offset from the start. Beyond the end is allowed; nothing is set aside for it. */
  seek(by: bigint, whence: number): number {
    const { node } = this;
    if (node.kind === "pipe" || node.kind === "device") return -ERRNO.ESPIPE;
    const base = whence === SEEK.start ? 0 : whence === SEEK.current ? this.offset : whence === SEEK.end ? this.#end() : undefined;
    if (base === undefined) return -ERRNO.EINVAL;
    const offset = BigInt(base) + by;
    if (offset < 0n) return -ERRNO.EINVAL;
    if (offset > BigInt(Number.MAX_SAFE_INTEGER)) return -ERRNO.EOVERFLOW;
    this.offset = Number(offset);
    return this.offset;
  }

  /**
   * A directory's entries from the offset on, `.` and `..` in front, each with the offset of the one after it. What the directory held
   * when it was last read at offset 0 is what is gone through, so that removing entries on the way skips none.
   */
  *entries(): Generator<{ readonly name: string; readonly node: Entry; readonly next: number }> {
    const { node } = this;
    if (node.kind !== "directory") return;
    if (!this.#listing || this.offset === 0) this.#listing = [".", "..", ...node.entries.keys()];
    for (let at = this.offset; at < this.#listing.length; at++) {
      const name = this.#listing[at] as string;
      const entry = at === 0 ? node : at === 1 ? (node.parent ?? node) : node.entries.get(name);
      if (entry) yield { name, node: entry, next: at + 1 };
    }
  }

  /** Whether a read, or a write, would not have to wait. Only pipes ever have to. */
  ready(): Access {
    const { node, access } = this;
    if (node.kind !== "pipe") return access;
    return {
      read: access.read && (node.filled > 0 || node.writers === 0),
      write: access.write && (node.filled < node.buffer.length || node.readers === 0),
    };
  }

  /** Called when the last descriptor has gone. */
  close(): void {
    const { node, access } = this;
    this.#listing = undefined;
    if (node.kind === "pipe") {
      if (access.read) node.readers--;
      if (access.write) node.writers--;
    }
    this.#files.release(node);
  }

  #end(): number {
    return this.node.kind === "file" ? this.node.size : 0;
  }
}

/** A guest has one thread: whoever would wait for the other end of a pipe would wait for ever, and is told EAGAIN instead. */
function readPipe(pipe: Pipe, into: Uint8Array): number {
  if (pipe.filled === 0) return pipe.writers === 0 || into.length === 0 ? 0 : -ERRNO.EAGAIN;
  const count = Math.min(into.length, pipe.filled);
  const first = Math.min(count, pipe.buffer.length - pipe.start);
  into.set(pipe.buffer.subarray(pipe.start, pipe.start + first));
  into.set(pipe.buffer.subarray(0, count - first), first);
  pipe.start = (pipe.start + count) % pipe.buffer.length;
  pipe.filled -= count;
  return count;
}

function writePipe(pipe: Pipe, from: Uint8Array): number {
  if (pipe.readers === 0) return -ERRNO.EPIPE;
  const count = Math.min(from.length, pipe.buffer.length - pipe.filled);
  if (count === 0) return from.length === 0 ? 0 : -ERRNO.EAGAIN;
  const at = (pipe.start + pipe.filled) % pipe.buffer.length;
  const first = Math.min(count, pipe.buffer.length - at);
  pipe.buffer.set(from.subarray(0, first), at);
  pipe.buffer.set(from.subarray(first, count));
  pipe.filled += count;
  return count;
}
