import type { Attempt, Chamber, EnteredGuest, GuestEnd } from "../cell/attempt.ts";
import { FrozenInstance, memoryOf } from "../runtimes/frozen.ts";
import { type BootBlock, EVAL_OPTIONS_BYTES, type Engine, engineOf, isException, readBlock, UNDEFINED, writeEvalOptions } from "../runtimes/javascript/engine.ts";
import { type HostState, javascriptImports } from "../runtimes/javascript/imports.ts";
import { PAGE_BYTES, readImports, readSections } from "../wasm/binary.ts";
import { OWN_EXPORTS } from "../wasm/rewrite.ts";
import { endOfThrow } from "./ending.ts";
import { GuestMemory } from "./memory.ts";

/** Instances that are kept for another guest with the same limit on memory. */
const INSTANCES_KEPT = 2;

/** Memory ran out, or the guest wrote over what it must not: there is nothing to go on with. The end says which. */
export class CannotGoOn extends Error {}

/**
 * Chambers of frozen QuickJS. A guest gets an instance that is as it was frozen: put back in place after the last guest, or new where
 * that one's memory grew. What an instance may grow to is the maximum of its memory, so one limit's instance serves no other.
 */
export class QuickjsChamber implements Chamber {
  readonly #module: WebAssembly.Module;
  readonly #initialBytes: number;
  readonly #run: (guest: QuickjsGuest, entered: EnteredGuest) => GuestEnd;
  /** Clean ones, by the pages that their memory may have. The one used last comes last. */
  readonly #instances = new Map<number, QuickjsGuest>();
  instantiateMs = 0;
  spent = false;

  /**
   * @param wasm the bytes of `module`, of which the imports are read
   * @param run what is done in an instance; may throw whatever V8 throws out of a guest
   */
  constructor(wasm: Uint8Array, module: WebAssembly.Module, run: (guest: QuickjsGuest, entered: EnteredGuest) => GuestEnd) {
    const memory = readImports(wasm, readSections(wasm)).find((entry) => entry.kind === "memory");
    if (memory?.kind !== "memory") throw new Error("the runtime imports no memory");
    this.#initialBytes = memory.limits.minimum * PAGE_BYTES;
    this.#module = module;
    this.#run = run;
  }

  prepare(memoryBytes: number): void {
    this.#take(memoryBytes, (pages, guest) => this.#instances.set(pages, guest));
  }

  enter(entered: EnteredGuest, attempt: Attempt): GuestEnd {
    return this.#take(attempt.limits.memoryBytes, (pages, guest) => {
      const end = this.#enter(guest, entered, attempt);
      if (!this.spent && guest.reset()) this.#instances.set(pages, guest);
      return end;
    });
  }

  /** Takes a clean instance out, made now if there is none: what becomes of it is for `use` to say. */
  #take<T>(memoryBytes: number, use: (pages: number, guest: QuickjsGuest) => T): T {
    const pages = Math.ceil(memoryBytes / PAGE_BYTES);
    let guest = this.#instances.get(pages);
    this.#instances.delete(pages);
    if (!guest) {
      const started = performance.now();
      guest = new QuickjsGuest(this.#module, memoryOf(this.#initialBytes, memoryBytes));
      this.instantiateMs = performance.now() - started;
    }
    const result = use(pages, guest);
    if (this.#instances.size > INSTANCES_KEPT) this.#instances.delete(this.#instances.keys().next().value as number);
    return result;
  }
}
