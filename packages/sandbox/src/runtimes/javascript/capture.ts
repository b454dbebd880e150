import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { PAGE_BYTES } from "../../wasm/binary.ts";
import { countGrowths, OWN_EXPORTS } from "../../wasm/rewrite.ts";
import { freeze } from "../freeze.ts";
import {
  BLOCK_BYTES,
  BOOT_FILENAME,
  type Engine,
  engineOf,
  isException,
  KEPT_EXPORTS,
  STACK_BYTES,
  UNDEFINED,
  writeBlock,
} from "./engine.ts";
import { CALLS, LOG_LEVELS } from "./imports.ts";

export type JavaScriptVariant = "javascript" | "typescript" | "schema" | "syntax";

/** The script with the function of a variant that has one. */
const OWN: Readonly<Record<JavaScriptVariant, string | undefined>> = {
  javascript: undefined,
  typescript: "strip.js",
  schema: "schema.js",
  syntax: "syntax.js",
};

/** All of QuickJS's built-in objects but `performance`: a guest's clock is `Date`. */
const INTRINSICS = -1 & ~(1 << 10);

/** Heap that is free when a guest starts. A memory that grew can't be put back, only replaced. */
const FREE_HEAP_BYTES = 1024 * 1024;

/** Garbage that may pile up over the boot state before the first collection. */
const GARBAGE_BYTES = 2 * 1024 * 1024;

/**
 * Boots QuickJS with our boot program and freezes it. The same inputs give the same bytes: clock and randomness stand still.
 *
 * @returns the frozen module
 */
export async function captureJavaScript(variant: JavaScriptVariant): Promise<Uint8Array> {
  const wasm = countGrowths(readFileSync(fileURLToPath(import.meta.resolve("quickjs-wasi/quickjs.wasm"))));
  const booting = new Booting(new Uint8Array(wasm));
  booting.boot(readSource("boot.js"), OWN[variant]);
  return freeze(wasm, booting.snapshot(), { keepExports: [...KEPT_EXPORTS, OWN_EXPORTS.memoryDenied, OWN_EXPORTS.memoryWanted] });
}

function readSource(name: string): string {
  return readFileSync(new URL(name, import.meta.url), "utf8");
}

/** A module of ours and what it imports, as an expression that has its exports as value. */
function bundle(name: string): string {
  const folder = fileURLToPath(new URL(".", import.meta.url));
  const { outputFiles } = buildSync({
    absWorkingDir: folder,
    entryPoints: [name],
    bundle: true,
    write: false,
    format: "iife",
    globalName: "exported",
    platform: "neutral",
    mainFields: ["module", "main"],
    target: "es2023",
    minify: true,
    legalComments: "none",
    logLevel: "silent",
    tsconfigRaw: {}, // whatever lies in a folder above has no say
  });
  const [file] = outputFiles;
  if (!file) throw new Error(`no bundle of ${name}`);
  return `(function () {\n${file.text}\nreturn exported;\n})()`;
}

/** What of QuickJS's interface only a boot needs. */
interface BootExports {
  readonly memory: WebAssembly.Memory;
  readonly __stack_pointer: WebAssembly.Global;
  readonly _initialize: () => void;
  readonly qjs_init2: (intrinsics: number) => number;
  readonly qjs_set_max_stack_size: (bytes: number) => void;
  readonly qjs_set_promise_rejection_handler: (enabled: number) => void;
  readonly qjs_set_gc_threshold: (bytes: number) => void;
  readonly qjs_run_gc: () => void;
  readonly qjs_compute_memory_usage: (out: number) => void;
  readonly qjs_new_host_function: (name: number, bytes: number, magic: number) => number;
  readonly qjs_compile: (
    source: number,
    bytes: number,
    filename: number,
    evalFlags: number,
    compileFlags: number,
    lengthOut: number,
  ) => number;
  readonly qjs_eval_bytecode: (code: number, bytes: number) => number;
  readonly JS_SetContextOpaque: (context: number, opaque: number) => void;
  readonly JS_GetPropertyStr: (context: number, object: bigint, name: number) => bigint;
}

const COMPILE_STRIP_SOURCE = 1 << 4;
/** `mallocSize` is the first of 26 64-bit numbers that QuickJS tells about its memory. */
const MEMORY_USAGE_BYTES = 26 * 8;

class Booting {
  readonly #engine: Engine & BootExports;
  readonly #memory: WebAssembly.Memory;
  readonly #context: number;

  constructor(wasm: Uint8Array<ArrayBuffer>) {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(wasm), this.#imports());
    this.#engine = Object.assign(Object.create(null), exports, engineOf(exports)) as Engine & BootExports;
    this.#memory = this.#engine.memory;
    this.#engine._initialize();
    if (this.#engine.qjs_init2(INTRINSICS) !== 0) throw new Error("QuickJS did not start");
    this.#engine.qjs_set_max_stack_size(STACK_BYTES);
    this.#context = this.#engine.qjs_get_context_ptr();
  }

  /** A world in which it is always 1970, chance always says the same, and nothing else is there. */
  #imports(): WebAssembly.Imports {
    const absent = (name: string) => () => {
      throw new Error(`the boot program called ${name}`);
    };
    return {
      env: {
        host_get_timezone_offset: () => 0,
        host_interrupt: () => 0,
        host_promise_rejection: absent("host_promise_rejection"),
        host_module_normalize: absent("host_module_normalize"),
        host_module_load: absent("host_module_load"),
        host_call: absent("host_call"),
      },
      wasi_snapshot_preview1: {
        clock_time_get: (_clock: number, _precision: bigint, out: number) => {
          this.#view().setBigUint64(out, 0n, true);
          return 0;
        },
        random_get: (address: number, length: number) => {
          this.#bytes().fill(0x5a, address, address + length);
          return 0;
        },
        fd_write: absent("fd_write"),
        fd_close: absent("fd_close"),
        fd_seek: absent("fd_seek"),
        fd_fdstat_get: absent("fd_fdstat_get"),
      },
    };
  }

