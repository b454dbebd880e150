import { ERRNO } from "./errno.ts";
import {
  type Device,
  type Directory,
  type Entry,
  type Node,
  type Pipe,
  type Quota,
  type RegularFile,
  readFile,
  releaseContent,
  resizeFile,
  type SymbolicLink,
  writeFile,
} from "./node.ts";
import { type NameBounds, type Place, type WalkOptions, walk } from "./walk.ts";

/** What bounds a file system, beside the {@link Quota} for its bytes. */
export interface FileSystemBounds extends NameBounds {
  /** Files, directories, devices, pipes and links that exist at a time. */
  readonly nodesMax: number;
}

/** As on Linux (`NAME_MAX`, `PATH_MAX`), and so many nodes that a guest can't make the host's own memory the limit. */
export const FILE_SYSTEM_BOUNDS: FileSystemBounds = { nodesMax: 4096, nameBytesMax: 255, pathBytesMax: 4096 };

/** How the host puts something into a file system. */
interface Plant {
  readonly readOnly: boolean;
  readonly mode?: number;
  /** Default: the first root, in which directories above are read-only whatever is asked. */
  readonly root?: Directory;
}

const PIPE_BYTES = 65_536; // as on Linux
const PERMISSION_BITS = 0o7777;

/** How {@link FileSystem.open} is asked to open. */
export interface OpenOptions {
  readonly write: boolean;
  readonly create: boolean;
  readonly exclusive: boolean;
  readonly truncate: boolean;
  readonly directory: boolean;
  /** Permission bits of a file that is made. */
  readonly mode: number;
}

/**
 * Files in memory, with the semantics of POSIX and nothing behind them. It is made for one attempt.
 *
 * Where an operation can fail, its result is a negative errno instead; nothing here throws. Paths are walked from a directory, as
 * {@link WalkOptions} say; a root is its own parent. There may be several roots: nothing is linked or moved from one to another (EXDEV).
 * Access times are those of the last write, as on a file system that is mounted `noatime`.
 */
export class FileSystem {
  readonly root: Directory;
  readonly quota: Quota;
  readonly bounds: FileSystemBounds;
  readonly #nowNs: () => bigint;
  #nextInode = 1;
  #nodes = 0;

  constructor(options: { readonly nowNs: () => bigint; readonly quota: Quota; readonly bounds?: FileSystemBounds }) {
    this.#nowNs = options.nowNs;
    this.quota = options.quota;
    this.bounds = options.bounds ?? FILE_SYSTEM_BOUNDS;
    this.root = this.plantRoot({ readOnly: true });
  }

  get nodesUsed(): number {
    return this.#nodes;
  }

  /** Makes another root, for the host. */
  plantRoot(options: { readonly readOnly: boolean }): Directory {
    const root = this.#newDirectory(undefined, { mode: 0o755, readOnly: options.readOnly });
    root.parent = root;
    root.links = 1;
    return root;
  }

  /** Makes a directory and those above it, for the host: neither bounds nor read-only directories stop it. */
  plantDirectory(path: string, { readOnly, mode = 0o755, root }: Plant): Directory {
    let directory = root ?? this.root;
    const names = path.split("/").filter((name) => name !== "");
    names.forEach((name, index) => {
      const known = directory.entries.get(name);
      if (known && known.kind !== "directory") throw new Error(`${path} leads through a file`);
      const above = index < names.length - 1 && !root; // what is above belongs to the host
      const next = known ?? this.#newDirectory(directory, { mode, readOnly: above || readOnly });
      if (!known) this.#link(directory, name, next);
      directory = next;
    });
    return directory;
  }

  /**
   * Puts a file there, for the host. `content` is not copied and not charged; nobody may change it while this file system is used. One that the
   * guest writes is copied first, and charged then.
   */
  plantFile(path: string, content: Uint8Array, { readOnly, mode, root }: Plant = { readOnly: true }): RegularFile {
    const node = this.#newNode(mode ?? (readOnly ? 0o444 : 0o644));
    const file: RegularFile = { ...node, kind: "file", readOnly, content, size: content.length, borrowed: true };
    this.#plant(path, file, root && { readOnly, root });
    return file;
  }

