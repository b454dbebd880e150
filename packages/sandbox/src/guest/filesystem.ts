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
  writeFile,
} from "./node.ts";

/** What bounds a file system, beside the {@link Quota} for its bytes. */
export interface FileSystemBounds {
  /** Files, directories, devices and pipes that exist at a time. */
  readonly nodesMax: number;
  readonly nameBytesMax: number;
  readonly pathBytesMax: number;
}

/** As on Linux (`NAME_MAX`, `PATH_MAX`), and so many nodes that a guest can't make the host's own memory the limit. */
export const FILE_SYSTEM_BOUNDS: FileSystemBounds = { nodesMax: 4096, nameBytesMax: 255, pathBytesMax: 4096 };

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

/** Where a path leads: the directory that has or would have the name, and the node, if there is one. */
interface Place {
  readonly parent: Directory;
  /** Empty if the path ends in `/`, `.` or `..`: then it names `node` itself, a directory. */
  readonly name: string;
  readonly node: Entry | undefined;
  /** The path ended in a slash: it can name a directory only. */
  readonly directoryOnly: boolean;
}

/**
 * Files in memory, with the semantics of POSIX and nothing behind them. It is made for one attempt. Symbolic and hard links don't exist.
 *
 * Where an operation can fail, its result is a negative errno instead; nothing here throws. Paths are walked from a directory; with
 * `confined`, absolute paths and `..` out of that directory are refused with ENOTCAPABLE, else the root is its own parent.
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
    this.root = this.#newDirectory(undefined, { mode: 0o755, readOnly: true });
    this.root.parent = this.root;
    this.root.links = 1;
  }

  get nodesUsed(): number {
    return this.#nodes;
  }

  /** Makes a directory and those above it, for the host: neither bounds nor read-only directories stop it. */
  plantDirectory(path: string, options: { readonly readOnly: boolean; readonly mode?: number }): Directory {
    let directory = this.root;
    const names = path.split("/").filter((name) => name !== "");
    names.forEach((name, index) => {
      const known = directory.entries.get(name);
      if (known && known.kind !== "directory") throw new Error(`${path} leads through a file`);
      const readOnly = index < names.length - 1 || options.readOnly;
      const next = known ?? this.#newDirectory(directory, { mode: options.mode ?? 0o755, readOnly });
      if (!known) this.#link(directory, name, next);
      directory = next;
    });
    return directory;
  }

  /** Puts a read-only file there, for the host. `content` is not copied; nobody may change it while this file system is used. */
  plantFile(path: string, content: Uint8Array): RegularFile {
    const file: RegularFile = { ...this.#newNode(0o444), kind: "file", readOnly: true, content, size: content.length };
    this.#plant(path, file);
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

  lookUp(from: Directory, path: string, confined = false): Entry | number {
    const place = this.#walk(from, path, confined);
    return typeof place === "number" ? place : (place.node ?? -ERRNO.ENOENT);
  }

  /** Finds or makes what is to be opened. Who holds it open tells by {@link retain} and {@link release}. */
  open(from: Directory, path: string, options: OpenOptions, confined = false): Entry | number {
    const place = this.#walk(from, path, confined);
    if (typeof place === "number") return place;
    const { node, parent, name } = place;
    if (!node) {
      if (!options.create) return -ERRNO.ENOENT;
      if (place.directoryOnly) return -ERRNO.EISDIR;
      if (options.directory) return -ERRNO.EINVAL;
      if (!this.#mayLink(parent)) return -this.#whyNotLink(parent);
      const file: RegularFile = {
        ...this.#newNode(options.mode & PERMISSION_BITS),
        kind: "file",
        readOnly: false,
        content: new Uint8Array(0),
        size: 0,
      };
      this.#link(parent, name, file);
      return file;
    }
    if (options.create && options.exclusive) return -ERRNO.EEXIST;
    if (options.directory && node.kind !== "directory") return -ERRNO.ENOTDIR;
    if (node.kind === "directory" && (options.write || options.create)) return -ERRNO.EISDIR;
    if (node.kind === "file" && node.readOnly && (options.write || options.truncate)) return -ERRNO.EROFS;
    if (node.kind === "file" && options.truncate) this.resize(node, 0);
    return node;
  }

  makeDirectory(from: Directory, path: string, mode: number, confined = false): number {
    const place = this.#walk(from, path, confined);
    if (typeof place === "number") return place;
    if (place.node) return -ERRNO.EEXIST;
    if (!this.#mayLink(place.parent)) return -this.#whyNotLink(place.parent);
    const directory = this.#newDirectory(place.parent, { mode: mode & PERMISSION_BITS, readOnly: false });
    this.#link(place.parent, place.name, directory);
    return 0;
  }

  removeDirectory(from: Directory, path: string, confined = false): number {
    const place = this.#walk(from, path, confined);
    if (typeof place === "number") return place;
    const { node, parent, name } = place;
    if (!node) return -ERRNO.ENOENT;
    if (node.kind !== "directory") return -ERRNO.ENOTDIR;
    if (node === this.root) return -ERRNO.EBUSY;
    if (name === "") return -ERRNO.EINVAL; // "." or "..": it would cut off the branch that it stands on
    if (parent.readOnly) return -ERRNO.EROFS;
    if (node.entries.size > 0) return -ERRNO.ENOTEMPTY;
    node.parent = undefined;
    this.#unlink(parent, name, node);
    return 0;
  }

  unlink(from: Directory, path: string, confined = false): number {
    const place = this.#walk(from, path, confined);
    if (typeof place === "number") return place;
    const { node, parent, name } = place;
    if (!node) return -ERRNO.ENOENT;
    if (node.kind === "directory") return -ERRNO.EISDIR;
    if (parent.readOnly) return -ERRNO.EROFS;
    this.#unlink(parent, name, node);
    return 0;
  }

  rename(from: Directory, path: string, toFrom: Directory, toPath: string, confined = false): number {
    const old = this.#walk(from, path, confined);
    if (typeof old === "number") return old;
    const place = this.#walk(toFrom, toPath, confined);
    if (typeof place === "number") return place;
    const { node } = old;
    if (!node) return -ERRNO.ENOENT;
    if (old.name === "" || (place.name === "" && place.node)) return -ERRNO.EBUSY;
    if (old.parent.readOnly || place.parent.readOnly) return -ERRNO.EROFS;
    if (node === place.node) return 0;
    if (node.kind !== "directory" && place.directoryOnly) return -ERRNO.ENOTDIR;
    if (node.kind === "directory" && isWithin(place.parent, node)) return -ERRNO.EINVAL;
    const replaced = place.node;
    if (replaced) {
      if (node.kind === "directory" && replaced.kind !== "directory") return -ERRNO.ENOTDIR;
      if (node.kind !== "directory" && replaced.kind === "directory") return -ERRNO.EISDIR;
      if (replaced.kind === "directory") {
        if (replaced.entries.size > 0) return -ERRNO.ENOTEMPTY;
        replaced.parent = undefined;
      }
      this.#unlink(place.parent, place.name, replaced);
    } else if (place.parent.parent === undefined) {
      return -ERRNO.ENOENT;
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

  #walk(from: Directory, path: string, confined: boolean): Place | number {
    if (path === "") return -ERRNO.ENOENT;
    if (path.includes("\0")) return -ERRNO.EINVAL;
    if (path.length > this.bounds.pathBytesMax) return -ERRNO.ENAMETOOLONG;
    if (confined && path.startsWith("/")) return -ERRNO.ENOTCAPABLE;
    let parent = path.startsWith("/") ? this.root : from;
    let node: Entry | undefined = parent;
    let name = "";
    let depth = 0;
    for (const part of path.split("/")) {
      if (part === "" || part === ".") {
        // Only a directory can be followed by a slash; one that is not there yet may be.
        if (node && node.kind !== "directory") return -ERRNO.ENOTDIR;
        if (part === "." && !node) return -ERRNO.ENOENT;
        if (part === "." && node) name = "";
        continue;
      }
      if (!node) return -ERRNO.ENOENT;
      if (node.kind !== "directory") return -ERRNO.ENOTDIR;
      if (part === "..") {
        if (confined && --depth < 0) return -ERRNO.ENOTCAPABLE;
        node = node.parent;
        if (!node) return -ERRNO.ENOENT;
        parent = node;
        name = "";
        continue;
      }
      if (utf8Length(part) > this.bounds.nameBytesMax) return -ERRNO.ENAMETOOLONG;
      depth++;
      parent = node;
      name = part;
      node = parent.entries.get(part);
    }
    return { parent, name, node, directoryOnly: path.endsWith("/") };
  }

  #mayLink(parent: Directory): boolean {
    return !parent.readOnly && parent.parent !== undefined && this.#nodes < this.bounds.nodesMax;
  }

  #whyNotLink(parent: Directory): number {
    return parent.readOnly ? ERRNO.EROFS : parent.parent === undefined ? ERRNO.ENOENT : ERRNO.ENOSPC;
  }

  #plant(path: string, node: Entry): void {
    const slash = path.lastIndexOf("/");
    this.#link(this.plantDirectory(path.slice(0, slash), { readOnly: true }), path.slice(slash + 1), node);
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

function utf8Length(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0) as number;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}
