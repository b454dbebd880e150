import { ERRNO } from "./errno.ts";
import type { Directory, Entry } from "./node.ts";

/** What bounds the names of a file system. */
export interface NameBounds {
  readonly nameBytesMax: number;
  readonly pathBytesMax: number;
}

export interface WalkOptions {
  /** Absolute paths, `..` out of the directory where the walk starts, and links that lead so are refused with ENOTCAPABLE. */
  readonly confined?: boolean;
  /** A symbolic link at the end of the path is followed. Those on the way always are. */
  readonly follow?: boolean;
}

/** Where a path leads: the directory that has or would have the name, and the node, if there is one. */
export interface Place {
  readonly parent: Directory;
  /** Empty if the path ends in `.` or `..`: then it names `node` itself, a directory. */
  readonly name: string;
  readonly node: Entry | undefined;
  /** The path ended in a slash: it can name a directory only. */
  readonly directoryOnly: boolean;
}

const LINKS_MAX = 40; // as on Linux

/**
 * Walks a path from a directory. Links are taken apart where they stand, so what a link leads to is confined as if the path had been written
 * without it. A slash behind a link does not have it followed: the answer is that of the path without the slash, or ENOTDIR.
 *
 * @returns a place or a negative errno
 */
export function walk(root: Directory, from: Directory, path: string, bounds: NameBounds, options: WalkOptions): Place | number {
  const { confined = false, follow = false } = options;
  if (path === "") return -ERRNO.ENOENT;
  if (path.includes("\0")) return -ERRNO.EINVAL;
  if (utf8Length(path) > bounds.pathBytesMax) return -ERRNO.ENAMETOOLONG;
  if (confined && path.startsWith("/")) return -ERRNO.ENOTCAPABLE;
  let parent = path.startsWith("/") ? root : from;
  let node: Entry | undefined = parent;
  let name = "";
  let depth = 0;
  let links = 0;
  let directoryOnly = path.endsWith("/");
  const parts = path.split("/").reverse(); // the next part is the last: links are put in front of what is left
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    if (part === "" || part === ".") {
      // Only a directory can be followed by a slash; one that is not there yet may be.
      if (node && node.kind !== "directory") return -ERRNO.ENOTDIR;
      if (part === "." && !node) return -ERRNO.ENOENT;
      if (part === ".") name = "";
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
    if (utf8Length(part) > bounds.nameBytesMax) return -ERRNO.ENAMETOOLONG;
    const found: Entry | undefined = node.entries.get(part);
    if (found?.kind === "link" && (follow || parts.some((left) => left !== ""))) {
      if (++links > LINKS_MAX) return -ERRNO.ELOOP;
      const { target } = found;
      if (target.startsWith("/")) {
        if (confined) return -ERRNO.ENOTCAPABLE;
        node = root;
        parent = root;
        name = "";
      }
      if (target.endsWith("/") && parts.length === 0) directoryOnly = true;
      parts.push(...target.split("/").reverse());
      continue;
    }
    depth++;
    parent = node;
    name = part;
    node = found;
  }
  return { parent, name, node, directoryOnly };
}

function utf8Length(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0) as number;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}
