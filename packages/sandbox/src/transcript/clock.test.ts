import assert from "node:assert/strict";
import { test } from "node:test";
import { CLOCK_PAIRS_MAX, ClockNotes, decodeReadings, encodeReadings } from "./clock.ts";

test("ClockNotes keeps a million looks within a millisecond as one pair, and no more pairs than it may", () => {
  const still = new ClockNotes();
  for (let i = 0; i < 1_000_000; i++) still.note(5);
  assert.deepEqual(decodeReadings(still.encode() as Uint8Array), [5, 1_000_000]);
  const moving = new ClockNotes();
  for (let ms = 0; ms < CLOCK_PAIRS_MAX; ms++) moving.note(ms);
  assert.equal(decodeReadings(moving.encode() as Uint8Array)?.length, 2 * CLOCK_PAIRS_MAX);
  moving.note(CLOCK_PAIRS_MAX);
  assert.equal(moving.encode(), undefined);
});

test("decodeReadings() refuses what no honest cell sends", () => {
  assert.equal(decodeReadings(encodeReadings([1, 0])), undefined, "a reading that was never looked at");
  assert.equal(decodeReadings(encodeReadings([1])), undefined, "half a pair");
  assert.equal(decodeReadings(Uint8Array.of(0x80)), undefined, "a number that does not end");
  assert.equal(decodeReadings(new Uint8Array(20).fill(0xff)), undefined, "a number without end");
});
