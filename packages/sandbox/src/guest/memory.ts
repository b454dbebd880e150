const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * A guest's linear memory as the host sees it. Addresses and lengths are the guest's: any number is taken, made unsigned, and what
 * lies outside of the memory is `undefined`. Memory may grow and move whenever the guest runs, so what is handed out here is not kept.
 */
export class GuestMemory {
  readonly memory: WebAssembly.Memory;
  #all = new Uint8Array(0);

  constructor(memory: WebAssembly.Memory) {
    this.memory = memory;
  }

  /** Bytes that it has now. */
  get size(): number {
    return this.memory.buffer.byteLength;
  }

  /** The bytes themselves, not a copy. */
  bytes(address: number, length: number): Uint8Array<ArrayBuffer> | undefined {
    const start = address >>> 0;
    const end = start + (length >>> 0);
    const all = this.#current();
    return end <= all.length ? all.subarray(start, end) : undefined;
  }

  view(address: number, length: number): DataView<ArrayBuffer> | undefined {
    const start = address >>> 0;
    const all = this.#current();
    return start + (length >>> 0) <= all.length ? new DataView(all.buffer, start, length >>> 0) : undefined;
  }

  /** A copy of the bytes before the first NUL, of which there are at most `lengthMax`; `undefined` also if there is none so near. */
  untilNul(address: number, lengthMax: number): Uint8Array | undefined {
    const start = address >>> 0;
    const all = this.#current();
    if (start >= all.length) return undefined;
    const window = all.subarray(start, Math.min(all.length, start + lengthMax + 1));
    const end = window.indexOf(0);
    return end === -1 ? undefined : window.slice(0, end);
  }

  #current(): Uint8Array<ArrayBuffer> {
    const { buffer } = this.memory;
    if (this.#all.buffer !== buffer) this.#all = new Uint8Array(buffer);
    return this.#all;
  }
}

/** UTF-8 as a string, or `undefined` if it isn't UTF-8: two different names never become the same one. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}
