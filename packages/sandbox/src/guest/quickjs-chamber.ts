import type { Attempt, Chamber, EnteredGuest, GuestEnd, HostAnswer } from "../cell/attempt.ts";
import { DEFAULT_LIMITS } from "../limits.ts";
import { PAGE_BYTES, readImports, readSections } from "../wasm/binary.ts";
import { FUEL_MAX } from "../wasm/meter-layout.ts";
import { noteDropped } from "./dropped.ts";
import { endOfThrow } from "./ending.ts";
import { CannotGoOn, QuickjsGuest } from "./quickjs-guest.ts";

/** Clean instances that are kept, each for guests with one limit on memory. */
const CLEAN_KEPT = 2;

/** What is done with a clean instance. It may throw whatever V8 throws out of a guest. */
export type Run = (guest: QuickjsGuest, entered: EnteredGuest) => GuestEnd;

/**
 * Chambers of frozen QuickJS. A guest gets an instance that is as it was frozen: put back in place after the last guest, or new where
 * that one's memory grew. The maximum of an instance's memory is the guest's limit, so one limit's instance serves no other.
 */
export class QuickjsChamber implements Chamber {
  readonly #module: WebAssembly.Module;
  readonly #baseBytes: number;
  readonly #run: Run;
  readonly #warmUp: EnteredGuest;
  #warm = false;
  /** By the pages that may be added; the one that was prepared last is at the end. */
  readonly #clean = new Map<number, QuickjsGuest>();
  /** The last guest's, not put back yet. */
  #used: { readonly pages: number; readonly guest: QuickjsGuest } | undefined;
  instantiateMs = 0;
  spent = false;

  /**
   * @param wasm the bytes of `module`, of which the imports are read
   * @param warmUp a guest of ours that does a little of everything. V8 compiles functions when they are first called, and there is no
   *   better time for it than while a cell is idle.
   */
  constructor(wasm: Uint8Array, module: WebAssembly.Module, run: Run, warmUp: { readonly code: string; readonly input: string }) {
    const memory = readImports(wasm, readSections(wasm)).find((entry) => entry.kind === "memory");
    if (memory?.kind !== "memory") throw new Error("the runtime imports no memory");
    this.#baseBytes = memory.limits.minimum * PAGE_BYTES;
    this.#module = module;
    this.#run = run;
    const encoder = new TextEncoder();
    this.#warmUp = { code: encoder.encode(warmUp.code), input: encoder.encode(warmUp.input), filename: "warm-up", imports: undefined };
  }

  prepare(memoryBytes: number): void {
    if (!this.#warm) {
      const end = this.enter(this.#warmUp, new WarmUpAttempt());
      if (end.kind !== "completed") throw new Error(`the runtime does not work: ${JSON.stringify(end)}`);
    }
    this.#makeReady(pagesOf(memoryBytes));
  }

  enter(entered: EnteredGuest, attempt: Attempt): GuestEnd {
    const pages = pagesOf(attempt.limits.memoryBytes);
    const guest = this.#makeReady(pages);
    this.#clean.delete(pages);
    this.instantiateMs = guest.readyMs;
    this.#warm = true; // whoever it is
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

  #makeReady(pages: number): QuickjsGuest {
    const used = this.#used;
    this.#used = undefined;
    if (used?.guest.reset()) this.#keep(used.pages, used.guest);
    else if (used) noteDropped(used.guest.memory.buffer.byteLength);
    const ready = this.#clean.get(pages) ?? new QuickjsGuest(this.#module, this.#baseBytes, pages);
    this.#keep(pages, ready);
    return ready;
  }

  #keep(pages: number, guest: QuickjsGuest): void {
    this.#clean.delete(pages);
    this.#clean.set(pages, guest);
    if (this.#clean.size > CLEAN_KEPT) this.#clean.delete(this.#clean.keys().next().value as number);
  }

  #endOf(error: unknown, guest: QuickjsGuest): GuestEnd {
    noteDropped(guest.memory.buffer.byteLength);
    if (error instanceof CannotGoOn) return guest.judge({ kind: "trapped", trap: "aborted", detail: error.message });
    const end = endOfThrow(error);
    if (!end) throw error;
    if (end.kind !== "exhausted") return guest.judge(end);
    // V8's stack may have run out in one of our imports as well, and left that half done.
    this.spent = true;
    return end;
  }
}

function pagesOf(bytes: number): number {
  return Math.ceil(bytes / PAGE_BYTES);
}

/** The attempt of the guest that warms up: it has no clock, no chance and no log. */
class WarmUpAttempt implements Attempt {
  readonly limits = { ...DEFAULT_LIMITS, fuel: FUEL_MAX };
  over = false;
  exitStatus: number | undefined = undefined;
  readonly memory = { peakBytes: 0, growthsDenied: 0 };
  fuel: { readonly spent: number } | undefined = undefined;

  wallClockNs(): bigint {
    return 0n;
  }

  monotonicNs(): bigint {
    return 0n;
  }

  fillRandom(into: Uint8Array): void {
    into.fill(1);
  }

  sleepNs(): void {}

  readonly files = new Map<string, Uint8Array>();

  readonly callBytesMax = 0;

  call(): HostAnswer {
    return { kind: "refused" };
  }

  callTooLarge(): HostAnswer {
    return { kind: "refused" };
  }

  log(): void {}
}
