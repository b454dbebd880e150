import type { Attempt, GivenDirectory } from "../../cell/attempt.ts";
import { Descriptors } from "../../guest/descriptors.ts";
import { ERRNO } from "../../guest/errno.ts";
import { FileSystem } from "../../guest/filesystem.ts";
import { HostDevice } from "../../guest/host-device.ts";
import { decodeUtf8, type GuestMemory } from "../../guest/memory.ts";
import type { Directory, Quota } from "../../guest/node.ts";
import { OpenFile } from "../../guest/open-file.ts";
import { trap } from "../../guest/trap.ts";

/** What the imports of one instance act on. The imports are made once; the session is new for each attempt. */
export interface PythonHost {
  readonly memory: GuestMemory;
  /** Read-only files that every guest gets, by path. Their bytes are not copied. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** The instance's `__indirect_function_table`, set right after it was instantiated. */
  table: WebAssembly.Table | undefined;
  /** Of the attempt that is inside. Without one no import that does anything can be called: it ends in a trap. */
  session: PythonSession | undefined;
}

/** Why the imports ended a guest. `aborted` is the runtime's own doing, `fault` is ours: the cell is not to be trusted any more. */
export type Ended =
  | { readonly kind: "exited" }
  | { readonly kind: "aborted"; readonly detail: string }
  | { readonly kind: "fault"; readonly error: unknown };

/** The attempt's memory account: linear memory above where it began, and the bytes of files and pipes, together. */
class MemoryAccount implements Quota {
  readonly max: number;
  #used = 0;

  constructor(max: number) {
    this.max = max;
  }

  get free(): number {
    return this.max - this.#used;
  }

  take(bytes: number): boolean {
    if (bytes > this.free) return false;
    this.#used += bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#used -= bytes;
  }
}

const HOME = "/home";
const PATH_BYTES_MAX = 4096;
/** In place of a descriptor: paths start from the working directory. */
export const AT_FDCWD = -100;

/** All the state that the imports of frozen CPython have for one attempt: nothing of it reaches the next. */
export class PythonSession {
  readonly attempt: Attempt;
  readonly memory: GuestMemory;
  readonly account: MemoryAccount;
  readonly files: FileSystem;
  readonly descriptors = new Descriptors();
  workingDirectory: Directory;
  umask = 0o022;
  /** Imports that were called so far. */
  calls = 0;
  /** Since when the guest has done nothing but look at clocks, when and in which call it last did, and how often since the time changed. */
  readonly waiting = { sinceNs: 0n, lookedNs: 0n, call: -1, looks: 0 };
  ended: Ended | undefined;

  constructor(host: PythonHost, attempt: Attempt, directories: readonly GivenDirectory[] = []) {
    this.attempt = attempt;
    this.memory = host.memory;
    this.account = new MemoryAccount(attempt.limits.memoryBytes);
    const files = new FileSystem({ nowNs: () => attempt.wallClockNs(), quota: this.account });
    this.files = files;
    files.plantDirectory("/tmp", { readOnly: false, mode: 0o1777 });
    this.workingDirectory = files.plantDirectory(HOME, { readOnly: false });
    files.plantDevice("/dev/null", { read: () => 0, write: (from) => from.length });
    files.plantDevice("/dev/urandom", { read: (into) => this.#random(into), write: () => -ERRNO.EPERM });
    const device = new HostDevice(attempt);
    files.plantDevice("/dev/glovebox", { read: (into) => device.read(into), write: (from) => device.write(from) });
    for (const [path, content] of host.files) files.plantFile(path, content);
    for (const [name, content] of attempt.files) files.plantFile(`/granted/${name}`, content);
    for (const { name, entries } of directories)
      for (const [path, content] of entries) if (content) files.plantFile(`${name}/${path}`, content);

    const writesTo = (level: "info" | "warning") => (from: Uint8Array) => {
      attempt.log(level, from);
      return from.length;
    };
    const input = files.newDevice({ read: () => 0, write: () => -ERRNO.EBADF });
    const output = files.newDevice({ read: () => -ERRNO.EBADF, write: writesTo("info") });
    const errors = files.newDevice({ read: () => -ERRNO.EBADF, write: writesTo("warning") });
    this.descriptors.add(new OpenFile(files, input, { read: true, write: false }));
    this.descriptors.add(new OpenFile(files, output, { read: false, write: true }));
    this.descriptors.add(new OpenFile(files, errors, { read: false, write: true }));
  }

  /** Ends the guest: no import does anything from now on, and the guest can't catch how it is told. */
  end(ended: Ended): never {
    this.ended ??= ended;
    this.attempt.over = true;
    return trap();
  }

  /** A path that the guest passes, or a negative errno. */
  path(address: number): string | number {
    const bytes = this.memory.untilNul(address, PATH_BYTES_MAX);
    if (!bytes) return this.memory.bytes(address, 1) ? -ERRNO.ENAMETOOLONG : -ERRNO.EFAULT;
    return decodeUtf8(bytes) ?? -ERRNO.EILSEQ;
  }

  /** The directory that a path of an `...at` call starts from, or a negative errno. */
  startOf(descriptor: number, path: string): Directory | number {
    if (descriptor === AT_FDCWD || path.startsWith("/")) return this.workingDirectory;
    const file = this.descriptors.get(descriptor);
    if (!file) return -ERRNO.EBADF;
    return file.node.kind === "directory" ? file.node : -ERRNO.ENOTDIR;
  }

  #random(into: Uint8Array): number {
    this.attempt.fillRandom(into);
    return into.length;
  }
}
