import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { areReadings, CLOCK_PAIRS_MAX, ClockNotes, ClockPlayer, decodeReadings, encodeReadings } from "./clock.ts";

test("ClockPlayer shows what ClockNotes noted, and then no more", () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 2 ** 40 }), { maxLength: 200 }), (steps) => {
      const shown = steps.map((_, index) => steps.slice(0, index + 1).reduce((sum, step) => sum + (step % 3 === 0 ? 0 : step), 0));
      const notes = new ClockNotes();
      for (const ms of shown) notes.note(ms);
      const readings = decodeReadings(notes.encode() ?? new Uint8Array());
      assert.ok(readings);
      const player = new ClockPlayer(readings);
      assert.equal(player.finished, shown.length === 0);
      assert.deepEqual(
        shown.map(() => player.next()),
        shown,
      );
      assert.equal(player.finished, true);
      assert.equal(player.next(), undefined);
    }),
  );
});

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

test("decodeReadings() takes any bytes, and gives nothing but readings", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      const readings = decodeReadings(bytes);
      assert.ok(readings === undefined || areReadings(readings));
    }),
  );
  assert.equal(decodeReadings(encodeReadings([1, 0])), undefined, "a reading that was never looked at");
  assert.equal(decodeReadings(encodeReadings([1])), undefined, "half a pair");
  assert.equal(decodeReadings(Uint8Array.of(0x80)), undefined, "a number that does not end");
  assert.equal(decodeReadings(new Uint8Array(20).fill(0xff)), undefined, "a number without end");
});
