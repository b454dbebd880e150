/**
 * Random bytes from a seed: ChaCha20 (RFC 8439, section 2.3) as a key stream with a zero nonce. The same seed gives the same bytes, so
 * that an attempt can be run again; without the seed they can't be told from random ones.
 */
export class SeededRandom {
  readonly #state = new Uint32Array(16);
  readonly #block = new Uint32Array(16);
  readonly #bytes = new Uint8Array(this.#block.buffer);
  #used = 64;

  /** @param seed 32 bytes, copied */
  constructor(seed: Uint8Array) {
    if (seed.length !== 32) throw new RangeError(`a seed has 32 bytes, not ${seed.length}`);
    const words = new DataView(seed.buffer, seed.byteOffset, 32);
    this.#state.set([0x61707865, 0x3320646e, 0x79622d32, 0x6b206574]); // "expand 32-byte k"
    for (let i = 0; i < 8; i++) this.#state[4 + i] = words.getUint32(i * 4, true);
  }

  fill(into: Uint8Array): void {
    for (let at = 0; at < into.length; ) {
      if (this.#used === 64) this.#next();
      const taken = Math.min(64 - this.#used, into.length - at);
      into.set(this.#bytes.subarray(this.#used, this.#used + taken), at);
      this.#used += taken;
      at += taken;
    }
  }

  #next(): void {
    const x = this.#block;
    x.set(this.#state);
    for (let round = 0; round < 10; round++) {
      for (let i = 0; i < 4; i++) quarterRound(x, i, 4 + i, 8 + i, 12 + i);
      for (let i = 0; i < 4; i++) quarterRound(x, i, 4 + ((i + 1) & 3), 8 + ((i + 2) & 3), 12 + ((i + 3) & 3));
    }
    for (let i = 0; i < 16; i++) x[i] = word(x, i) + word(this.#state, i);
    this.#state[12] = word(this.#state, 12) + 1;
    if (this.#state[12] === 0) this.#state[13] = word(this.#state, 13) + 1; // beyond 256 GB of the same attempt
    this.#used = 0;
  }
}

function word(words: Uint32Array, index: number): number {
  return words[index] as number;
}

function quarterRound(x: Uint32Array, a: number, b: number, c: number, d: number): void {
  step(x, a, b, d, 16);
  step(x, c, d, b, 12);
  step(x, a, b, d, 8);
  step(x, c, d, b, 7);
}

function step(x: Uint32Array, a: number, b: number, d: number, by: number): void {
  x[a] = word(x, a) + word(x, b);
  const mixed = word(x, d) ^ word(x, a);
  x[d] = (mixed << by) | (mixed >>> (32 - by));
}
