import type { AskedFunction, Attempt } from "../../cell/attempt.ts";
import { ANSWER, HOST_FUNCTION } from "../../cell/frame.ts";
import { ERRNO } from "../../guest/errno.ts";
import type { GuestMemory } from "../../guest/memory.ts";
import type { LogLevel } from "../../outcome.ts";
import { type Engine, isException } from "./engine.ts";

const SUCCESS = 0;
const CLOCK = { realtime: 0, monotonic: 1 } as const;

/** Names under which the boot program calls the host, each with one value: nothing else has a name here. */
export const LOG_LEVELS: readonly LogLevel[] = ["debug", "info", "warning", "error"];
/**
 * - `ask`: bytes, a host function's number and its argument. Gives bytes, the answer's kind (`ANSWER`) and what it is.
 * - `encode`, `decode`: text as UTF-8 and back, of which QuickJS has nothing. What is no UTF-8 is replaced.
 * - `file`: a name. Gives the bytes of the granted file, or undefined.
 *
 * Undefined, too, where there is no memory for what is given.
 */
export const CALLS = ["ask", "encode", "decode", "file"] as const;
const NAMES = new Map<string, LogLevel | (typeof CALLS)[number]>([...LOG_LEVELS, ...CALLS].map((name) => [name, name]));
const NAME_BYTES_MAX = 16;
const ASKED = new Map(
  Object.entries(HOST_FUNCTION).flatMap(([name, number]) => (name === "log" ? [] : [[number as number, name as AskedFunction]])),
);

/** Promises that were rejected with nobody listening, of which the host remembers so many: enough to name the first. */
const UNHANDLED_MAX = 1000;

const RANDOM_BYTES_MAX = 65_536;

/** What the imports know. It lives as long as an instance; `attempt` and `unhandled` are new for each guest. */
export interface HostState {
  readonly memory: GuestMemory;
  /** Set once, right after the module was instantiated with these imports. */
  engine: Engine | undefined;
  context: number;
  /** Where QuickJS may write a length. */
  out: number;
  attempt: Attempt | undefined;
  /** By the promise's JSValue, the boxes of promise and reason. Both are kept, so no other promise can get the same address. */
  unhandled: Map<bigint, { readonly promise: number; readonly reason: number }>;
}

/**
 * All that frozen QuickJS imports, one line each:
 *
 * | import | here |
 * |---|---|
 * | `env.host_call` | `console`: copies one string into the attempt's log. `glovebox`: the calls of {@link CALLS} |
 * | `env.host_promise_rejection` | remembers who was rejected unheard |
 * | `env.host_interrupt` | 0, never stop: the parent ends a guest by ending its cell |
 * | `env.host_module_normalize`, `env.host_module_load` | 0: there are no modules |
 * | `env.host_get_timezone_offset` | 0: UTC |
 * | `clock_time_get` | the attempt's clocks |
 * | `random_get` | the attempt's randomness |
 * | `fd_write`, `fd_close`, `fd_seek`, `fd_fdstat_get` | EBADF: no descriptor is open |
 *
 * Addresses and lengths come from the guest: they are made unsigned and held against the memory before anything is read or written.
 * Nothing here throws for what a guest passes.
 */
