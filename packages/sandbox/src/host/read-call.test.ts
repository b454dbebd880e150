import assert from "node:assert/strict";
import { test } from "node:test";
import { CALL_TOO_LARGE, HOST_FUNCTION } from "../cell/frame.ts";
import { readCall } from "./read-call.ts";

function tooLarge(bytes: number, ...more: number[]): Uint8Array {
  const size = Buffer.alloc(8);
  size.writeDoubleLE(bytes);
  return Buffer.concat([Uint8Array.of(CALL_TOO_LARGE, HOST_FUNCTION.write_output), size, Uint8Array.from(more)]);
}

test("readCall() takes the size of a call that was too large, and no number that is none", () => {
  assert.deepEqual(readCall(tooLarge(5e9)), { name: "write_output", argument: undefined, bytes: 5e9 });
  for (const bytes of [0, -1, 0.5, 2 ** 53, Number.POSITIVE_INFINITY, Number.NaN])
    assert.equal(readCall(tooLarge(bytes)), undefined, `${bytes}`);
  assert.equal(readCall(tooLarge(5, 0)), undefined);
  assert.equal(readCall(tooLarge(5).subarray(0, 9)), undefined);
});

test("readCall() knows the functions that are asked, and log is none of them", () => {
  assert.deepEqual(readCall(Uint8Array.of(HOST_FUNCTION.read_secret, 75)), { name: "read_secret", argument: Uint8Array.of(75) });
  for (const payload of [[], [0], [HOST_FUNCTION.log, 0], [99], [CALL_TOO_LARGE]])
    assert.equal(readCall(Uint8Array.from(payload)), undefined);
});
