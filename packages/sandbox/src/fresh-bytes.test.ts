import assert from "node:assert/strict";
import { test } from "node:test";
import { freshBytes } from "./fresh-bytes.ts";

test("freshBytes() hands out no byte twice, and changes none that it handed out", () => {
  const drawn = Array.from({ length: 1000 }, () => freshBytes(32));
  const seen = drawn.map((bytes) => Buffer.from(bytes).toString("hex"));
  assert.equal(new Set(seen).size, 1000);
  freshBytes(4096);
  assert.deepEqual(
    drawn.map((bytes) => Buffer.from(bytes).toString("hex")),
    seen,
  );
});

test("freshBytes() refuses more than it draws at once", () => {
  assert.throws(() => freshBytes(4097), RangeError);
});
