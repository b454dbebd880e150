import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { accessSync, constants, readdirSync, readFileSync, readlinkSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { GloveboxError } from "../error.ts";
import { seccompFilter } from "./seccomp.ts";
import { ISOLATION_LEVELS, type IsolationLevel, type Place, type Wrappers, wrap } from "./wrap.ts";

/** How the cells of one sandbox are wrapped. */
export interface Isolation {
  readonly level: IsolationLevel;
  readonly place: Place;
  /** System call filter for wrappers that can set one; undefined where there is none for this architecture. */
  readonly filter: Uint8Array | undefined;
}

export interface IsolationOptions {
  /** Folder of the built runtimes. What was found to work is noted there, until the next boot. */
  readonly folder: string;
  /** Bytes of memory that a cell may hold for itself. */
  readonly dataBytesMax: number;
}

/** Where wrappers are looked for: not where the user's PATH leads. */
const PROGRAM_FOLDERS = ["/usr/bin", "/bin", "/usr/sbin", "/sbin", "/run/current-system/sw/bin"];
const NOTE_FILE = "isolation.json";
const TRIAL_MS_MAX = 10_000;

/** What is noted of this machine, as it is: {@link situation}. */
interface Note {
  readonly situation: string;
  readonly files: readonly string[];
  /** Levels that worked. That one did not is never noted: it is tried anew each time. */
  readonly working: readonly IsolationLevel[];
}

/**
 * The strongest isolation that works here, or the one that is named. Whether it works is tried, once per boot: it takes 10 to 30 ms.
 *
 * @throws GloveboxError `ISOLATION_UNAVAILABLE` if the named one does not work
 */
export function chooseIsolation(wanted: "strongest" | IsolationLevel, options: IsolationOptions): Isolation {
  const trial = new Trial(options);
  for (const level of wanted === "strongest" ? ISOLATION_LEVELS : [wanted]) {
    const chosen = trial.of(level);
    if (typeof chosen !== "string") {
      if (wanted === "strongest" && level === "none" && process.platform === "linux") warn(trial.reasons);
      return chosen;
    }
    if (wanted !== "strongest") throw new GloveboxError("ISOLATION_UNAVAILABLE", `Cannot isolate cells with ${wanted}: ${chosen}`);
  }
  throw new Error("no level is left"); // `none` always works
}

let warned = false;
function warn(reasons: readonly string[]): void {
  if (warned) return;
  warned = true;
  process.emitWarning(
    `cells run without namespaces of their own (${reasons.join("; ")}): code that breaks out of V8 has the rights of this process's user. See docs/isolation.md`,
    { code: "GLOVEBOX_WEAK_ISOLATION" },
  );
}

/** Forgets what was noted: a cell did not start as it should have. */
export function forgetIsolation({ place: { folder } }: Isolation): void {
  try {
    rmSync(join(folder, NOTE_FILE), { force: true });
  } catch {
    // A store that can't be written has no note.
  }
}

class Trial {
  /** Why the levels that were tried don't work. */
  readonly reasons: string[] = [];
  readonly #options: IsolationOptions;
  readonly #wrappers: Wrappers = {
    bwrap: findProgram("bwrap"),
    unshare: findProgram("unshare"),
    mount: findProgram("mount"),
    setpriv: findProgram("setpriv"),
  };
  readonly #root = process.getuid?.() === 0;
  readonly #filter = seccompFilter(process.arch);

  constructor(options: IsolationOptions) {
    this.#options = options;
  }

  /** The isolation of a level, or why there is none. */
  of(level: IsolationLevel): Isolation | string {
    const isolation = this.#tried(level);
    if (typeof isolation === "string") this.reasons.push(`${level}: ${isolation}`);
    return isolation;
  }

  #tried(level: IsolationLevel): Isolation | string {
    if (level === "none") return this.#isolation(level, []);
    if (process.platform !== "linux") return `there is none on ${process.platform}`;
    const { bwrap, unshare, mount, setpriv } = this.#wrappers;
    if (level === "bubblewrap" && !bwrap) return "bwrap is not installed";
    if (level === "unshare" && !(unshare && mount)) return "unshare and mount (util-linux) are not installed";
    if (!setpriv && (this.#root || level === "unshare")) return "setpriv (util-linux) is not installed";

    const note = this.#readNote();
    if (note?.working.includes(level)) return this.#isolation(level, note.files);
    const files = note?.files ?? filesOf([process.execPath, ...(this.#root && setpriv ? [setpriv] : [])]);
    if (typeof files === "string") return files;
    const isolation = this.#isolation(level, files);
    const failure = tryOut(isolation);
    if (failure !== undefined) return failure;
    this.#writeNote({ situation: this.#situation(), files, working: [...(note?.working ?? []), level] });
    return isolation;
  }

  #isolation(level: IsolationLevel, files: readonly string[]): Isolation {
    const { folder, dataBytesMax } = this.#options;
    const names = readdirSync(folder).filter((name) => !name.startsWith(NOTE_FILE));
    const nobody = this.#root && [folder, ...names.map((name) => join(folder, name)), ...files].every(isReadableByAll);
    const open = nobody && [folder, process.execPath].every(isReachableByAll);
    const place = { wrappers: this.#wrappers, folder, files, nobody, open, dataBytesMax };
    return { level, place, filter: level === "bubblewrap" ? this.#filter : undefined };
  }

  /** Everything that decides whether a wrapper works: another boot, user, container, privilege or program asks for another trial. */
  #situation(): string {
    const status = readFileSync("/proc/self/status", "utf8").match(/^(Uid|Gid|Cap\w+|NoNewPrivs|Seccomp):.*$/gm) ?? [];
    const programs = [process.execPath, ...Object.values(this.#wrappers)].map((path) => (path ? `${path} ${statSync(path).mtimeMs}` : ""));
    const namespaces = ["user", "mnt", "pid"].map((kind) => readlinkSync(`/proc/self/ns/${kind}`));
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8");
    const source = this.#filter ? Buffer.from(this.#filter).toString("base64") : "";
    return createHash("sha256")
      .update(JSON.stringify([boot, status, programs, namespaces, source]))
      .digest("hex");
  }

  #readNote(): Note | undefined {
    try {
      const note = JSON.parse(readFileSync(join(this.#options.folder, NOTE_FILE), "utf8")) as Note;
      return note.situation === this.#situation() ? note : undefined;
    } catch {
      return undefined; // none yet, or half of one
    }
  }

  #writeNote(note: Note): void {
    const file = join(this.#options.folder, NOTE_FILE);
    try {
      const whole = `${file}.${process.pid}`;
      writeFileSync(whole, JSON.stringify(note), { mode: 0o600 });
      renameSync(whole, file);
    } catch {
      // A store that can't be written: it is tried each time.
    }
  }
}

/** Starts Node under a wrapper as a cell would be. Returns why it did not start. */
function tryOut({ level, place, filter }: Isolation): string | undefined {
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
  const said = stderr.trim().split("\n").at(-1)?.slice(0, 200);
  return said || `it ended with ${signal ?? `exit code ${status}`}`;
}

function findProgram(name: string): string | undefined {
  if (process.platform !== "linux") return undefined;
  return PROGRAM_FOLDERS.map((folder) => join(folder, name)).find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Programs and the libraries that they are linked to, by the paths under which the loader finds them; or why they can't be told. */
function filesOf(programs: readonly string[]): readonly string[] | string {
  const files = new Set(programs);
  for (const program of programs) {
    const ldd = findProgram("ldd");
    if (!ldd) return "ldd is not installed";
    const { stdout } = spawnSync(ldd, [program], { env: {}, encoding: "utf8", timeout: TRIAL_MS_MAX });
    // `name => /path (0x…)` for libraries, `/path (0x…)` for the loader.
    for (const [, path] of stdout.matchAll(/^\s*(?:\S+ => )?(\/\S+) \(0x/gm)) files.add(path as string);
  }
  return [...files];
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
