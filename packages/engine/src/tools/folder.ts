import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, lstat, mkdir, open, readdir, realpath, rename, unlink } from "node:fs/promises";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { GloveboxError } from "@glovebox/sandbox";
import { ToolError } from "./error.ts";

/** Largest file that a tool reads or writes, unless it says less: what a guest's input may hold at most is of the same size. */
export const FILE_BYTES_MAX = 64 * 2 ** 20;

/**
 * The one folder that the operator named. Tools reach files through it only; paths are relative to it, or absolute and inside. Every path
 * is resolved through all links first, and one that then lies outside is refused, so a link may be used only where it
 * stays inside. Devices, pipes and sockets are refused.
 *
 * This holds against paths that a guest chose. It is not made to hold against another process of the same user that swaps folders for
 * links while a tool is at work; such a process could write there without us.
 */
export class Folder {
  readonly path: string;

  /** @param path real and absolute: {@link openFolder} makes it so */
  constructor(path: string) {
    this.path = path;
  }

  /**
   * The whole content of a file.
   * @throws ToolError where it is not there, is no file, lies outside, or is larger than `bytesMax`
   */
  async read(path: string, options: { readonly bytesMax?: number; readonly signal?: AbortSignal } = {}): Promise<Uint8Array> {
    const bytesMax = Math.min(options.bytesMax ?? FILE_BYTES_MAX, FILE_BYTES_MAX);
    const place = await this.#existing("read", path);
    // Without O_NONBLOCK opening a pipe waits for a writer that may never come.
    const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
    let file: FileHandle;
    try {
      file = await open(place, flags);
    } catch (error) {
      throw failed("read", path, error);
    }
    try {
      const { size } = await stat(file, path);
      if (size > bytesMax) throw new ToolError(`Cannot read ${JSON.stringify(path)}: it has ${size} bytes, and ${bytesMax} are allowed`);
      return await readAll(file, path, size, bytesMax, options.signal);
    } finally {
      await file.close();
    }
  }

  /**
   * Writes a file whole: until all of it is there the old content stays, and a reader sees one or the other. Folders on the way
   * are made. A link in the file's own place is replaced, not followed.
   * @throws ToolError where the path lies outside, or something that is no file is in its place
   */
  async write(path: string, content: string | Uint8Array): Promise<{ readonly path: string; readonly bytes: number }> {
    const bytes = typeof content === "string" ? Buffer.from(content) : content;
    if (bytes.byteLength > FILE_BYTES_MAX) {
      throw new ToolError(`Cannot write ${JSON.stringify(path)}: ${bytes.byteLength} bytes, and ${FILE_BYTES_MAX} are allowed`);
    }
    const target = this.#inside("write", path, resolve(this.path, checked("write", path)));
    if (target === this.path) throw new ToolError(`Cannot write ${JSON.stringify(path)}: it is the folder itself`);
    const parent = await this.#makeParent(path, dirname(target));
    const place = join(parent, basename(target));
    const existing = await lstat(place).catch(() => undefined);
    if (existing !== undefined && !existing.isFile() && !existing.isSymbolicLink()) {
      throw new ToolError(`Cannot write ${JSON.stringify(path)}: what is there is not a file`);
    }
    const draft = join(parent, `.${basename(target).slice(0, 100)}.${randomBytes(6).toString("hex")}.tmp`);
    try {
      const file = await open(draft, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0), 0o666);
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(draft, place);
    } catch (error) {
      await unlink(draft).catch(() => undefined);
      throw failed("write", path, error);
    }
    return { path: relative(this.path, place).split(sep).join("/"), bytes: bytes.byteLength };
  }

  /**
   * What is in a folder, by name. Links are listed as such and not followed.
   * @throws ToolError where it is not there, is no folder, or lies outside
   */
  async list(path: string): Promise<readonly FolderEntry[]> {
    const place = await this.#existing("list", path);
    try {
      const entries = await readdir(place, { withFileTypes: true });
      return entries
        .map(
          (entry) =>
            ({
              name: entry.name,
              kind: entry.isFile() ? "file" : entry.isDirectory() ? "folder" : entry.isSymbolicLink() ? "link" : "other",
            }) as const,
        )
        .sort((a, b) => (a.name < b.name ? -1 : 1));
    } catch (error) {
      throw failed("list", path, error);
    }
  }

  /**
   * The real and absolute path of something that is there, for tools that look at more than they read.
   * @throws ToolError where it is not there, or lies outside
   */
  locate(path: string): Promise<string> {
    return this.#existing("find", path);
  }

  /**
   * Whether something is there. What lies outside is refused, whether it is there or not.
   * @throws ToolError where the path lies outside, or can't be looked at
   */
  async has(path: string): Promise<boolean> {
    try {
      await this.locate(path);
      return true;
    } catch (error) {
      if (error instanceof ToolError && errorCode(error.cause) === "ENOENT") return false;
      throw error;
    }
  }

  async #existing(verb: Verb, path: string): Promise<string> {
    const place = resolve(this.path, checked(verb, path));
    try {
      return this.#inside(verb, path, await realpath(place));
    } catch (error) {
      // Whether something is there or not is nobody's business outside.
      if (!(error instanceof ToolError)) this.#inside(verb, path, place);
      throw failed(verb, path, error);
    }
  }

  /** The real path of a file's folder, which is made where it is missing; what exists of it is resolved before anything is made. */
  async #makeParent(path: string, parent: string): Promise<string> {
    const missing: string[] = [];
    let above = parent;
    try {
      for (;;) {
        const real = await realpath(above).catch((error: unknown) => (errorCode(error) === "ENOENT" ? undefined : Promise.reject(error)));
        if (real !== undefined) {
          let place = this.#inside("write", path, real);
          for (const name of missing) {
            place = join(place, name);
            // Not recursive: a link that appeared here meanwhile (or dangled all along) makes this fail instead of being followed.
            await mkdir(place);
          }
          return place;
        }
        missing.unshift(basename(above));
        above = dirname(above);
      }
    } catch (error) {
      throw failed("write", path, error);
    }
  }

  #inside(verb: Verb, path: string, absolute: string): string {
    const prefix = this.path.endsWith(sep) ? this.path : this.path + sep;
    if (absolute !== this.path && !absolute.startsWith(prefix)) {
      throw new ToolError(`Cannot ${verb} ${JSON.stringify(path)}: it lies outside of the folder that tools may use`);
    }
    return absolute;
  }
}

