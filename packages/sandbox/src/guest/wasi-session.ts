import type { Attempt } from "../cell/attempt.ts";
import { Descriptors } from "./descriptors.ts";
import { ERRNO } from "./errno.ts";
import { FileSystem } from "./filesystem.ts";
import { OpenFile } from "./open-file.ts";
import { trap } from "./trap.ts";

/** Why the imports ended a guest. `fault` is our own mistake: the cell is not to be trusted any more. */
export type WasiEnded =
  | { readonly kind: "exited" }
  | { readonly kind: "output"; readonly used: number; readonly max: number }
  | { readonly kind: "fault"; readonly error: unknown };

const CHUNK_BYTES = 65_536;

/** All the state that the imports of a WASI command have for one attempt. */
export class WasiSession {
  readonly attempt: Attempt;
  readonly descriptors = new Descriptors();
  ended: WasiEnded | undefined;
  readonly #output: Uint8Array[] = [];
  /** How much of the last piece is used. */
  #filled = 0;
  #outputBytes = 0;

  /**
   * @param input what descriptor 0 reads; not copied
   * @param collects what is written to descriptor 1 is the result; else it is logged
   */
  constructor(attempt: Attempt, input: Uint8Array, collects: boolean) {
    this.attempt = attempt;
    // There are no files yet: nothing can be made that would be charged.
    const files = new FileSystem({ nowNs: () => 0n, quota: { take: () => false, giveBack: () => {} } });
    let at = 0;
    const stdin = files.newDevice({
      read: (into) => {
        const part = input.subarray(at, at + into.length);
        into.set(part);
        at += part.length;
        return part.length;
      },
      write: () => -ERRNO.EBADF,
    });
    const logsAs = (level: "info" | "warning") => (from: Uint8Array) => {
      attempt.log(level, from);
      return from.length;
    };
    const stdout = files.newDevice({ read: () => -ERRNO.EBADF, write: collects ? (from) => this.#collect(from) : logsAs("info") });
    const stderr = files.newDevice({ read: () => -ERRNO.EBADF, write: logsAs("warning") });
    this.descriptors.add(new OpenFile(files, stdin, { read: true, write: false }));
    this.descriptors.add(new OpenFile(files, stdout, { read: false, write: true }));
    this.descriptors.add(new OpenFile(files, stderr, { read: false, write: true }));
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

  /** Ends the guest: no import does anything from now on, and the guest can't catch how it is told. */
  end(ended: WasiEnded): never {
    this.ended ??= ended;
    this.attempt.over = true;
    return trap();
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
