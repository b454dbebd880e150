import type { Attempt, GivenDirectory, Program } from "../cell/attempt.ts";
import { Descriptors } from "./descriptors.ts";
import { ERRNO } from "./errno.ts";
import { FileSystem } from "./filesystem.ts";
import type { GuestMemory } from "./memory.ts";
import type { Device, Quota } from "./node.ts";
import { trap } from "./trap.ts";
import { WasiFile } from "./wasi-file.ts";
import { givenRights, streamRights } from "./wasi-rights.ts";

/** Why the imports ended a guest. `fault` is our own mistake: the cell is not to be trusted any more. */
export type WasiEnded =
  | { readonly kind: "exited" }
  | { readonly kind: "signal"; readonly name: string }
  | { readonly kind: "output"; readonly used: number; readonly max: number }
  | { readonly kind: "fault"; readonly error: unknown };

const CHUNK_BYTES = 65_536;
const LOGGED_BYTES_MAX = 16_384;

/** What a guest is started with. */
export interface Start {
  /** What descriptor 0 reads; not copied. */
  readonly input: Uint8Array;
  /** What is written to descriptor 1 is the result; else it is logged. */
  readonly collects: boolean;
  readonly program: Program;
  /** Each is a descriptor, from 3 on, in this order; behind them `/granted`, where files are granted. */
  readonly directories: readonly GivenDirectory[];
}

/** All the state that the imports of a module have for one attempt: nothing of it reaches the next. */
export class WasiSession {
  readonly attempt: Attempt;
  readonly files: FileSystem;
  readonly descriptors = new Descriptors<WasiFile>();
  /** Arguments and environment, as C has them: UTF-8, each with a closing NUL. */
  readonly started: { readonly arguments: readonly Uint8Array[]; readonly environment: readonly Uint8Array[] };
  ended: WasiEnded | undefined;
  /** What each clock that only runs forward told last, in nanoseconds. */
  readonly toldNs = new Map<number, bigint>();
  readonly #output: Uint8Array[] = [];
  /** How much of the last piece is used. */
  #filled = 0;
  #outputBytes = 0;

  constructor(attempt: Attempt, memory: GuestMemory, { input, collects, program, directories }: Start) {
    this.attempt = attempt;
    const files = new FileSystem({ nowNs: () => attempt.wallClockNs(), quota: new FileAccount(memory, attempt.limits.memoryBytes) });
    this.files = files;
    const text = (string: string) => new TextEncoder().encode(`${string}\0`);
    this.started = {
      arguments: program.arguments.map(text),
      environment: program.environment.map(([name, value]) => text(`${name}=${value}`)),
    };
    let at = 0;
    const stdin: Device["read"] = (into) => {
      const part = input.subarray(at, at + into.length);
      into.set(part);
      at += part.length;
      return part.length;
    };
    const logsAs = (level: "info" | "warning") => (from: Uint8Array) => {
      attempt.log(level, from);
      return from.length;
    };
    this.#addStream({ read: stdin });
    this.#addStream({ write: collects ? (from) => this.#collect(from) : logsAs("info") });
    this.#addStream({ write: logsAs("warning") });
    for (const directory of directories) this.#addDirectory(directory);
    if (attempt.files.size > 0) {
      this.#addDirectory({ name: "/granted", readOnly: true, entries: [...attempt.files] });
    }
  }

  /** What was written to descriptor 1, which is never more than `limits.outputBytes`. */
  output(): Uint8Array {
    const whole = new Uint8Array(this.#outputBytes);
    let at = 0;
    for (const piece of this.#output) {
      whole.set(piece.subarray(0, Math.min(piece.length, whole.length - at)), at);
      at += piece.length;
    }
    return whole;
  }

  /** Logs the beginning of what was collected: of a command that has failed it is no result, and may say why. */
  logOutput(): void {
    this.attempt.log("info", this.output().subarray(0, LOGGED_BYTES_MAX));
  }

  /** Ends the guest: no import does anything from now on, and the guest can't catch how it is told. */
  end(ended: WasiEnded): never {
    this.ended ??= ended;
    this.attempt.over = true;
    return trap();
  }

  #addStream({ read, write }: Partial<Pick<Device, "read" | "write">>): void {
    const refuse = () => -ERRNO.EBADF;
    const stream = this.files.newDevice({ read: read ?? refuse, write: write ?? refuse });
    stream.accessedNs = stream.modifiedNs = stream.changedNs = 0n; // it has no times
    const rights = streamRights({ read: read !== undefined, write: write !== undefined });
    this.descriptors.add(new WasiFile(this.files, stream, rights));
  }

  #addDirectory({ name, readOnly, entries }: GivenDirectory): void {
    const root = this.files.plantRoot({ readOnly });
    for (const [path, content] of entries) {
      if (content) this.files.plantFile(path, content, { root, readOnly });
      else this.files.plantDirectory(path, { root, readOnly });
    }
    this.descriptors.add(new WasiFile(this.files, root, givenRights(readOnly), new TextEncoder().encode(name)));
  }

  #collect(from: Uint8Array): number {
    const max = this.attempt.limits.outputBytes;
    const used = this.#outputBytes + from.length;
    if (used > max) return this.end({ kind: "output", used, max });
    for (let at = 0; at < from.length; ) {
      let piece = this.#output.at(-1);
      if (!piece || this.#filled === piece.length) {
        piece = new Uint8Array(Math.max(CHUNK_BYTES, from.length - at)); // full before the next is made, so that pieces are few
        this.#output.push(piece);
        this.#filled = 0;
      }
      const part = from.subarray(at, at + piece.length - this.#filled);
      piece.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
    }
    this.#outputBytes = used;
    return from.length;
  }
}

/** The attempt's memory account: linear memory above where it began, and the bytes of files, together. */
class FileAccount implements Quota {
  readonly #memory: GuestMemory;
  readonly #max: number;
  #used = 0;

  /** @param max bytes that the two may have together; linear memory can still grow to that much beside files that were there before */
  constructor(memory: GuestMemory, max: number) {
    this.#memory = memory;
    this.#max = max + memory.size;
  }

  take(bytes: number): boolean {
    if (bytes > this.#max - this.#memory.size - this.#used) return false;
    this.#used += bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#used -= bytes;
  }
}
