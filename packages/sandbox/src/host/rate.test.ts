import assert from "node:assert/strict";
import { test } from "node:test";
import { RateWindow } from "./rate.ts";

test("RateWindow takes so many in any second, wherever it begins", () => {
  const window = new RateWindow(3);
  const taken = [0, 900, 950, 999, 1000, 1001, 1899, 1900].map((nowMs) => window.take(nowMs));
  assert.deepEqual(taken, [true, true, true, false, true, false, false, true]);
});

test("RateWindow of none takes none", () => {
  assert.equal(new RateWindow(0).take(5000), false);
});