  plantDevice(path: string, functions: Pick<Device, "read" | "write">): Device {
    const device = this.newDevice(functions);
    this.#plant(path, device);
    return device;
  }

  /** A device that has no name: a standard stream. */
  newDevice({ read, write }: Pick<Device, "read" | "write">): Device {
    return { ...this.#newNode(0o666), kind: "device", read, write };
  }

  newPipe(): Pipe | number {
    if (this.#nodes >= this.bounds.nodesMax) return -ERRNO.ENOSPC;
    if (!this.quota.take(PIPE_BYTES)) return -ERRNO.ENOMEM;
    return { ...this.#newNode(0o600), kind: "pipe", buffer: new Uint8Array(PIPE_BYTES), start: 0, filled: 0, readers: 0, writers: 0 };
  }

  lookUp(from: Directory, path: string, options: WalkOptions = {}): Entry | number {
    const place = this.#walk(from, path, options);
    return typeof place === "number" ? place : (place.node ?? -ERRNO.ENOENT);
  }

  /** Finds or makes what is to be opened. Who holds it open tells by {@link retain} and {@link release}. */
  open(from: Directory, path: string, options: OpenOptions, walked: WalkOptions = {}): Entry | number {
    // What is not to be there yet is not looked for behind a link.
    const place = this.#walk(from, path, options.create && options.exclusive ? { ...walked, follow: false } : walked);
    if (typeof place === "number") return place;
    const { node, parent, name } = place;
    if (!node) {
      if (!options.create) return -ERRNO.ENOENT;
      if (place.directoryOnly) return -ERRNO.EISDIR;
      if (options.directory) return -ERRNO.EINVAL;
      const why = this.#whyNotLink(parent);
      if (why !== undefined) return -why;
      const file: RegularFile = {
        ...this.#newNode(options.mode & PERMISSION_BITS),
        kind: "file",
        readOnly: false,
        content: new Uint8Array(0),
        size: 0,
        borrowed: false,
      };
      this.#link(parent, name, file);
      return file;
    }
    if (options.create && options.exclusive) return -ERRNO.EEXIST;
    if (node.kind === "link") return -ERRNO.ELOOP;
    if (options.directory && node.kind !== "directory") return -ERRNO.ENOTDIR;
    if (node.kind === "directory" && (options.write || options.create || options.truncate)) return -ERRNO.EISDIR;
    if (node.kind === "file" && node.readOnly && (options.write || options.truncate)) return -ERRNO.EROFS;
    if (node.kind === "file" && options.truncate) this.resize(node, 0);
    return node;
  }

  makeDirectory(from: Directory, path: string, mode: number, confined = false): number {
    const place = this.#walk(from, path, { confined });
    if (typeof place === "number") return place;
    if (place.node) return -ERRNO.EEXIST;
    const why = this.#whyNotLink(place.parent);
    if (why !== undefined) return -why;
    const directory = this.#newDirectory(place.parent, { mode: mode & PERMISSION_BITS, readOnly: false });
    this.#link(place.parent, place.name, directory);
    return 0;
  }

  removeDirectory(from: Directory, path: string, confined = false): number {
    const place = this.#walk(from, path, { confined });
    if (typeof place === "number") return place;
    const { node, parent, name } = place;
    if (!node) return -ERRNO.ENOENT;
    if (node.kind !== "directory") return -ERRNO.ENOTDIR;
    if (node.parent === node) return -ERRNO.EBUSY;
    if (name === "") return -ERRNO.EINVAL; // "." or "..": it would cut off the branch that it stands on
    if (parent.readOnly) return -ERRNO.EROFS;
    if (node.entries.size > 0) return -ERRNO.ENOTEMPTY;
    node.parent = undefined;
    this.#unlink(parent, name, node);
    return 0;
  }

  unlink(from: Directory, path: string, confined = false): number {
    const place = this.#walk(from, path, { confined });
    if (typeof place === "number") return place;
    const { node, parent, name } = place;
    if (!node) return -ERRNO.ENOENT;
    if (node.kind === "directory") return -ERRNO.EISDIR;
    if (parent.readOnly) return -ERRNO.EROFS;
    this.#unlink(parent, name, node);
    return 0;
  }

  rename(from: Directory, path: string, toFrom: Directory, toPath: string, confined = false): number {
    const old = this.#walk(from, path, { confined });
    if (typeof old === "number") return old;
    const place = this.#walk(toFrom, toPath, { confined });
    if (typeof place === "number") return place;
    const { node } = old;
    if (!node) return -ERRNO.ENOENT;
    if (place.parent.parent === undefined) return -ERRNO.ENOENT;
    if (rootOf(old.parent) !== rootOf(place.parent)) return -ERRNO.EXDEV;
    if (old.name === "" || (place.name === "" && place.node)) return -ERRNO.EBUSY;
    if (old.parent.readOnly || place.parent.readOnly) return -ERRNO.EROFS;
    if (node === place.node) return 0;
    if (node.kind !== "directory" && place.directoryOnly) return -ERRNO.ENOTDIR;
    if (node.kind === "directory" && isWithin(place.parent, node)) return -ERRNO.EINVAL;
    const replaced = place.node;
    if (replaced) {
      if (node.kind === "directory" && replaced.kind !== "directory") return -ERRNO.ENOTDIR;
      if (node.kind !== "directory" && replaced.kind === "directory") return -ERRNO.EISDIR;
      if (replaced.kind === "file" && replaced.readOnly) return -ERRNO.EROFS;
      if (replaced.kind === "directory") {
        if (replaced.entries.size > 0) return -ERRNO.ENOTEMPTY;
        replaced.parent = undefined;
      }
      this.#unlink(place.parent, place.name, replaced);
    }
    old.parent.entries.delete(old.name);
    place.parent.entries.set(place.name, node);
    if (node.kind === "directory") node.parent = place.parent;
    const now = this.#nowNs();
    node.changedNs = now;
    touch(old.parent, now);
    touch(place.parent, now);
    return 0;
  }

  /** Gives a file or a link another name. */
  link(from: Directory, path: string, toFrom: Directory, toPath: string, options: WalkOptions = {}): number {
    const old = this.#walk(from, path, options);
    if (typeof old === "number") return old;
    const place = this.#walk(toFrom, toPath, { ...options, follow: false });
    if (typeof place === "number") return place;
    const { node } = old;
    if (!node) return -ERRNO.ENOENT;
    if (place.node) return -ERRNO.EEXIST;
    if (place.parent.parent === undefined) return -ERRNO.ENOENT;
    if (rootOf(old.parent) !== rootOf(place.parent)) return -ERRNO.EXDEV;
    if (node.kind === "directory") return -ERRNO.EPERM;
    if (node.kind === "file" && node.readOnly) return -ERRNO.EROFS;
    if (place.directoryOnly) return -ERRNO.ENOENT;
    const why = this.#whyNotLink(place.parent);
    if (why !== undefined) return -why;
    this.#link(place.parent, place.name, node);
    node.changedNs = this.#nowNs();
    return 0;
  }

  /** Puts a symbolic link there. Its target is not looked at before it is followed. */
  symlink(target: string, from: Directory, path: string, confined = false): number {
    if (target === "") return -ERRNO.ENOENT;
    const bytes = new TextEncoder().encode(target).length;
    if (bytes > this.bounds.pathBytesMax) return -ERRNO.ENAMETOOLONG;
    const place = this.#walk(from, path, { confined });
    if (typeof place === "number") return place;
    if (place.node) return -ERRNO.EEXIST;
    if (place.directoryOnly) return -ERRNO.ENOENT;
    const why = this.#whyNotLink(place.parent);
    if (why !== undefined) return -why;
    if (!this.quota.take(bytes)) return -ERRNO.ENOSPC;
    const link: SymbolicLink = { ...this.#newNode(0o777), kind: "link", target, bytes };
    this.#link(place.parent, place.name, link);
    return 0;
  }

  /** The path of a directory from the root, or ENOENT if it was removed. */
  pathOf(directory: Directory): string | number {
    const names: string[] = [];
    for (let at = directory; at !== this.root; ) {
      const { parent } = at;
      if (!parent) return -ERRNO.ENOENT;
      for (const [name, node] of parent.entries) if (node === at) names.push(name);
      at = parent;
    }
    return `/${names.reverse().join("/")}`;
  }

  read(file: RegularFile, offset: number, into: Uint8Array): number {
    return readFile(file, offset, into);
  }

  write(file: RegularFile, offset: number, from: Uint8Array): number {
    const count = writeFile(file, offset, from, this.quota);
    if (count > 0) touch(file, this.#nowNs());
    return count;
  }

  resize(file: RegularFile, size: number): number {
    const status = resizeFile(file, size, this.quota);
    if (status === 0) touch(file, this.#nowNs());
    return status;
  }

  changeMode(node: Node, mode: number): number {
    if ((node.kind === "file" || node.kind === "directory") && node.readOnly) return -ERRNO.EROFS;
    node.mode = mode & PERMISSION_BITS;
    node.changedNs = this.#nowNs();
    return 0;
  }

  /** Sets times; what is `undefined` stays. */
  changeTimes(node: Node, accessedNs: bigint | undefined, modifiedNs: bigint | undefined): number {
    if ((node.kind === "file" || node.kind === "directory") && node.readOnly) return -ERRNO.EROFS;
    node.accessedNs = accessedNs ?? node.accessedNs;
    node.modifiedNs = modifiedNs ?? node.modifiedNs;
    node.changedNs = this.#nowNs();
    return 0;
  }

  retain(node: Node): void {
    node.opens++;
  }

  release(node: Node): void {
    node.opens--;
    this.#forget(node);
  }

  #walk(from: Directory, path: string, options: WalkOptions): Place | number {
    return walk(this.root, from, path, this.bounds, options);
  }

  /** Why nothing can be put into a directory. */
  #whyNotLink(parent: Directory): number | undefined {
    if (parent.readOnly) return ERRNO.EROFS;
    if (parent.parent === undefined) return ERRNO.ENOENT;
    return this.#nodes < this.bounds.nodesMax ? undefined : ERRNO.ENOSPC;
  }

  #plant(path: string, node: Entry, plant: Plant = { readOnly: true }): void {
    const slash = Math.max(path.lastIndexOf("/"), 0);
    const parent = this.plantDirectory(path.slice(0, slash), plant);
    this.#link(parent, path.slice(path.lastIndexOf("/") + 1), node);
  }

  #link(parent: Directory, name: string, node: Entry): void {
    parent.entries.set(name, node);
    node.links++;
    touch(parent, this.#nowNs());
  }

  #unlink(parent: Directory, name: string, node: Entry): void {
    const now = this.#nowNs();
    parent.entries.delete(name);
    touch(parent, now);
    node.links--;
    node.changedNs = now;
    this.#forget(node);
  }

  #forget(node: Node): void {
    if (node.links > 0 || node.opens > 0) return;
    this.#nodes--;
    if (node.kind === "file") releaseContent(node, this.quota);
    if (node.kind === "pipe") this.quota.giveBack(node.buffer.length);
    if (node.kind === "link") this.quota.giveBack(node.bytes);
  }

  #newDirectory(parent: Directory | undefined, options: { readonly mode: number; readonly readOnly: boolean }): Directory {
    return { ...this.#newNode(options.mode), kind: "directory", readOnly: options.readOnly, entries: new Map(), parent };
  }

  #newNode(mode: number) {
    const now = this.#nowNs();
    this.#nodes++;
    return { inode: this.#nextInode++, mode, accessedNs: now, modifiedNs: now, changedNs: now, links: 0, opens: 0 };
  }
}

function touch(node: Node, now: bigint): void {
  node.accessedNs = now;
  node.modifiedNs = now;
  node.changedNs = now;
}

function isWithin(directory: Directory, ancestor: Directory): boolean {
  for (let at: Directory | undefined = directory; at; at = at.parent === at ? undefined : at.parent) if (at === ancestor) return true;
  return false;
}

/** A directory that was removed is its own. */
function rootOf(directory: Directory): Directory {
  let at = directory;
  while (at.parent && at.parent !== at) at = at.parent;
  return at;
}
