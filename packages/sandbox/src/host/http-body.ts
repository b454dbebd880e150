import { pipeline, type Readable, type Transform } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";

/** What a guest is given at once of a body that it reads in pieces. */
const PIECE_BYTES = 256 * 1024; // no stream that is known gives more

const CHUNKS = { chunkSize: 64 * 1024 };

const DECODERS: Readonly<Record<string, (() => Transform) | undefined>> = {
  gzip: () => createGunzip(CHUNKS),
  "x-gzip": () => createGunzip(CHUNKS),
  deflate: () => createInflate(CHUNKS),
  br: () => createBrotliDecompress(CHUNKS),
};

/** What clients of ours say they can read. */
export const ACCEPTED_ENCODINGS = "gzip, deflate, br";

/** The body is larger than it may be, as it came or decoded. */
export class BodyTooLarge extends Error {}

/** A body that is being received, decoded on the way. Nothing is received before it is asked for, but for what buffers hold. */
export class HttpBody {
  readonly #decoded: AsyncIterator<Buffer>;
  readonly #stream: Readable;
  #left: Buffer = Buffer.alloc(0);

  /**
   * @param encoding the response's `content-encoding`
   * @param encodedBytesMax bytes of the body as it comes: a compressed body can be long and hold nothing
   * @returns undefined if it can't be decoded
   */
  static open(body: Readable, encoding: string, encodedBytesMax: number): HttpBody | undefined {
    const name = encoding.trim().toLowerCase();
    const decoder = name === "" || name === "identity" ? undefined : Object.hasOwn(DECODERS, name) ? DECODERS[name]?.() : null;
    if (decoder === null) return undefined;
    if (!decoder) return new HttpBody(body);
    let received = 0;
    body.on("data", (chunk: Buffer) => {
      received += chunk.length;
      if (received > encodedBytesMax) body.destroy(new BodyTooLarge());
    });
    // An error ends both; whoever reads the decoder is told.
    pipeline(body, decoder, () => {});
    return new HttpBody(decoder);
  }

  private constructor(stream: Readable) {
    this.#stream = stream;
    stream.on("error", () => {}); // told to whoever reads on; until somebody does, it must not end the process
    this.#decoded = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  /** The next piece; undefined at the end. */
  async next(): Promise<Buffer | undefined> {
    while (this.#left.length === 0) {
      const { value, done } = await this.#decoded.next();
      if (done) return undefined;
      this.#left = value;
    }
    const piece = this.#left.subarray(0, PIECE_BYTES);
    this.#left = this.#left.subarray(piece.length);
    return piece;
  }

  close(): void {
    this.#stream.destroy();
  }
}

/** Bytes put together as they come, in one array: a body may come byte by byte, and what an array of its own takes for each is far more. */
export class GatheredBytes {
  #room = new Uint8Array(0);
  length = 0;

  add(piece: Uint8Array): void {
    const length = this.length + piece.length;
    if (length > this.#room.length) {
      const room = new Uint8Array(Math.max(length, 2 * this.#room.length));
      room.set(this.bytes);
      this.#room = room;
    }
    this.#room.set(piece, this.length);
    this.length = length;
  }

  get bytes(): Uint8Array {
    return this.#room.subarray(0, this.length);
  }
}