export function javascriptImports(state: HostState): WebAssembly.Imports {
  const { memory } = state;
  /** What `use` makes of a string's UTF-8, as it lies in memory. */
  const withText = (engine: Engine, value: bigint, use: (text: Uint8Array) => number): number => {
    const text = engine.JS_ToCStringLen2(state.context, state.out, value, 0);
    const length = memory.view(state.out, 4)?.getUint32(0, true) ?? 0;
    const bytes = text === 0 ? undefined : memory.bytes(text, length);
    const given = bytes ? use(bytes) : engine.qjs_get_undefined();
    if (text !== 0) engine.JS_FreeCString(state.context, text);
    return given;
  };
  const bytesOf = (engine: Engine, value: bigint): Uint8Array | undefined => {
    const at = engine.JS_GetUint8Array(state.context, state.out, value);
    const length = memory.view(state.out, 4)?.getUint32(0, true) ?? 0;
    return at === 0 ? undefined : memory.bytes(at, length);
  };
  /** A box with what `make` makes of a copy of the bytes in the guest's memory; with undefined, where there is nothing or no room. */
  const copied = (engine: Engine, bytes: Uint8Array | undefined, make: (at: number, length: number) => bigint): number => {
    const given = engine.qjs_get_undefined();
    const at = bytes ? engine.malloc(Math.max(1, bytes.length)) >>> 0 : 0;
    if (!bytes || at === 0) return given;
    memory.bytes(at, bytes.length)?.set(bytes);
    const value = make(at, bytes.length);
    engine.free(at);
    if (!isException(value)) memory.view(given, 8)?.setBigUint64(0, value, true);
    return given;
  };
  const give = (engine: Engine, bytes: Uint8Array | undefined): number =>
    copied(engine, bytes, (at, length) => engine.JS_NewUint8ArrayCopy(state.context, at, length));
  const giveText = (engine: Engine, bytes: Uint8Array | undefined): number => {
    const text = bytes && new TextEncoder().encode(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes));
    return copied(engine, text, (at, length) => engine.JS_NewStringLen(state.context, at, length));
  };
  const live = (): Attempt | undefined => (state.attempt && !state.attempt.over ? state.attempt : undefined);

  return {
    env: {
      host_call(nameAt: number, nameLength: number, _self: number, count: number, boxes: number): number {
        const { engine } = state;
        const attempt = live();
        if (!engine || !attempt) return 0;
        const name = nameLength >>> 0 <= NAME_BYTES_MAX ? memory.bytes(nameAt, nameLength) : undefined;
        const called = name && NAMES.get(String.fromCharCode(...name));
        const box = count === 1 ? memory.view(boxes, 4)?.getUint32(0, true) : undefined;
        const value = box === undefined ? undefined : memory.view(box, 8)?.getBigUint64(0, true);
        if (called === undefined || value === undefined) return engine.qjs_get_undefined();
        switch (called) {
          case "ask": {
            const call = bytesOf(engine, value);
            const asked = call && ASKED.get(call[0] ?? 0);
            return asked ? give(engine, answerOf(attempt, asked, call.subarray(1))) : engine.qjs_get_undefined();
          }
          case "encode":
            return withText(engine, value, (text) => give(engine, text.slice()));
          case "decode":
            return giveText(engine, bytesOf(engine, value));
          case "file":
            return withText(engine, value, (text) => give(engine, attempt.files.get(new TextDecoder().decode(text))));
          default:
            return withText(engine, value, (text) => {
              attempt.log(called, text);
              return engine.qjs_get_undefined();
            });
        }
      },
      host_promise_rejection(promise: number, reason: number, isHandled: number): void {
        const { engine, unhandled } = state;
        const key = memory.view(promise, 8)?.getBigUint64(0, true);
        if (!engine || !live() || key === undefined) return;
        if (isHandled === 0 && unhandled.size < UNHANDLED_MAX && !unhandled.has(key)) {
          unhandled.set(key, { promise, reason });
          return;
        }
        const known = isHandled === 0 ? undefined : unhandled.get(key);
        unhandled.delete(key);
        for (const box of [promise, reason, known?.promise, known?.reason]) if (box) engine.qjs_free_value(box);
      },
      host_interrupt: () => 0,
      host_module_normalize: () => 0,
      host_module_load: () => 0,
      host_get_timezone_offset: () => 0,
    },
    wasi_snapshot_preview1: {
      clock_time_get(clock: number, _precision: bigint, out: number): number {
        const attempt = live();
        const view = memory.view(out, 8);
        if (!attempt) return ERRNO.ENOSYS;
        if (!view || (clock !== CLOCK.realtime && clock !== CLOCK.monotonic)) return ERRNO.EINVAL;
        view.setBigUint64(0, clock === CLOCK.realtime ? attempt.wallClockNs() : attempt.monotonicNs(), true);
        return SUCCESS;
      },
      random_get(address: number, length: number): number {
        const attempt = live();
        if (!attempt) return ERRNO.ENOSYS;
        const bytes = length >>> 0 <= RANDOM_BYTES_MAX ? memory.bytes(address, length) : undefined;
        if (!bytes) return ERRNO.EINVAL;
        attempt.fillRandom(bytes);
        return SUCCESS;
      },
      fd_write: () => ERRNO.EBADF,
      fd_close: () => ERRNO.EBADF,
      fd_seek: () => ERRNO.EBADF,
      fd_fdstat_get: () => ERRNO.EBADF,
    },
  };
}

/** The answer's kind in front of what it is. */
function answerOf(attempt: Attempt, asked: AskedFunction, argument: Uint8Array): Uint8Array {
  const answer = attempt.call(asked, argument);
  const bytes = answer.kind === "given" ? answer.bytes : new TextEncoder().encode(answer.kind === "failed" ? answer.message : "");
  const whole = new Uint8Array(1 + bytes.length);
  whole[0] = ANSWER[answer.kind];
  whole.set(bytes, 1);
  return whole;
}
