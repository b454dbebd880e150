/**
 * The part of QuickJS-NG's C interface that we call, as the module exports it. A JSValue is 64 bits: what it is stands in the upper
 * half, as a number, and the value or its address in the lower half.
 */
export interface Engine {
  readonly malloc: (bytes: number) => number;
  readonly free: (address: number) => void;
  readonly JS_NewStringLen: (context: number, text: number, bytes: number) => bigint;
  /** UTF-8 of a string, 0 on failure. Writes the length to `lengthOut`. */
  readonly JS_ToCStringLen2: (context: number, lengthOut: number, value: bigint, cesu8: number) => number;
  readonly JS_FreeCString: (context: number, text: number) => void;
  /** Where the bytes of a Uint8Array stand, 0 (with a TypeError) if it is none. Writes their number to `lengthOut`. */
  readonly JS_GetUint8Array: (context: number, lengthOut: number, value: bigint) => number;
  readonly JS_NewUint8ArrayCopy: (context: number, bytes: number, length: number) => bigint;
  readonly JS_ParseJSON: (context: number, text: number, bytes: number, filename: number) => bigint;
  readonly JS_GetGlobalObject: (context: number) => bigint;
  readonly JS_SetPropertyStr: (context: number, object: bigint, name: number, value: bigint) => number;
  readonly JS_GetPropertyUint32: (context: number, object: bigint, index: number) => bigint;
  /** `options` is the address of an {@link EVAL_OPTIONS_BYTES} struct. */
  readonly JS_Eval2: (context: number, source: number, bytes: number, options: number) => bigint;
  readonly JS_Call: (context: number, callee: bigint, self: bigint, count: number, values: number) => bigint;
  readonly JS_GetException: (context: number) => bigint;
  readonly JS_IsJobPending: (runtime: number) => number;
  readonly JS_ExecutePendingJob: (runtime: number, contextOut: number) => number;
  readonly JS_PromiseState: (context: number, promise: bigint) => number;
  readonly JS_PromiseResult: (context: number, promise: bigint) => bigint;
  readonly qjs_free_value: (box: number) => void;
  /** A box (the address of a JSValue of its own) with undefined in it, or 0 without memory. */
  readonly qjs_get_undefined: () => number;
  readonly qjs_get_context_ptr: () => number;
  readonly qjs_get_runtime_ptr: () => number;
  readonly JS_GetContextOpaque: (context: number) => number;
}

/** Exports that a frozen runtime keeps: those of {@link Engine}. */
export const KEPT_EXPORTS: readonly (keyof Engine)[] = [
  "malloc",
  "free",
  "JS_NewStringLen",
  "JS_ToCStringLen2",
  "JS_FreeCString",
  "JS_GetUint8Array",
  "JS_NewUint8ArrayCopy",
  "JS_ParseJSON",
  "JS_GetGlobalObject",
  "JS_SetPropertyStr",
  "JS_GetPropertyUint32",
  "JS_Eval2",
  "JS_Call",
  "JS_GetException",
  "JS_IsJobPending",
  "JS_ExecutePendingJob",
  "JS_PromiseState",
  "JS_PromiseResult",
  "qjs_free_value",
  "qjs_get_undefined",
  "qjs_get_context_ptr",
  "qjs_get_runtime_ptr",
  "JS_GetContextOpaque",
];

export function engineOf(exports: WebAssembly.Exports): Engine {
  for (const name of KEPT_EXPORTS) {
    if (typeof exports[name] !== "function") throw new Error(`the runtime does not export ${name}`);
  }
  return exports as unknown as Engine;
}

/**
 * Bytes of QuickJS's own stack, which is the first MiB of linear memory, before it throws a RangeError: enough for 3,000 plain calls.
 * The rest is for functions that don't look. V8's stack is another one; most of what recurses takes two to four times as much of it,
 * `JSON.parse` ten times.
 */
export const STACK_BYTES = 768 * 1024;

/** Frames of boot programs are recognised by this name, and left out of what is shown. */
export const BOOT_FILENAME = "glovebox:boot";

const TAG_SHIFT = 32n;
const TAG_UNDEFINED = 3n;
const TAG_EXCEPTION = 6n;
export const UNDEFINED = TAG_UNDEFINED << TAG_SHIFT;

export function isException(value: bigint): boolean {
  return BigInt.asIntN(32, value >> TAG_SHIFT) === TAG_EXCEPTION;
}

export const PROMISE = { pending: 0, fulfilled: 1, rejected: 2 } as const;

/** `struct JSEvalOptions { int version; int eval_flags; const char *filename; int line_num; }` */
export const EVAL_OPTIONS_BYTES = 16;

/** `view` is of the struct. */
export function writeEvalOptions(view: DataView, filename: number, firstLine: number): void {
  view.setInt32(0, 1, true); // version
  view.setInt32(4, 0, true); // a global script
  view.setUint32(8, filename, true);
  view.setInt32(12, firstLine, true);
}

/**
 * What the boot program left for the host: a block in guest memory to which the context's opaque pointer points. It is read once,
 * before any guest has run, and what it says is the same for every guest: it is part of the snapshot.
 *
 * | offset | what |
 * |---|---|
 * | 0, 8 | JSValues of the boot program's `describe` and `finish` |
 * | 16 | JSValue of the variant's own function (`strip`, `check`), or undefined |
 * | 24 | address of the 64 bits from which `Math.random` draws |
 * | 28 | address of `"inputs"`, NUL-terminated |
 * | 32 | room for a length or an address that QuickJS hands back |
 * | 40 | room for {@link VALUES_MAX} JSValues that a function is called with |
 */
export const BLOCK_BYTES = 72;
export const VALUES_MAX = 4;

export interface BootBlock {
  readonly describe: bigint;
  readonly finish: bigint;
  readonly own: bigint;
  readonly randomState: number;
  readonly inputsName: number;
  readonly out: number;
  readonly values: number;
}

export function readBlock(view: DataView, at: number): BootBlock {
  return {
    describe: view.getBigUint64(at, true),
    finish: view.getBigUint64(at + 8, true),
    own: view.getBigUint64(at + 16, true),
    randomState: view.getUint32(at + 24, true),
    inputsName: view.getUint32(at + 28, true),
    out: at + 32,
    values: at + 40,
  };
}

export function writeBlock(view: DataView, at: number, block: Omit<BootBlock, "out" | "values">): void {
  view.setBigUint64(at, block.describe, true);
  view.setBigUint64(at + 8, block.finish, true);
  view.setBigUint64(at + 16, block.own, true);
  view.setUint32(at + 24, block.randomState, true);
  view.setUint32(at + 28, block.inputsName, true);
}
