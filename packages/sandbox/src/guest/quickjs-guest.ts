import type { Attempt, GuestEnd } from "../cell/attempt.ts";
import type { GuestError } from "../outcome.ts";
import { FrozenInstance } from "../runtimes/frozen.ts";
import {
  type BootBlock,
  type Engine,
  EVAL_OPTIONS_BYTES,
  engineOf,
  isException,
  readBlock,
  STACK_BYTES,
  UNDEFINED,
  VALUES_MAX,
  writeEvalOptions,
} from "../runtimes/javascript/engine.ts";
import { type HostState, javascriptImports } from "../runtimes/javascript/imports.ts";
import { PAGE_BYTES } from "../wasm/binary.ts";
import { FUEL_MAX } from "../wasm/meter-layout.ts";
import { OWN_EXPORTS } from "../wasm/rewrite.ts";
import { FuelGauge } from "./fuel.ts";
import { GuestMemory } from "./memory.ts";
import { readGuestError } from "./quickjs-error.ts";

/** There is no memory to go on with, or what QuickJS said makes no sense. */
export class CannotGoOn extends Error {}

/** The description of an error, as UTF-8, is never longer: the boot program cuts each of its three texts to 20,000 code units. */
const DESCRIPTION_BYTES_MAX = 3 * 3 * 20_000 + 2;

/** Four GiB of memory end there. */
const PAGES_MAX = 65_536;

/** Overflows count as such when so much of the stack was really used. A call with 100,000 values fails with the same error. */
const STACK_USED_MIN = STACK_BYTES / 2;

const UTF8 = new TextEncoder();

/** One instance of frozen QuickJS, for one guest at a time. Values are JSValues, as the engine hands them out. */
export class QuickjsGuest {
  /** Milliseconds that making it, or making it as new, took. */
  readyMs: number;
  readonly block: BootBlock;
  readonly #memory: GuestMemory;
  readonly #frozen: FrozenInstance;
  readonly #engine: Engine;
  readonly #state: HostState;
  readonly #context: number;
  readonly #runtime: number;
  readonly #denied: WebAssembly.Global;
  readonly #wanted: WebAssembly.Global;
  readonly #stackBottom: number;
  readonly #baseBytes: number;
  readonly #gauge: FuelGauge | undefined;

