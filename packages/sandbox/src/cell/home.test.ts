import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeFrame, FRAME, FrameReader } from "./frame.ts";
import { takePiece } from "./home.ts";

/** What a home tells of pieces, where no frame may come behind an end. */
function told(...pieces: readonly Uint8Array[]): readonly (number | "broken")[] {
  const said: (number | "broken")[] = [];
  const frameBytesMax = () => (said.includes(FRAME.end) ? 0 : 100);
  const events = {
    frameBytesMax,
    onFrame: ({ kind }: { readonly kind: number }) => said.push(kind),
    onBroken: () => said.push("broken"),
    onGone: () => {},
  };
  const reader = new FrameReader(frameBytesMax);
  for (const piece of pieces) takePiece(piece, reader, events);
  return said;
}

const frame = (kind: number) => Buffer.from(encodeFrame(kind, new Uint8Array(8), [Uint8Array.of(1, 2, 3)]));

test("takePiece() takes frames in whatever pieces", () => {
  const stream = Buffer.concat([frame(FRAME.call), frame(FRAME.call), frame(FRAME.end)]);
  assert.deepEqual(told(stream), [FRAME.call, FRAME.call, FRAME.end]);
  assert.deepEqual(told(stream.subarray(0, 20), stream.subarray(20)), [FRAME.call, FRAME.call, FRAME.end]);
});

test("takePiece() finds out the first byte of a frame where none may come, with the end or behind it", () => {
  const end = frame(FRAME.end);
  assert.deepEqual(told(end, Uint8Array.of(0)), [FRAME.end, "broken"]);
  assert.deepEqual(told(Buffer.concat([end, Uint8Array.of(0)])), [FRAME.end, "broken"]);
  assert.deepEqual(told(end, frame(FRAME.call)), [FRAME.end, "broken"]);
  assert.deepEqual(told(Uint8Array.of(255, 255, 255, 255)), ["broken"]);
});
