import assert from "node:assert/strict";
import fc from "fast-check";
import { property } from "../../../../fuzz/property.ts";
import { encodeFrame, encodeHeader, type Frame, FrameReader, NONCE_BYTES, splitHeader } from "./frame.ts";

const bytes = (maxLength: number, minLength = 0) => fc.uint8Array({ minLength, maxLength });
/** Long enough to come in pieces that are kept, and in ones that are put together. */
const long = fc.integer({ min: 3_000, max: 20_000 }).map((length) => Uint8Array.from({ length }, (_, at) => at % 251));
const payload = fc.oneof({ weight: 8, arbitrary: bytes(300) }, long);
const frames = fc.array(fc.record({ kind: fc.nat(255), nonce: bytes(NONCE_BYTES, NONCE_BYTES), payload }), { maxLength: 6 });
const size = fc.oneof({ weight: 3, arbitrary: fc.integer({ min: 1, max: 16 }) }, fc.nat(400), fc.constantFrom(4_095, 4_096, 9_000));
/** Sizes of pieces, taken in turn for ever. */
const cuts = fc.array(size, { minLength: 1, maxLength: 12 });

function* piecesOf(stream: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, turn = 0; at < stream.length; turn++) {
    // Pieces of nothing come, but the stream goes on.
    const size = turn % 50 === 49 ? 1 : (sizes[turn % sizes.length] as number);
    yield stream.slice(at, at + size);
    at += size;
  }
}

const plain = ({ kind, nonce, payload }: Frame) => ({ kind, nonce: [...nonce], payload: [...payload] });

property("FrameReader gives what was sent, however the stream is cut", 300, [frames, cuts], (sent, sizes) => {
  const stream = Buffer.concat(
    sent.map(({ kind, nonce, payload }) => encodeFrame(kind, nonce, [payload.subarray(0, 7), payload.subarray(7)])),
  );
  const lengthMax = Math.max(0, ...sent.map(({ payload }) => 1 + NONCE_BYTES + payload.length));
  const reader = new FrameReader(() => lengthMax);
  const read: Frame[] = [];
  for (const piece of piecesOf(stream, sizes)) read.push(...(reader.push(piece) ?? assert.fail("was taken for broken")));
  assert.deepEqual(read.map(plain), sent.map(plain));
});

/** What a stream that has arrived so far comes to: whole frames, and whether the one behind them breaks the bound. */
function model(stream: Uint8Array, lengthMax: number): { frames: ReturnType<typeof plain>[]; broken: boolean } {
  const frames: ReturnType<typeof plain>[] = [];
  let rest = Buffer.from(stream);
  while (rest.length >= 4) {
    const length = rest.readUInt32LE(0);
    if (length < 9 || length > lengthMax) return { frames, broken: true };
    if (rest.length < 4 + length) break;
    frames.push(plain({ kind: rest[4] as number, nonce: rest.subarray(5, 13), payload: rest.subarray(13, 4 + length) }));
    rest = rest.subarray(4 + length);
  }
  return { frames, broken: false };
}

/** Lengths around every bound, with more or less behind them than they say. */
const hostile = fc
  .array(
    fc.oneof(
      bytes(30),
      frames.map((list) => Buffer.concat(list.map(({ kind, nonce, payload }) => encodeFrame(kind, nonce, [payload])))),
      fc
        .tuple(fc.oneof(fc.integer({ min: 0, max: 120 }), fc.constantFrom(2 ** 31, 2 ** 32 - 1, 2 ** 24)), bytes(130))
        .map(([length, rest]) => {
          const head = Buffer.alloc(4);
          head.writeUInt32LE(length);
          return Buffer.concat([head, rest]);
        }),
    ),
    { maxLength: 8 },
  )
  .map((parts) => Uint8Array.from(Buffer.concat(parts)));

property(
  "FrameReader takes hostile bytes for what they are, and stops at the frame that breaks the bound",
  500,
  [hostile, cuts, fc.nat(310)],
  (stream, sizes, lengthMax) => {
    const reader = new FrameReader(() => lengthMax);
    const read: Frame[] = [];
    let arrived = 0;
    for (const piece of piecesOf(stream, sizes)) {
      arrived += piece.length;
      const expected = model(stream.subarray(0, arrived), lengthMax);
      const got = reader.push(piece);
      assert.equal(got === undefined, expected.broken);
      if (got === undefined) return;
      read.push(...got);
      assert.deepEqual(read.map(plain), expected.frames);
    }
  },
);

property(
  "splitHeader() gives back what encodeHeader() put in front, and reads nothing behind the payload",
  300,
  [fc.dictionary(fc.string(), fc.jsonValue()), bytes(50), bytes(60), fc.nat(2 ** 32 - 1)],
  (header, rest, any, length) => {
    const split = splitHeader(Buffer.concat([encodeHeader(header), rest]));
    assert.equal(split?.header, JSON.stringify(header));
    assert.deepEqual([...(split?.rest ?? [])], [...rest]);
    const lying = Buffer.concat([Buffer.alloc(4), any]);
    lying.writeUInt32LE(length);
    for (const payload of [any, lying]) {
      const found = splitHeader(payload);
      const claimed = payload.length < 4 ? Number.POSITIVE_INFINITY : Buffer.from(payload).readUInt32LE(0);
      assert.equal(found !== undefined, 4 + claimed <= payload.length);
      if (found) assert.deepEqual([...found.rest], [...payload.subarray(4 + claimed)]);
    }
  },
);
