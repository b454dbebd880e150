import assert from "node:assert/strict";
import { after, before } from "node:test";
import { GloveboxError } from "@glovebox/sandbox";
import fc from "fast-check";
import { property } from "../../../../fuzz/property.ts";
import { Chain, HEAD_BYTES } from "./chain.ts";
import type { RecordKeys } from "./key.ts";
import { parseRecord, type RunRecord } from "./read.ts";
import { guestEntry, installation, signedLine, someEntries, written } from "./record.fixture.ts";

// A record is read as if its worst enemy had written it.

let place: { readonly records: string; readonly keys: RecordKeys };
let honest: { readonly file: string; readonly runId: string; readonly bytes: Buffer };
const ends: (() => void)[] = [];
before(async () => {
  place = installation({ after: (end) => ends.push(end as () => void) });
  const entries = (runId: string, keyId: string) => someEntries(runId, keyId).toSpliced(2, 0, guestEntry({ attempt: 2, log: [] }));
  honest = await written(place, entries);
});
after(() => {
  for (const end of ends) end();
});

/** What the reader comes to; whatever else than a coded error it throws is a crash. */
function read(bytes: Uint8Array, unverified = false): RunRecord | GloveboxError {
  try {
    return parseRecord(honest.file, bytes, { keys: place.keys, unverified });
  } catch (error) {
    if (error instanceof GloveboxError) return error;
    throw error;
  }
}

function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let from = 0, to = bytes.indexOf(10); to >= 0; from = to + 1, to = bytes.indexOf(10, from)) lines.push(bytes.subarray(from, to + 1));
  return lines;
}

const place01 = fc.double({ min: 0, max: 1, noNaN: true });
const change = fc.record({
  at: place01,
  remove: fc.constantFrom(0, 1, 2, 8, 100, 1_000),
  insert: fc.oneof(
    fc.uint8Array({ maxLength: 8 }),
    fc.string({ maxLength: 40 }).map((text) => Buffer.from(text)),
    fc.constantFrom("\n", "}", '"', "[", "null", '"mac":"').map((text) => Buffer.from(text)),
  ),
});

property(
  "what was changed in a record never verifies, and never ends its reader",
  400,
  [fc.array(change, { minLength: 1, maxLength: 4 })],
  (changes) => {
    let bytes = Buffer.from(honest.bytes);
    for (const { at, remove, insert } of changes) {
      const from = Math.floor(at * (bytes.length - 1));
      bytes = Buffer.concat([bytes.subarray(0, from), insert, bytes.subarray(from + remove)]);
    }
    const record = read(bytes);
    if (bytes.equals(honest.bytes)) return;
    if (!(record instanceof GloveboxError)) {
      // Only an end that is missing can't be told from one that was never written: all that is left is as it was.
      assert.equal(record.end, undefined);
      const whole = bytes.subarray(0, bytes.lastIndexOf(10) + 1);
      assert.ok(honest.bytes.subarray(0, whole.length).equals(whole));
    }
    read(bytes, true);
  },
);

property("lines that were dropped, moved or doubled never verify", 200, [fc.array(fc.nat(4), { maxLength: 8 })], (order) => {
  const lines = linesOf(honest.bytes);
  const bytes = Buffer.concat(order.map((index) => lines[index] as Buffer));
  const record = read(bytes);
  const isBeginning = order.length > 0 && order.every((index, at) => index === at);
  assert.equal(record instanceof GloveboxError, !isBeginning);
});

const key = fc.oneof(
  fc.constantFrom(
    "kind",
    "guest",
    "outcome",
    "usage",
    "log",
    "audit",
    "step",
    "attempt",
    "result",
    "steps",
    "transcript",
    "leftOut",
    "__proto__",
    "toString",
  ),
  fc.string({ maxLength: 6 }),
);
const value = fc.jsonValue({ maxDepth: 4 });

property(
  "entries that a thief of the key signed are held to their shape",
  400,
  [fc.nat(4), fc.array(fc.tuple(key, value), { minLength: 1, maxLength: 3 }), fc.boolean()],
  (index, members, deep) => {
    const chain = new Chain(place.keys.mac, honest.runId);
    const bytes = linesOf(honest.bytes).map((line, at) => {
      const entry = JSON.parse(`{"":0,${line.subarray(HEAD_BYTES).toString()}`) as Record<string, unknown>;
      const target =
        deep && typeof entry["outcome"] === "object" && entry["outcome"] !== null ? (entry["outcome"] as Record<string, unknown>) : entry;
      if (at === index)
        for (const [name, of] of members)
          Object.defineProperty(target, name, { value: of, enumerable: true, configurable: true, writable: true });
      return Buffer.from(`${signedLine(chain, entry)}\n`);
    });
    const record = read(Buffer.concat(bytes));
    if (!(record instanceof GloveboxError)) assert.equal(record.verification.state, "verified");
  },
);

property(
  "any bytes at all are read to an end",
  300,
  [
    fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      fc.string({ maxLength: 200 }).map((text) => Buffer.from(`${text}\n`)),
    ),
  ],
  (bytes) => {
    assert.ok(read(bytes) instanceof GloveboxError);
    assert.ok(read(bytes, true) instanceof GloveboxError);
  },
);
