import assert from "node:assert/strict";
import { test } from "node:test";
import { count, duration, plural, size } from "./amount.ts";

test("duration() says times with two or three figures, and never 60 seconds", () => {
  const said = [0, 0.04, 9.94, 9.96, 999.4, 999.6, 9_994, 59_949, 59_951, 3_601_000].map(duration);
  assert.deepEqual(said, ["0.0 ms", "0.0 ms", "9.9 ms", "10 ms", "999 ms", "1.00 s", "9.99 s", "59.9 s", "1 min 0 s", "60 min 1 s"]);
});

test("size() uses binary units", () => {
  assert.deepEqual([0, 1023, 1024, 1536, 10 * 1024, 2 ** 20, 30.4 * 2 ** 20, 2 ** 31].map(size), [
    "0 B",
    "1023 B",
    "1 KiB",
    "1.5 KiB",
    "10 KiB",
    "1 MiB",
    "30 MiB",
    "2048 MiB",
  ]);
});

test("count() and plural() set thousands apart", () => {
  assert.deepEqual([0, 999, 1000, 1234567].map(count), ["0", "999", "1,000", "1,234,567"]);
  assert.deepEqual([plural(1, "step"), plural(2, "entry", "entries")], ["1 step", "2 entries"]);
});
