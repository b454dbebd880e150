import { constants, type Dirent } from "node:fs";
import { lstat, open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { ToolError } from "../error.ts";
import { PACKAGES_MAX } from "./lock.ts";
import { type Manifest, readManifest } from "./manifest.ts";

/** A package as it lies on the disk, without the packages that are nested in it. */
export interface DiskPackage {
  /** Relative to the project, with `/`. */
  readonly path: string;
  /** Undefined: it has no `package.json` that is a JSON object. */
  manifest: Manifest | undefined;
  /** The first of its files that is named like a licence, at its top. */
  licenceFile: string | undefined;
  files: number;
  bytes: number;
}

interface DiskFile {
  readonly package: DiskPackage;
  /** Relative to the package, with `/`. */
  readonly path: string;
  readonly bytes: number;
}

export interface Disk {
  readonly packages: ReadonlyMap<string, DiskPackage>;
  readonly files: readonly DiskFile[];
  /** What lies in `node_modules` and belongs to no package: lists of what is installed, caches, starters. */
  readonly other: { readonly files: number; readonly bytes: number };
  /** Links, which are counted and not followed. */
  readonly links: number;
  /** What could not be looked at. */
  readonly unreadable: number;
}

/** More than the largest installations that people complain about. */
const FILES_MAX = 1_000_000;
const DEPTH_MAX = 64;
const MANIFEST_BYTES_MAX = 2 ** 20;
/** Folders that are read at the same time: libuv has four threads for them, and some have to wait for the disk. */
const FOLDERS_AT_ONCE = 16;
const LICENCE_FILE = /^(?:licen[cs]e|copying|unlicense)(?:[.-].*)?$/i;

/**
 * Measures the packages in some `node_modules` folders. A size is that of the content, as `lstat` tells it; nothing but manifests is opened, and no
 * link is followed, so nothing outside of `project` is looked at.
 * @param project real and absolute
 * @param modules paths of `node_modules` folders, relative to `project`; those that don't exist hold nothing
 * @throws ToolError where there is more than the bounds allow
 */
export async function readDisk(project: string, modules: Iterable<string>, signal: AbortSignal): Promise<Disk> {
  const walk = new Walk(project, signal);
  for (const path of modules) walk.later(() => walk.modules(path));
  await walk.toEnd();
  return walk;
}

class Walk implements Disk {
  readonly packages = new Map<string, DiskPackage>();
  readonly files: DiskFile[] = [];
  readonly other = { files: 0, bytes: 0 };
  links = 0;
  unreadable = 0;
  readonly #project: string;
  readonly #signal: AbortSignal;
  readonly #open: (() => Promise<void>)[] = [];
  #seen = 0;

  constructor(project: string, signal: AbortSignal) {
    this.#project = project;
    this.#signal = signal;
  }

  later(work: () => Promise<void>): void {
    this.#open.push(work);
  }

  async toEnd(): Promise<void> {
    const running = new Set<Promise<void>>();
    for (;;) {
      this.#signal.throwIfAborted();
      while (running.size < FOLDERS_AT_ONCE) {
        // The newest first: what is open stays as short as the tree is deep.
        const work = this.#open.pop();
        if (work === undefined) break;
        const done = work().finally(() => running.delete(done));
        running.add(done);
      }
      if (running.size === 0) return;
      await Promise.race(running);
    }
  }

  /** A `node_modules` folder: packages, scopes with packages, and what has a dot in front, which is the package manager's own. */
  async modules(path: string, scope = false): Promise<void> {
    for (const entry of await this.#list(path)) {
      const below = `${path}/${entry.name}`;
      if (!entry.isDirectory()) await this.#file(entry, below, undefined, "");
      else if (entry.name.startsWith(".")) this.later(() => this.#folder(below, undefined, "", 1));
      else if (entry.name.startsWith("@") && !scope) this.later(() => this.modules(below, true));
      else this.later(() => this.#package(below));
    }
  }

  async #package(path: string): Promise<void> {
    const found: DiskPackage = { path, manifest: undefined, licenceFile: undefined, files: 0, bytes: 0 };
    this.packages.set(path, found);
    if (this.packages.size > PACKAGES_MAX) throw new ToolError(`Cannot measure packages: there are more than ${PACKAGES_MAX}`);
    found.manifest = await this.#manifest(`${path}/package.json`);
    await this.#folder(path, found, "", 0);
  }

  async #folder(path: string, owner: DiskPackage | undefined, inside: string, depth: number): Promise<void> {
    if (depth > DEPTH_MAX) throw new ToolError(`Cannot measure packages: ${JSON.stringify(path)} lies more than ${DEPTH_MAX} folders deep`);
    for (const entry of await this.#list(path)) {
      const below = `${path}/${entry.name}`;
      const name = inside === "" ? entry.name : `${inside}/${entry.name}`;
      if (owner !== undefined && depth === 0 && entry.isFile() && LICENCE_FILE.test(entry.name)) owner.licenceFile ??= entry.name;
      if (!entry.isDirectory()) await this.#file(entry, below, owner, name);
      // Deeper down a folder of that name is data of the package (those that test resolvers have some).
      else if (depth === 0 && owner !== undefined && entry.name === "node_modules") this.later(() => this.modules(below));
      else this.later(() => this.#folder(below, owner, name, depth + 1));
    }
  }

  async #file(entry: Dirent, path: string, owner: DiskPackage | undefined, name: string): Promise<void> {
    if (++this.#seen > FILES_MAX) throw new ToolError(`Cannot measure packages: there are more than ${FILES_MAX} files`);
    if (entry.isSymbolicLink()) this.links++;
    if (!entry.isFile()) return;
    let bytes: number;
    try {
      bytes = (await lstat(join(this.#project, path))).size;
    } catch {
      this.unreadable++;
      return;
    }
    const sum = owner ?? this.other;
    sum.files++;
    sum.bytes += bytes;
    if (owner !== undefined) this.files.push({ package: owner, path: name, bytes });
  }

  async #list(path: string): Promise<readonly Dirent[]> {
    try {
      const entries = await readdir(join(this.#project, path), { withFileTypes: true });
      return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) this.unreadable++;
      return [];
    }
  }

  async #manifest(path: string): Promise<Manifest | undefined> {
    try {
      const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
      const file = await open(join(this.#project, path), flags);
      try {
        const stats = await file.stat();
        if (!stats.isFile() || stats.size > MANIFEST_BYTES_MAX) return undefined;
        return readManifest((await file.readFile()).toString("utf8"));
      } finally {
        await file.close();
      }
    } catch {
      return undefined;
    }
  }
}
