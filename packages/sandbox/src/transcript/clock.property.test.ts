import assert from "node:assert/strict";
import fc from "fast-check";
import { property } from "../../../../fuzz/property.ts";
import { areReadings, ClockNotes, ClockPlayer, decodeReadings } from "./clock.ts";

property(
  "ClockPlayer shows what ClockNotes noted, and then no more",
  100,
  [fc.array(fc.nat({ max: 2 ** 40 }), { maxLength: 200 })],
  (steps) => {
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
  },
);

property("decodeReadings() takes any bytes, and gives nothing but readings", 200, [fc.uint8Array({ maxLength: 64 })], (bytes) => {
  const readings = decodeReadings(bytes);
  assert.ok(readings === undefined || areReadings(readings));
});
