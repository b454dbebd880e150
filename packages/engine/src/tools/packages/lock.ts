import { ToolError } from "../error.ts";

/** What a lock file says of one folder, in which a package is or would be. */
export interface LockEntry {
  /** Relative to the project, with `/`; empty: the project itself. */
  readonly path: string;
  readonly name: string;
  readonly version: string | undefined;
  readonly licence: string | undefined;
  /** Only what is needed to develop the project brings it. */
  readonly dev: boolean;
  /** An installation may go on without it. */
  readonly optional: boolean;
  /** A folder of the project's own (itself, a workspace, a folder that it links to), and not something that was installed. */
  readonly own: boolean;
  /** Paths of the entries that its dependencies are resolved to, in the order of the file, each once. */
  readonly dependencies: readonly string[];
  /** Of an own folder: those of `dependencies` that it has for development only. */
  readonly devDependencies: readonly string[];
}

export interface Lock {
  readonly version: number;
  /** By path, in the order of the file. */
  readonly entries: ReadonlyMap<string, LockEntry>;
}

/** What one package may be called at most: npm's own bound on names, and room for the versions and licences that people write. */
const TEXT_MAX = 256;
const PATH_MAX = 4_096;
export const PACKAGES_MAX = 50_000;
/** Each is looked up in every folder above: these two together bound the time that a hostile lock file takes to some seconds. */
const DEPENDENCIES_MAX = 200_000;
const FOLDERS_MAX = 48;

/**
 * Reads the text of a `package-lock.json`, version 2 or 3. Pure. What can't be resolved (optional packages for other platforms are always all
 * in the lock file, peers need not be) is left out.
 * @throws ToolError where it is no such lock file
 */
export function readLock(text: string, file: string): Lock {
  const refuse = (why: string): never => {
    throw new ToolError(`Cannot read ${JSON.stringify(file)}: ${why}`);
  };
  const root = record(parse(text) ?? refuse("it is not JSON"));
  const packages = record(root?.["packages"]);
  const version = root?.["lockfileVersion"];
  if (root === undefined || typeof version !== "number") return refuse("it is no lock file of npm");
  if (packages === undefined) return refuse(`it is of version ${version}, which says too little: npm 7 or newer writes another`);
  const raw = new Map<string, Raw>();
  let dependencies = 0;
  for (const [path, value] of Object.entries(packages)) {
    const entry = record(value);
    if (entry === undefined || !isPlain(path)) return refuse(`the entry ${JSON.stringify(path.slice(0, TEXT_MAX))} is not of its form`);
    raw.set(path, entry);
    dependencies += GROUPS.reduce((sum, group) => sum + Object.keys(record(entry[group]) ?? {}).length, 0);
    if (raw.size > PACKAGES_MAX) return refuse(`it has more than ${PACKAGES_MAX} packages`);
    if (dependencies > DEPENDENCIES_MAX) return refuse(`it has more than ${DEPENDENCIES_MAX} dependencies`);
  }
  const entries = new Map<string, LockEntry>();
  const holders = new Set(
    Array.from(raw.keys())
      .filter(isInstalled)
      .map((path) => path.slice(0, Math.max(0, path.lastIndexOf("node_modules/") - 1))),
  );
  for (const [path, entry] of raw) if (entry["link"] !== true) entries.set(path, entryOf(path, entry, placesAbove(path, holders), raw));
  return { version, entries };
}

const SHIPPED = ["dependencies", "optionalDependencies", "peerDependencies"];
const GROUPS = [...SHIPPED, "devDependencies"];

type Raw = Readonly<Record<string, unknown>>;

function entryOf(path: string, entry: Raw, places: readonly string[], all: ReadonlyMap<string, Raw>): LockEntry {
  const own = !isInstalled(path);
  const resolveAll = (key: string): string[] =>
    Object.keys(record(entry[key]) ?? {})
      .map((name) => resolved(name, places, all))
      .filter((found) => found !== undefined);
  const shipped = new Set(SHIPPED.flatMap(resolveAll));
  const dev = new Set(own ? resolveAll("devDependencies").filter((dependency) => !shipped.has(dependency)) : []);
  return {
    path,
    name: textOf(entry["name"]) ?? nameOf(path),
    version: textOf(entry["version"]),
    licence: textOf(entry["license"]),
    dev: entry["dev"] === true,
    // Both development and something optional bring it: where development is left out, it is optional.
    optional: entry["optional"] === true || entry["devOptional"] === true,
    own,
    dependencies: [...shipped, ...dev],
    devDependencies: [...dev],
  };
}

/** Where Node finds packages from `path`, the nearest first: in the `node_modules` of each folder at or above it that has one. */
function placesAbove(path: string, holders: ReadonlySet<string>): readonly string[] {
  const places: string[] = [];
  for (let at: string | undefined = path; at !== undefined; at = at === "" ? undefined : at.slice(0, Math.max(0, at.lastIndexOf("/")))) {
    if (holders.has(at)) places.push(at === "" ? "node_modules/" : `${at}/node_modules/`);
  }
  return places;
}

function resolved(name: string, places: readonly string[], all: ReadonlyMap<string, Raw>): string | undefined {
  for (const place of places) {
    const entry = all.get(place + name);
    if (entry === undefined) continue;
    const target = entry["link"] === true ? entry["resolved"] : place + name;
    return typeof target === "string" && all.has(target) ? target : undefined;
  }
  return undefined;
}

/** Whether a path is that of a package in some `node_modules`. */
function isInstalled(path: string): boolean {
  return path.startsWith("node_modules/") || path.includes("/node_modules/");
}

/** The name that a path gives a package: what is behind the last `node_modules`, else its folder's. */
export function nameOf(path: string): string {
  const at = path.lastIndexOf("node_modules/");
  return at < 0 ? path.slice(path.lastIndexOf("/") + 1) : path.slice(at + "node_modules/".length);
}

function isPlain(path: string): boolean {
  return path.length <= PATH_MAX && path.split("/").length <= FOLDERS_MAX && !path.includes("\0") && !path.startsWith("/");
}

export function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

export function record(value: unknown): Raw | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Raw) : undefined;
}

/** A text that someone wrote into a manifest, cut: undefined where there is none. */
export function textOf(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  const text = value.trim();
  return text === "" ? undefined : text.slice(0, TEXT_MAX);
}
