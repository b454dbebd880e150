import type { Attempt, Chamber, EnteredGuest, GuestEnd } from "../cell/attempt.ts";
import { PAGE_BYTES, readImports, readSections } from "../wasm/binary.ts";
import { endOfThrow } from "./ending.ts";
import { CannotGoOn, QuickjsGuest } from "./quickjs-guest.ts";

/** Clean instances that are kept, each for guests with one limit on memory. */
const CLEAN_KEPT = 2;

/**
 * Chambers of frozen QuickJS. A guest gets an instance that is as it was frozen: put back in place after the last guest, or new where
 * that one's memory grew. The maximum of an instance's memory is the guest's limit, so one limit's instance serves no other.
 */
export class QuickjsChamber implements Chamber {
  readonly #module: WebAssembly.Module;
  readonly #baseBytes: number;
  readonly #run: (guest: QuickjsGuest, entered: EnteredGuest) => GuestEnd;
  /** By the pages that may be added; the one that was prepared last is at the end. */
  readonly #clean = new Map<number, QuickjsGuest>();
  #used: { readonly pages: number; readonly guest: QuickjsGuest } | undefined;
  instantiateMs = 0;
  spent = false;

  /**
   * @param wasm the bytes of `module`, of which the imports are read
   * @param run what is done with a clean instance; may throw whatever V8 throws out of a guest
   */
  constructor(wasm: Uint8Array, module: WebAssembly.Module, run: (guest: QuickjsGuest, entered: EnteredGuest) => GuestEnd) {
    const memory = readImports(wasm, readSections(wasm)).find((entry) => entry.kind === "memory");
    if (memory?.kind !== "memory") throw new Error("the runtime imports no memory");
    this.#baseBytes = memory.limits.minimum * PAGE_BYTES;
    this.#module = module;
    this.#run = run;
  }

  prepare(memoryBytes: number): void {
    const used = this.#used;
    this.#used = undefined;
    if (used?.guest.reset()) this.#keep(used.pages, used.guest);
    const pages = pagesOf(memoryBytes);
    this.#keep(pages, this.#clean.get(pages) ?? new QuickjsGuest(this.#module, this.#baseBytes, pages));
  }

  enter(entered: EnteredGuest, attempt: Attempt): GuestEnd {
    const pages = pagesOf(attempt.limits.memoryBytes);
    if (!this.#clean.has(pages)) this.prepare(attempt.limits.memoryBytes);
    const guest = this.#clean.get(pages) as QuickjsGuest;
    this.#clean.delete(pages);
    this.instantiateMs = guest.readyMs;
    try {
      guest.begin(attempt);
      const end = this.#run(guest, entered);
      this.#used = { pages, guest };
      return guest.judge(end);
    } catch (error) {
      // The instance is dropped: it was left in the middle of something.
      return this.#endOf(error, guest);
    } finally {
      guest.leave();
    }
  }

  #endOf(error: unknown, guest: QuickjsGuest): GuestEnd {
    if (error instanceof CannotGoOn) return guest.judge({ kind: "trapped", trap: "aborted", detail: error.message });
    const end = endOfThrow(error);
    if (!end) throw error;
    if (end.kind === "exhausted") {
      // V8's stack may have run out in one of our imports as well, and left that half done.
      this.spent = true;
      return end;
    }
    return guest.judge(end);
  }

  #keep(pages: number, guest: QuickjsGuest): void {
    this.#clean.delete(pages);
    this.#clean.set(pages, guest);
    if (this.#clean.size > CLEAN_KEPT) this.#clean.delete(this.#clean.keys().next().value as number);
  }
}

function pagesOf(bytes: number): number {
  return Math.ceil(bytes / PAGE_BYTES);
}
