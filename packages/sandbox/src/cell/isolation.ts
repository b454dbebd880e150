import { spawnSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { GloveboxError } from "../error.ts";
import { type IsolationNote, NOTE_FILE, readNote, situationOf, writeNote } from "./isolation-note.ts";
import { findProgram, withLibraries } from "./programs.ts";
import { seccompFilter } from "./seccomp.ts";
import { ISOLATION_LEVELS, type IsolationLevel, type Place, type Wrappers, wrap } from "./wrap.ts";

/** How the cells of one sandbox are wrapped. */
export interface Isolation {
  readonly level: IsolationLevel;
  readonly place: Place;
  /** System call filter, where the level can set one and there is one for this architecture. */
  readonly filter: Uint8Array | undefined;
}

export interface IsolationOptions {
  /** Folder of the built runtimes. What was found to work is noted there, until the next boot. */
  readonly folder: string;
  /** Bytes of memory that a cell may hold for itself. */
  readonly dataBytesMax: number;
}

const TRIAL_MS_MAX = 10_000;

/**
 * The strongest isolation that works here, or the one that is named. Whether it works is tried, once per boot: it takes 10 to 50 ms.
 * Where nothing works on Linux, the process warns once (`GLOVEBOX_WEAK_ISOLATION`).
 *
 * @throws GloveboxError `ISOLATION_UNAVAILABLE` if the named one does not work
 */
export function chooseIsolation(wanted: "strongest" | IsolationLevel, options: IsolationOptions): Isolation {
  const trial = process.platform === "linux" ? new LinuxTrial(options) : undefined;
  const reasons: string[] = [];
  for (const level of wanted === "strongest" ? ISOLATION_LEVELS : [wanted]) {
    const found = trial ? trial.of(level) : level === "none" ? bare(options) : `there is none on ${process.platform}`;
    if (typeof found !== "string") {
      if (trial && wanted === "strongest" && level === "none") warn(reasons);
      return found;
    }
    reasons.push(`${level}: ${found}`);
  }
  throw new GloveboxError("ISOLATION_UNAVAILABLE", `Cannot isolate cells with ${reasons.join("; ")}`);
}

let warned = false;
function warn(reasons: readonly string[]): void {
  if (warned) return;
  warned = true;
  process.emitWarning(
    `cells run without namespaces of their own (${reasons.join("; ")}): code that breaks out of V8 can do what its user can. See docs/isolation.md`,
    { code: "GLOVEBOX_WEAK_ISOLATION" },
  );
}

/** Limits of the operating system, and nothing else. */
function bare({ folder, dataBytesMax }: IsolationOptions, wrappers: Wrappers = {}): Isolation {
  return { level: "none", place: { wrappers, folder, files: [], nobody: false, dataBytesMax }, filter: undefined };
}

/** Tries levels on Linux, or finds noted that they worked. */
class LinuxTrial {
  readonly #options: IsolationOptions;
  readonly #wrappers: Wrappers;
  readonly #root = process.getuid?.() === 0;
  readonly #filter = seccompFilter(process.arch);
  readonly #situation: string;
  #note: IsolationNote | undefined;

  constructor(options: IsolationOptions) {
    this.#options = options;
    const found = ["bwrap", "unshare", "mount", "setpriv"].map((name) => [name, findProgram(name)] as const);
    this.#wrappers = Object.fromEntries(found.filter(([, path]) => path !== undefined));
    this.#situation = situationOf([process.execPath, ...Object.values<string>(this.#wrappers as Record<string, string>)], this.#filter);
    this.#note = readNote(options.folder, this.#situation);
  }

  /** The isolation of a level, or why there is none. */
  of(level: IsolationLevel): Isolation | string {
    const missing = this.#missing(level);
    if (missing) return missing;
    const files = this.#note?.files ?? this.#files();
    const asNobody = files !== undefined && this.#root && this.#nobodyReads(files, level === "none");
    const noted = this.#note?.working.find((each) => each.level === level && (asNobody || !each.nobody));
    if (files && noted) return this.#isolation(level, files, noted.nobody);
    if (asNobody) {
      const found = this.#tryOut(level, files, true);
      if (typeof found !== "string") return found;
      // Root of a user namespace, for example, that knows no other user.
    }
    if (level === "none") return bare(this.#options, this.#wrappers);
    return files ? this.#tryOut(level, files, false) : "ldd does not tell which libraries Node needs";
  }

  #missing(level: IsolationLevel): string | undefined {
    const needed = { bubblewrap: ["bwrap"], unshare: ["unshare", "mount", "setpriv"], none: [] } as const;
    const missing = needed[level].filter((name) => this.#wrappers[name] === undefined);
    return missing.length > 0 ? `${missing.join(" and ")} can't be found` : undefined;
  }

  #files(): readonly string[] | undefined {
    const { setpriv } = this.#wrappers;
    return withLibraries([process.execPath, ...(this.#root && setpriv ? [setpriv] : [])]);
  }

  /** @param inPlace where they are; else where they are mounted for the cell */
  #nobodyReads(files: readonly string[], inPlace: boolean): boolean {
    const { folder } = this.#options;
    const names = readdirSync(folder).filter((name) => !name.startsWith(NOTE_FILE));
    if (!this.#wrappers.setpriv || ![folder, ...names.map((name) => join(folder, name)), ...files].every(isReadableByAll)) return false;
    return !inPlace || [folder, process.execPath].every(isReachableByAll);
  }

  #isolation(level: IsolationLevel, files: readonly string[], nobody: boolean): Isolation {
    const { folder, dataBytesMax } = this.#options;
    const place = { wrappers: this.#wrappers, folder, files, nobody, dataBytesMax };
    return { level, place, filter: level === "bubblewrap" ? this.#filter : undefined };
  }

  #tryOut(level: IsolationLevel, files: readonly string[], nobody: boolean): Isolation | string {
    const isolation = this.#isolation(level, files, nobody);
    const failure = failureOf(isolation);
    if (failure !== undefined) return failure;
    this.#note = { situation: this.#situation, files, working: [...(this.#note?.working ?? []), { level, nobody }] };
    writeNote(this.#options.folder, this.#note);
    return isolation;
  }
}

/** Starts Node as a cell would be. Returns why it did not start. */
function failureOf({ level, place, filter }: Isolation): string | undefined {
  const [file, ...args] = wrap(level, place, [process.execPath, "--version"], filter && { descriptor: 0 }) as [string, ...string[]];
  const { status, signal, stdout, stderr, error } = spawnSync(file, args, {
    cwd: join(place.folder, "empty"),
    env: {},
    input: filter ?? "",
    encoding: "utf8",
    timeout: TRIAL_MS_MAX,
  });
  if (error) return error.message;
  if (status === 0 && stdout.trim() === process.version) return undefined;
  return stderr.trim().split("\n").at(-1)?.slice(0, 200) || `it ended with ${signal ?? `exit code ${status}`}`;
}

/** Whether any user may read a file, or list a folder and open what is in it, by the bits of its mode. */
function isReadableByAll(path: string): boolean {
  const stats = statSync(path);
  const needed = stats.isDirectory() ? 0o005 : 0o004;
  return (stats.mode & needed) === needed;
}

/** Whether every folder above lets any user through. */
function isReachableByAll(path: string): boolean {
  for (let at = dirname(path); ; at = dirname(at)) {
    if ((statSync(at).mode & 0o001) === 0) return false;
    if (at === "/") return true;
  }
}