export interface FolderEntry {
  readonly name: string;
  readonly kind: "file" | "folder" | "link" | "other";
}

type Verb = "read" | "write" | "list" | "find";

/**
 * Opens the folder that tools may use. The path is resolved once, here.
 * @throws GloveboxError `FOLDER_INVALID` where it is no folder
 */
export async function openFolder(path: string): Promise<Folder> {
  try {
    const real = await realpath(path);
    if (!(await lstat(real)).isDirectory()) throw new Error("it is not a folder");
    return new Folder(real);
  } catch (cause) {
    const state = errorCode(cause) === "ENOENT" ? "it does not exist" : cause instanceof Error ? cause.message : String(cause);
    throw new GloveboxError("FOLDER_INVALID", `Cannot open folder ${JSON.stringify(path)}: ${state}`, { cause });
  }
}

/** The folder of a tool that can't do without. */
export function folderOf({ folder }: { readonly folder: Folder | undefined }): Folder {
  if (folder === undefined) throw new ToolError("Cannot reach any file: no folder was named that tools may use");
  return folder;
}

function checked(verb: Verb, path: string): string {
  if (path === "") throw new ToolError(`Cannot ${verb} a file: the path is empty`);
  if (path.includes("\0")) throw new ToolError(`Cannot ${verb} ${JSON.stringify(path)}: a path has no NUL`);
  return path;
}

async function stat(file: FileHandle, path: string): Promise<{ readonly size: number }> {
  const stats = await file.stat();
  if (!stats.isFile()) throw new ToolError(`Cannot read ${JSON.stringify(path)}: it is not a file`);
  return stats;
}

/** Reads to the end, wherever that is by now: the size is a first guess, and the bound holds for a file that grows. */
async function readAll(
  file: FileHandle,
  path: string,
  size: number,
  bytesMax: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  let buffer = Buffer.allocUnsafe(Math.min(size, bytesMax) + 1);
  let filled = 0;
  for (;;) {
    signal?.throwIfAborted();
    if (filled === buffer.length) buffer = Buffer.concat([buffer, Buffer.allocUnsafe(Math.min(buffer.length, bytesMax + 1 - filled))]);
    const { bytesRead } = await file.read(buffer, filled, buffer.length - filled);
    if (bytesRead === 0) return buffer.subarray(0, filled);
    filled += bytesRead;
    if (filled > bytesMax) throw new ToolError(`Cannot read ${JSON.stringify(path)}: it has more than ${bytesMax} bytes`);
  }
}

const STATES: Readonly<Record<string, string>> = {
  ENOENT: "it does not exist",
  ENOTDIR: "a part of the path is not a folder",
  EISDIR: "it is a folder",
  EACCES: "permission denied",
  EPERM: "permission denied",
  ELOOP: "it is a link that leads nowhere or in a circle",
  EEXIST: "a link that leads nowhere is in its way",
  ENAMETOOLONG: "the path is too long",
  ENOSPC: "no space is left",
  ENXIO: "it is not a file",
};

function failed(verb: Verb, path: string, error: unknown): Error {
  if (error instanceof ToolError) return error;
  const code = errorCode(error);
  const state = (code === undefined ? undefined : STATES[code]) ?? code ?? (error instanceof Error ? error.message : String(error));
  const transient = code === "EMFILE" || code === "ENFILE" || code === "EBUSY" || code === "EAGAIN";
  return new ToolError(`Cannot ${verb} ${JSON.stringify(path)}: ${state}`, { cause: error, transient });
}

function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
