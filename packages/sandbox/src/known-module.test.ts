import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { knownModule } from "./known-module.ts";

const digest = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

for (const [kind, bytes] of [
  ["an array", Uint8Array.of(1, 2, 3)],
  ["a Buffer", Buffer.from([1, 2, 3])],
  ["a part of a larger array", new Uint8Array([0, 1, 2, 3, 0]).subarray(1, 4)],
] as const) {
  test(`knownModule() sees that ${kind} was changed, and keeps what it was`, () => {
    const before = knownModule(bytes);
    assert.equal(before.digest, digest(bytes));
    assert.equal(knownModule(bytes), before);
    bytes[1] = 9;
    assert.deepEqual([...before.bytes], [1, 2, 3]);
    const after = knownModule(bytes);
    assert.equal(after.digest, digest(bytes));
    assert.deepEqual([...after.bytes], [1, 9, 3]);
  });
}

test("knownModule() refuses what isn't bytes", () => {
  assert.throws(() => knownModule("\0asm"), { code: "REQUEST_INVALID" });
});