  /** @param pagesMore how far its memory may grow */
  constructor(module: WebAssembly.Module, baseBytes: number, pagesMore: number) {
    const started = performance.now();
    const initial = baseBytes / PAGE_BYTES;
    const memory = new WebAssembly.Memory({ initial, maximum: Math.min(PAGES_MAX, initial + pagesMore) });
    this.#memory = new GuestMemory(memory);
    this.#baseBytes = baseBytes;
    this.#state = { memory: this.#memory, engine: undefined, context: 0, out: 0, attempt: undefined, unhandled: new Map() };
    this.#frozen = new FrozenInstance(module, javascriptImports(this.#state), memory);
    const { exports } = this.#frozen.instance;
    this.#gauge = FuelGauge.of(exports);
    this.#gauge?.fill(FUEL_MAX); // for the calls below
    this.#engine = engineOf(exports);
    this.#denied = exports[OWN_EXPORTS.memoryDenied] as WebAssembly.Global;
    this.#wanted = exports[OWN_EXPORTS.memoryWanted] as WebAssembly.Global;
    this.#stackBottom = (exports["global:0"] as WebAssembly.Global).value as number;
    this.#context = this.#engine.qjs_get_context_ptr();
    this.#runtime = this.#engine.qjs_get_runtime_ptr();
    this.block = readBlock(new DataView(memory.buffer), this.#engine.JS_GetContextOpaque(this.#context));
    this.#state.engine = this.#engine;
    this.#state.context = this.#context;
    this.#state.out = this.block.out;
    this.readyMs = performance.now() - started;
  }

  get memory(): WebAssembly.Memory {
    return this.#frozen.memory;
  }

  /** Makes it as new; false where that can't be done, and it must be dropped. */
  reset(): boolean {
    const started = performance.now();
    const done = this.#frozen.reset();
    this.readyMs = performance.now() - started;
    return done;
  }

  begin(attempt: Attempt): void {
    this.#state.attempt = attempt;
    this.#state.unhandled = new Map();
    this.#gauge?.begin(attempt);
    // Its state is in the snapshot: without this, every guest would draw the same numbers. The generator never leaves zero.
    const seed = this.#at(this.block.randomState, 8);
    attempt.fillRandom(seed);
    seed[0] = (seed[0] as number) | 1;
  }

  leave(): void {
    const { attempt } = this.#state;
    if (attempt) {
      attempt.memory.peakBytes = Math.max(attempt.memory.peakBytes, this.#frozen.memory.buffer.byteLength);
      attempt.memory.growthsDenied = this.#growthsDenied;
    }
    this.#state.attempt = undefined;
    this.#state.unhandled = new Map();
  }

  /**
   * The end as the host's own counts have it. Memory ran out where the host counted a refusal *and* the guest ended by it: with
   * QuickJS's error, with the null that QuickJS throws when there is no memory for an error either, or by not going on at all. The same
   * holds of the stack, of which the host sees how far down it was written.
   */
  judge(end: GuestEnd): GuestEnd {
    const metered = this.#gauge?.judge(end) ?? end;
    return metered === end ? this.#judge(end) : metered;
  }

  #judge(end: GuestEnd): GuestEnd {
    if (end.kind !== "failed" && end.kind !== "trapped") return end;
    const error = end.kind === "failed" ? end.error : undefined;
    const isNull = error?.name === "object" && error.message === "null";
    if (this.#growthsDenied > 0 && (!error || isNull || (error.name === "InternalError" && error.message === "out of memory"))) {
      const wantedPages = (this.#wanted.value as number) >>> 0;
      const used = this.#frozen.memory.buffer.byteLength - this.#baseBytes + wantedPages * PAGE_BYTES;
      const max = this.#state.attempt?.limits.memoryBytes ?? 0;
      return { kind: "exhausted", limit: "memory", used, max, ...(error && !isNull ? { error } : {}) };
    }
    if (error?.name === "RangeError" && error.message === "Maximum call stack size exceeded") {
      const used = this.#stackUsed();
      if (used >= STACK_USED_MIN) return { kind: "exhausted", limit: "stack", used, max: STACK_BYTES, error };
    }
    return end;
  }

  /** A string of UTF-8 text. */
  newString(text: Uint8Array): bigint {
    const at = this.#write([text]);
    const value = this.#engine.JS_NewStringLen(this.#context, at, text.length);
    this.#engine.free(at);
    return value;
  }

  parseJson(text: Uint8Array): bigint {
    const at = this.#write([text]);
    const value = this.#engine.JS_ParseJSON(this.#context, at, text.length, at + text.length); // the filename is empty: the NUL at the end
    this.#engine.free(at);
    return value;
  }

  setInputs(value: bigint): void {
    const { JS_SetPropertyStr, JS_GetGlobalObject } = this.#engine;
    JS_SetPropertyStr(this.#context, JS_GetGlobalObject(this.#context), this.block.inputsName, value);
  }

  /** Evaluates a script, which consists of `parts`; its first line has the number `firstLine`. */
  evaluate(parts: readonly Uint8Array[], filename: string, firstLine: number): bigint {
    const at = this.#write(parts);
    const bytes = parts.reduce((sum, part) => sum + part.length, 0);
    return this.#evaluate(at, bytes, filename, firstLine);
  }

  /** As {@link evaluate}, of a string in the guest. */
  evaluateString(source: bigint, filename: string, firstLine: number): bigint {
    const text = this.#text(source);
    return this.#evaluate(text.byteOffset, text.length, filename, firstLine);
  }

  call(callee: bigint, values: readonly bigint[]): bigint {
    if (values.length > VALUES_MAX) throw new Error(`a call with ${values.length} values`);
    const at = this.block.values;
    const view = this.#memory.view(at, values.length * 8);
    values.forEach((value, i) => {
      view?.setBigUint64(i * 8, value, true);
    });
    return this.#engine.JS_Call(this.#context, callee, UNDEFINED, values.length, at);
  }

  /** Runs jobs (what promises leave to be done) until there are none. An exception here is one that nothing in the guest could catch. */
  runJobs(): bigint | undefined {
    while (this.#engine.JS_IsJobPending(this.#runtime) !== 0) {
      if (this.#engine.JS_ExecutePendingJob(this.#runtime, this.block.out) < 0) return this.takeException();
    }
    return undefined;
  }

  /** One of `PROMISE`, or a negative number if it is no promise. */
  promiseState(promise: bigint): number {
    return this.#engine.JS_PromiseState(this.#context, promise);
  }

  promiseResult(promise: bigint): bigint {
    return this.#engine.JS_PromiseResult(this.#context, promise);
  }

  /** Why a promise was rejected to which nobody listened: the first one, if there is any. */
  unhandledReason(): bigint | undefined {
    for (const { reason } of this.#state.unhandled.values()) return this.#memory.view(reason, 8)?.getBigUint64(0, true);
    return undefined;
  }

  takeException(): bigint {
    return this.#engine.JS_GetException(this.#context);
  }

  /** How a guest ended that threw `thrown` (what {@link takeException} says, if left out). */
  failed(filename: string, thrown = this.takeException()): { readonly kind: "failed"; readonly error: GuestError } {
    const description = this.call(this.block.describe, [thrown]);
    if (isException(description)) throw new CannotGoOn("the error could not be described");
    const text = this.#text(description);
    return { kind: "failed", error: readGuestError(text.subarray(0, DESCRIPTION_BYTES_MAX), filename) };
  }

  /** A guest that completed with `json`, a string, as its output. */
  completed(json: bigint): GuestEnd {
    const text = this.#text(json);
    const max = this.#state.attempt?.limits.outputBytes ?? 0;
    if (text.length > max) return { kind: "exhausted", limit: "output", used: text.length, max };
    return { kind: "completed", form: "json", output: text.slice() };
  }

  get #growthsDenied(): number {
    return (this.#denied.value as number) >>> 0;
  }

  /** Bytes between the bottom of QuickJS's stack and the lowest that anything was written to. */
  #stackUsed(): number {
    const stack = this.#at(0, this.#stackBottom);
    const lowest = stack.findIndex((byte) => byte !== 0);
    return lowest < 0 ? 0 : this.#stackBottom - lowest;
  }

  #evaluate(at: number, bytes: number, filename: string, firstLine: number): bigint {
    const name = UTF8.encode(filename.replaceAll("\0", "").slice(0, FILENAME_MAX));
    const options = this.#write([new Uint8Array(EVAL_OPTIONS_BYTES), name]);
    const view = this.#memory.view(options, EVAL_OPTIONS_BYTES);
    if (view) writeEvalOptions(view, options + EVAL_OPTIONS_BYTES, firstLine);
    return this.#engine.JS_Eval2(this.#context, at, bytes, options);
  }

  /** Copies bytes to guest memory, with a NUL behind them, and says where. */
  #write(parts: readonly Uint8Array[]): number {
    const bytes = parts.reduce((sum, part) => sum + part.length, 0) + 1;
    const at = this.#engine.malloc(bytes) >>> 0;
    if (at === 0) throw new CannotGoOn("no memory");
    const room = this.#at(at, bytes);
    let offset = 0;
    for (const part of parts) {
      room.set(part, offset);
      offset += part.length;
    }
    room[offset] = 0;
    return at;
  }

  /** The UTF-8 of a string in the guest, where it lies. */
  #text(value: bigint): Uint8Array<ArrayBuffer> {
    const at = this.#engine.JS_ToCStringLen2(this.#context, this.block.out, value, 0);
    if (at === 0) throw new CannotGoOn("no memory for a text");
    const length = this.#memory.view(this.block.out, 4)?.getUint32(0, true) ?? 0;
    return this.#at(at, length);
  }

  #at(address: number, length: number): Uint8Array<ArrayBuffer> {
    const bytes = this.#memory.bytes(address, length);
    if (!bytes) throw new CannotGoOn("an address outside of memory");
    return bytes;
  }
}

const FILENAME_MAX = 200;
