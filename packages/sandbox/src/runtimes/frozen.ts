import { PAGE_BYTES } from "../wasm/binary.ts";
import { nonZeroRanges } from "./freeze.ts";

/** Memory is put back in pieces of this size: larger ones mean fewer, longer copies, which is what memory likes best. */
const GRAIN_BYTES = 65_536;

/**
 * An instance of a frozen module that can be made as new again, in place: all of its mutable state is known and put back.
 *
 * That state is linear memory, the mutable globals and the tables. The freezer turns the memory into an import and exports the
 * others; a module whose code could write the function table is never reset (see {@link reset}). A memory that grew is dropped.
 */
export class FrozenInstance {
  readonly instance: WebAssembly.Instance;
  readonly memory: WebAssembly.Memory;
  readonly #ranges: readonly Range[];
  readonly #globals: { global: WebAssembly.Global; value: unknown }[] = [];
  readonly #tables: { table: WebAssembly.Table; length: number }[] = [];
  readonly #bytes: number;

  /** @param imports without `env.memory`, which is added. `maximumPages` bounds the memory for good. */
  constructor(module: WebAssembly.Module, imports: WebAssembly.Imports, memory: WebAssembly.Memory) {
    this.memory = memory;
    this.instance = new WebAssembly.Instance(module, { ...imports, env: { ...imports["env"], memory } });
    this.#bytes = memory.buffer.byteLength;
    this.#ranges = rangesOf(module, memory);
    for (const [name, value] of Object.entries(this.instance.exports)) {
      if (value instanceof WebAssembly.Global) this.#globals.push({ global: value, value: value.value });
      if (value instanceof WebAssembly.Table && name.startsWith("table:")) this.#tables.push({ table: value, length: value.length });
    }
  }

  /**
   * Puts all state back to the snapshot's. Returns false where that is impossible (memory or a table grew): the instance and its
   * memory must then be dropped. That no instruction writes table 0 was proven when the module was frozen.
   */
  reset(): boolean {
    if (this.memory.buffer.byteLength !== this.#bytes) return false;
    if (this.#tables.some(({ table, length }) => table.length !== length)) return false;
    const bytes = new Uint8Array(this.memory.buffer);
    let at = 0;
    for (const range of this.#ranges) {
      if (range.start > at) bytes.fill(0, at, range.start);
      bytes.set(range.bytes, range.start);
      at = range.end;
    }
    bytes.fill(0, at);
    for (const { global, value } of this.#globals) global.value = value;
    return true;
  }
}

/** A part of memory that is not zero, as the module makes it. */
interface Range {
  readonly start: number;
  readonly end: number;
  readonly bytes: Uint8Array;
}

const known = new WeakMap<WebAssembly.Module, readonly Range[]>();

/** What a module makes of memory is the same each time: it is looked for, and copied, once. `memory` is as it has just been made. */
function rangesOf(module: WebAssembly.Module, memory: WebAssembly.Memory): readonly Range[] {
  const before = known.get(module);
  if (before) return before;
  const bytes = new Uint8Array(memory.buffer);
  const ranges = nonZeroRanges(bytes, GRAIN_BYTES).map(({ start, end }) => ({ start, end, bytes: bytes.slice(start, end) }));
  known.set(module, ranges);
  return ranges;
}

/** The pages that a frozen module starts with, read from what it imports. */
export function memoryOf(initialBytes: number, growthBytes: number): WebAssembly.Memory {
  const initial = Math.ceil(initialBytes / PAGE_BYTES);
  return new WebAssembly.Memory({ initial, maximum: Math.min(65_536, initial + Math.ceil(growthBytes / PAGE_BYTES)) });
}
