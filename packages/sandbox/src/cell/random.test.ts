import assert from "node:assert/strict";
import { createCipheriv } from "node:crypto";
import { test } from "node:test";
import { SeededRandom } from "./random.ts";

test("SeededRandom is ChaCha20's key stream, however it is drawn", () => {
  const seed = Uint8Array.from({ length: 32 }, (_, i) => (i * 37) & 255);
  const expected = createCipheriv("chacha20", seed, Buffer.alloc(16)).update(Buffer.alloc(300));
  const random = new SeededRandom(seed);
  const drawn = [0, 1, 63, 64, 65, 107].map((length) => {
    const bytes = Buffer.alloc(length);
    random.fill(bytes);
    return bytes;
  });
  assert.deepEqual(Buffer.concat(drawn), expected);
});

test("SeededRandom refuses a seed of another length", () => {
  assert.throws(() => new SeededRandom(new Uint8Array(31)), RangeError);
});