  boot(bootSource: string, ownScript: string | undefined): void {
    const engine = this.#engine;
    const boot = this.#evaluate(bootSource);
    const own = ownScript === undefined ? UNDEFINED : this.#get(this.#evaluate(bundle(ownScript)), "own");
    const functions = this.#call(
      boot,
      [...LOG_LEVELS, ...CALLS].map((level) => this.#hostFunction(level)),
    );
    const block = {
      describe: this.#checked(engine.JS_GetPropertyUint32(this.#context, functions, 0)),
      finish: this.#checked(engine.JS_GetPropertyUint32(this.#context, functions, 1)),
      own,
      randomState: this.#findRandomState(),
      inputsName: this.#text("inputs"),
    };
    const at = engine.malloc(BLOCK_BYTES);
    writeBlock(this.#view(), at, block);
    engine.JS_SetContextOpaque(this.#context, at);
    engine.qjs_set_promise_rejection_handler(1);
    engine.qjs_run_gc();
    const usage = engine.malloc(MEMORY_USAGE_BYTES);
    engine.qjs_compute_memory_usage(usage);
    engine.qjs_set_gc_threshold(Number(this.#view().getBigInt64(usage, true)) + GARBAGE_BYTES);
    engine.free(usage);
    engine.free(engine.malloc(FREE_HEAP_BYTES));
  }

  snapshot() {
    const memory = new Uint8Array(this.#memory.buffer.slice(0));
    const stackPointer = this.#engine.__stack_pointer.value as number;
    // Below the stack pointer lie the remains of the boot. Nothing reads them.
    memory.fill(0, 0, stackPointer);
    if (memory.length % PAGE_BYTES !== 0) throw new Error("memory is not a whole number of pages");
    return { memory, globals: new Map([[0, stackPointer]]) };
  }

  #view(): DataView {
    return new DataView(this.#memory.buffer);
  }

  #bytes(): Uint8Array {
    return new Uint8Array(this.#memory.buffer);
  }

  /** A NUL-terminated copy in the guest's memory, which stays. */
  #text(text: string): number {
    const bytes = new TextEncoder().encode(`${text}\0`);
    const at = this.#engine.malloc(bytes.length);
    this.#bytes().set(bytes, at);
    return at;
  }

  #checked(value: bigint): bigint {
    if (!isException(value)) return value;
    const error = this.#engine.JS_GetException(this.#context);
    throw new Error(`the boot program failed: ${this.#toText(error)}\n${this.#toText(this.#get(error, "stack"))}`);
  }

  #toText(value: bigint): string {
    const lengthOut = this.#engine.malloc(4);
    const at = this.#engine.JS_ToCStringLen2(this.#context, lengthOut, value, 0);
    return new TextDecoder().decode(this.#bytes().slice(at, at + this.#view().getUint32(lengthOut, true)));
  }

  #get(object: bigint, name: string): bigint {
    return this.#checked(this.#engine.JS_GetPropertyStr(this.#context, object, this.#text(name)));
  }

  /** Through byte code, because that can leave the source out: QuickJS keeps a copy of it for every function. */
  #evaluate(source: string): bigint {
    const engine = this.#engine;
    const bytes = new TextEncoder().encode(source).length;
    const at = this.#text(source);
    const lengthOut = engine.malloc(4);
    const code = engine.qjs_compile(at, bytes, this.#text(BOOT_FILENAME), 0, COMPILE_STRIP_SOURCE, lengthOut);
    if (code === 0) this.#checked(6n << 32n);
    const length = this.#view().getUint32(lengthOut, true);
    const value = this.#view().getBigUint64(engine.qjs_eval_bytecode(code, length), true);
    for (const [start, count] of [
      [at, bytes],
      [code, length],
    ] as const) {
      this.#bytes().fill(0, start, start + count);
      engine.free(start);
    }
    return this.#checked(value);
  }

  #call(callee: bigint, values: readonly bigint[]): bigint {
    const at = this.#engine.malloc(values.length * 8);
    values.forEach((value, i) => {
      this.#view().setBigUint64(at + i * 8, value, true);
    });
    return this.#checked(this.#engine.JS_Call(this.#context, callee, UNDEFINED, values.length, at));
  }

  #hostFunction(name: string): bigint {
    return this.#view().getBigUint64(this.#engine.qjs_new_host_function(this.#text(name), name.length, 0), true);
  }

  /** The word in memory that, over one call of `Math.random`, makes the step of xorshift64*, QuickJS's generator. */
  #findRandomState(): number {
    const draw = this.#evaluate("Math.random");
    const before = new BigUint64Array(this.#memory.buffer.slice(0));
    this.#call(draw, []);
    const after = new BigUint64Array(this.#memory.buffer, 0, before.length);
    const found: number[] = [];
    before.forEach((word, i) => {
      if (word !== 0n && after[i] === xorshift(word)) found.push(i * 8);
    });
    if (found.length !== 1) throw new Error(`the state of Math.random was found ${found.length} times`);
    return found[0] as number;
  }
}

function xorshift(word: bigint): bigint {
  let next = word;
  next ^= next >> 12n;
  next = BigInt.asUintN(64, next ^ (next << 25n));
  return next ^ (next >> 27n);
}
