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

test("takePiece() takes a frame in whatever pieces, and none behind it that nobody has answered", () => {
  const [call, end] = [frame(FRAME.call), frame(FRAME.end)];
  assert.deepEqual(told(call, call, end), [FRAME.call, FRAME.call, FRAME.end]);
  assert.deepEqual(told(call.subarray(0, 3), call.subarray(3, 14), call.subarray(14), end), [FRAME.call, FRAME.end]);
  assert.deepEqual(told(Buffer.concat([call, end])), [FRAME.call, "broken"]);
  assert.deepEqual(told(Buffer.concat([call, end.subarray(0, 1)])), [FRAME.call, "broken"]);
});

test("takePiece() finds out the first byte of a frame where none may come, with the end or behind it", () => {
  const end = frame(FRAME.end);
  assert.deepEqual(told(end, Uint8Array.of(0)), [FRAME.end, "broken"]);
  assert.deepEqual(told(Buffer.concat([end, Uint8Array.of(0)])), [FRAME.end, "broken"]);
  assert.deepEqual(told(end, frame(FRAME.call)), [FRAME.end, "broken"]);
  assert.deepEqual(told(Uint8Array.of(255, 255, 255, 255)), ["broken"]);
});
