import { join } from "node:path";
import type { Json } from "@glovebox/sandbox";
import { ToolError } from "./error.ts";
import { type Folder, folderOf } from "./folder.ts";
import { type Disk, type DiskPackage, readDisk } from "./packages/disk.ts";
import { type Lock, type LockEntry, nameOf, readLock } from "./packages/lock.ts";
import { decode } from "./read_text.ts";
import type { Tool } from "./tool.ts";

/** Enough to tell what kinds of files weigh, and little enough for a guest to take in at once. */
const FILES_LISTED = 10_000;
const FILES_LISTED_MAX = 50_000;
/** Room for tens of thousands of packages. What is read here is parsed in the host. */
const LOCK_BYTES_MAX = 32 * 2 ** 20;

/**
 * `{ project?, files_max? }` to
 *
 * ```
 * { project: { name, version, lockfile_version },
 *   own: [{ path, name, version, dependencies, dev_dependencies }],
 *   packages: [{ path, name, version, locked_version, licence, licence_file, bytes, files, direct, dev, optional, locked, installed, readable, dependencies }],
 *   files: [[index in packages, path, bytes]],
 *   files_left_out: { files, bytes }, other: { files, bytes }, links, unreadable }
 * ```
 *
 * `own` are the project and its workspaces; `packages` what was installed, what only the lock file has (`installed: false`), and what only
 * lies there (`locked: false`), by path. Dependencies are paths of packages or own folders. `bytes` and `files` of a package are without those nested in
 * it. `files` are the largest, largest first. `licence` is what the manifest says, else the lock file.
 */
export const packages: Tool = {
  name: "packages",
  description: "Reads what npm installed in a project: the lock file, each package's manifest, and what each weighs on the disk.",
  arguments: [
    {
      name: "project",
      names: "path",
      type: "string",
      required: false,
      description: "Folder with a package-lock.json, relative to the folder that tools may use; where it is not given, that folder itself.",
    },
    {
      name: "files_max",
      type: "integer",
      required: false,
      description: `How many files are listed, the largest first; ${FILES_LISTED} where it is not given, ${FILES_LISTED_MAX} at most. All are counted.`,
    },
  ],
  async invoke({ project = ".", files_max = FILES_LISTED }, context) {
    const listed = Number(files_max);
    if (listed < 0 || listed > FILES_LISTED_MAX) {
      throw new ToolError(`Cannot list ${listed} files: it must be from 0 to ${FILES_LISTED_MAX}`);
    }
    const folder = folderOf(context);
    const path = await folder.locate(String(project));
    const file = join(path, "package-lock.json");
    const lock = readLock(
      decode(file, await folder.read(file, { bytesMax: LOCK_BYTES_MAX, signal: context.signal })),
      join(String(project), "package-lock.json"),
    );
    const disk = await readDisk(path, await modulesOf(lock, path, folder), context.signal);
    return report(lock, disk, listed);
  },
};

/** The `node_modules` folders of the project and its workspaces: those that are folders in place, with no link on the way. */
async function modulesOf(lock: Lock, project: string, folder: Folder): Promise<readonly string[]> {
  const found: string[] = [];
  for (const { path, own } of lock.entries.values()) {
    if (!own) continue;
    const modules = path === "" ? "node_modules" : `${path}/node_modules`;
    const place = join(project, modules);
    // A lock file may name any path: what leads out of the project, or through a link, is not the project's.
    if (path.split("/").includes("..") || (await folder.locate(place).catch(() => undefined)) !== place) continue;
    found.push(modules);
  }
  return found;
}

function report(lock: Lock, disk: Disk, listed: number): Json {
  const own = [...lock.entries.values()].filter((entry) => entry.own);
  const direct = new Set(own.flatMap(({ dependencies }) => dependencies));
  const locked = new Map([...lock.entries].filter(([, entry]) => !entry.own));
  const paths = [...new Set([...locked.keys(), ...disk.packages.keys()])].sort();
  const numbers = new Map(paths.map((path, number) => [path, number]));
  const files = disk.files.toSorted(
    (a, b) => b.bytes - a.bytes || (`${a.package.path}/${a.path}` < `${b.package.path}/${b.path}` ? -1 : 1),
  );
  const leftOut = files.slice(listed);
  const root = lock.entries.get("");
  return {
    project: { name: root?.name ?? "", version: root?.version ?? null, lockfile_version: lock.version },
    own: own.map(({ path, name, version, dependencies, devDependencies }) => ({
      path,
      name,
      version: version ?? null,
      dependencies,
      dev_dependencies: devDependencies,
    })),
    packages: paths.map((path) => packageOf(path, locked.get(path), disk.packages.get(path), direct.has(path))),
    files: files.slice(0, listed).map(({ package: { path }, path: name, bytes }) => [numbers.get(path) ?? -1, name, bytes]),
    files_left_out: { files: leftOut.length, bytes: leftOut.reduce((sum, { bytes }) => sum + bytes, 0) },
    other: { ...disk.other },
    links: disk.links,
    unreadable: disk.unreadable,
  };
}

function packageOf(path: string, lock: LockEntry | undefined, disk: DiskPackage | undefined, direct: boolean): Json {
  const version = disk?.manifest?.version ?? lock?.version;
  return {
    path,
    name: disk?.manifest?.name ?? lock?.name ?? nameOf(path),
    version: version ?? null,
    locked_version: lock?.version ?? null,
    licence: disk?.manifest?.licence ?? lock?.licence ?? null,
    licence_file: disk?.licenceFile ?? null,
    bytes: disk?.bytes ?? 0,
    files: disk?.files ?? 0,
    direct,
    dev: lock?.dev ?? false,
    optional: lock?.optional ?? false,
    locked: lock !== undefined,
    installed: disk !== undefined,
    readable: disk === undefined || disk.manifest !== undefined,
    dependencies: lock?.dependencies ?? [],
  };
}
