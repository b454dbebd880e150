import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { encodeFrame, FRAME, FrameReader } from "./frame.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

function held(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

test("FrameReader holds little more than the bytes of a frame that comes byte by byte", () => {
  const count = 200_000;
  const frame = encodeFrame(FRAME.end, new Uint8Array(8), [new Uint8Array(2 * count).fill(7)]);
  const reader = new FrameReader(() => frame.length);
  const before = held();
  for (let at = 0; at < count; at++) assert.deepEqual(reader.push(frame.slice(at, at + 1)), []);
  const more = held() - before;
  assert.ok(more < 10 * count, `${more} bytes for ${count}`);
  const whole = reader.push(frame.subarray(count));
  assert.equal(whole?.[0]?.payload.length, 2 * count);
  assert.ok(whole?.[0]?.payload.every((byte) => byte === 7));
});
