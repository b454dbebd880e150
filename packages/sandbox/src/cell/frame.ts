/**
 * What travels between a cell and its parent. A frame is
 *
 *     length of what follows   u32, little endian
 *     kind                     u8
 *     nonce                    8 bytes: the attempt's, chosen by the parent; zeros where there is no attempt
 *     payload
 *
 * Frames from a cell are hostile input: {@link FrameReader} refuses a length over its bound before it allocates anything.
 */
export const FRAME = {
  /** Parent to cell, once: a {@link CellSetup} as JSON. */
  setup: 1,
  /** Parent to cell: a {@link RunHeader} and its parts. */
  run: 2,
  /** Parent to cell: the answer to a call. */
  answer: 3,
  /** Parent to cell: open a runtime before a guest comes that needs it: an {@link OpenRequest} as JSON. */
  open: 4,
  /** Cell to parent: it is ready, once when it has started and once for each runtime that it was told to open. */
  ready: 16,
  /** Cell to parent: a host function's number, u8, and its argument. */
  call: 17,
  /** Cell to parent: the guest has ended: an {@link EndHeader} and the output. */
  end: 18,
} as const;

/** Host functions by their number in a call frame. */
export const HOST_FUNCTION = {
  log: 1,
  read_input: 2,
  write_output: 3,
  read_secret: 4,
  get_time: 5,
  http_request: 6,
  /** The next piece of a body that {@link HOST_FUNCTION.http_request} left open. */
  http_read: 7,
} as const;

export type HostFunctionName = keyof typeof HOST_FUNCTION;

/** In place of a function's number: a call that was larger than any may be. Its number, u8, and the bytes it had, f64, follow. */
export const CALL_TOO_LARGE = 255;

/** The first byte of an answer to any call but `log`. */
export const ANSWER = { given: 0, refused: 1, failed: 2 } as const;

const LENGTH_BYTES = 4;
const encoder = new TextEncoder();
const decoder = new TextDecoder();
export const NONCE_BYTES = 8;
const FRAME_HEADER_BYTES = LENGTH_BYTES + 1 + NONCE_BYTES;

export interface Frame {
  readonly kind: number;
  readonly nonce: Uint8Array;
  readonly payload: Uint8Array;
}

/** The frame as it travels: one buffer. */
export function encodeFrame(kind: number, nonce: Uint8Array, parts: readonly Uint8Array[]): Uint8Array {
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  const bytes = new Uint8Array(FRAME_HEADER_BYTES + size);
  putLength(bytes, 1 + NONCE_BYTES + size);
  bytes[LENGTH_BYTES] = kind;
  bytes.set(nonce, LENGTH_BYTES + 1);
  let at = FRAME_HEADER_BYTES;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** A header as JSON before other parts: its length, u32, comes first. */
export function encodeHeader(header: object): Uint8Array {
  const text = encoder.encode(JSON.stringify(header));
  const bytes = new Uint8Array(LENGTH_BYTES + text.length);
  putLength(bytes, text.length);
  bytes.set(text, LENGTH_BYTES);
  return bytes;
}

/** A DataView would be one more object for each frame. */
function putLength(bytes: Uint8Array, length: number): void {
  for (let i = 0; i < LENGTH_BYTES; i++) bytes[i] = length >>> (8 * i);
}

/** Of bytes of which there are enough. */
function lengthOf(bytes: Uint8Array): number {
  const { 0: a = 0, 1: b = 0, 2: c = 0, 3: d = 0 } = bytes;
  return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0;
}

/** Splits a payload made with {@link encodeHeader} into the header's text and the rest; undefined where the length doesn't fit. */
export function splitHeader(payload: Uint8Array): { header: string; rest: Uint8Array } | undefined {
  if (payload.length < LENGTH_BYTES) return undefined;
  const end = LENGTH_BYTES + lengthOf(payload);
  if (end > payload.length) return undefined;
  return { header: decoder.decode(payload.subarray(LENGTH_BYTES, end)), rest: payload.subarray(end) };
}

/** Pieces below this are copied together: what an array of its own takes (some 230 bytes) must not be what a hostile cell's single bytes take. */
const SMALL_BYTES = 4096;
const TOGETHER_BYTES = 2 * SMALL_BYTES;

/** Puts frames together from pieces of a stream. */
export class FrameReader {
  readonly #lengthMax: () => number;
  #pieces: Uint8Array[] = [];
  /** Where small pieces are put together: the last of the pieces is the beginning of it. */
  #together: Uint8Array | undefined;
  #buffered = 0;

  /** @param lengthMax bytes that the next frame may have; asked when its length has arrived */
  constructor(lengthMax: () => number) {
    this.#lengthMax = lengthMax;
  }

  /** A frame has begun, and is not whole. */
  get hasBegun(): boolean {
    return this.#buffered > 0;
  }

  /** Takes the next piece of the stream (a large one is kept, not copied) and yields the frames that are whole. Undefined: a frame broke the bound. */
  push(piece: Uint8Array): Frame[] | undefined {
    this.#keep(piece);
    const frames: Frame[] = [];
    while (this.#buffered >= LENGTH_BYTES) {
      const length = lengthOf(this.#joined(LENGTH_BYTES));
      if (length < 1 + NONCE_BYTES || length > this.#lengthMax()) return undefined;
      if (this.#buffered < LENGTH_BYTES + length) break;
      const bytes = this.#joined(LENGTH_BYTES + length);
      frames.push({
        kind: bytes[LENGTH_BYTES] as number,
        nonce: bytes.subarray(LENGTH_BYTES + 1, FRAME_HEADER_BYTES),
        payload: bytes.subarray(FRAME_HEADER_BYTES, LENGTH_BYTES + length),
      });
      this.#pieces = [bytes.subarray(LENGTH_BYTES + length)];
      this.#together = undefined;
      this.#buffered -= LENGTH_BYTES + length;
    }
    return frames;
  }

  #keep(piece: Uint8Array): void {
    const pieces = this.#pieces;
    if (this.#buffered === 0 || piece.length >= SMALL_BYTES) {
      if (this.#buffered === 0) pieces.length = 0;
      this.#together = undefined;
      pieces.push(piece);
    } else {
      let used = this.#together ? (pieces.at(-1) as Uint8Array).length : 0;
      if (!this.#together || used + piece.length > this.#together.length) {
        this.#together = new Uint8Array(TOGETHER_BYTES);
        used = 0;
        pieces.push(this.#together);
      }
      this.#together.set(piece, used);
      pieces[pieces.length - 1] = this.#together.subarray(0, used + piece.length);
    }
    this.#buffered += piece.length;
  }

  /** The first `count` buffered bytes in one piece (and perhaps more behind them). */
  #joined(count: number): Uint8Array {
    const first = this.#pieces[0] as Uint8Array;
    if (first.length >= count) return first;
    const joined = new Uint8Array(this.#buffered);
    let at = 0;
    for (const piece of this.#pieces) {
      joined.set(piece, at);
      at += piece.length;
    }
    this.#pieces = [joined];
    this.#together = undefined;
    return joined;
  }
}
