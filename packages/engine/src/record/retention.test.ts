import assert from "node:assert/strict";
import { mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { newRunId, recordName } from "./place.ts";
import { installation } from "./record.fixture.ts";
import { DEFAULT_RETENTION, type Retention, removeOldRecords } from "./retention.ts";

const NOW = new Date("2026-11-21T04:15:00Z");
const DAY_MS = 86_400_000;

/** Records of one day each before now, the first one of now; of 1000 bytes each. */
function records(t: TestContext, count: number): { readonly directory: string; readonly runs: readonly string[] } {
  const { records: directory } = installation(t);
  mkdirSync(directory);
  const runs = Array.from({ length: count }, (_, day) => newRunId(new Date(NOW.getTime() - day * DAY_MS)));
  for (const run of runs) writeFileSync(join(directory, recordName(run)), "x".repeat(1_000));
  return { directory, runs };
}

async function left(t: TestContext, retention: Partial<Retention>): Promise<number> {
  const { directory, runs } = records(t, 10);
  const [keep = ""] = runs;
  assert.equal(await removeOldRecords(directory, { ...DEFAULT_RETENTION, ...retention }, { keep, now: NOW }), undefined);
  const stays = readdirSync(directory).sort().reverse();
  assert.deepEqual(stays, runs.slice(0, stays.length).map(recordName));
  return stays.length;
}

test("removeOldRecords() removes the oldest, by their number, their age and their size", async (t) => {
  assert.equal(await left(t, {}), 10);
  assert.equal(await left(t, { runs: 3 }), 3);
  assert.equal(await left(t, { days: 4 }), 5);
  assert.equal(await left(t, { bytes: 7_500 }), 8);
  assert.equal(await left(t, { bytes: 7_500, runs: 8, days: 2 }), 3);
  assert.equal(await left(t, { runs: 1, bytes: 1 }), 1);
});

test("removeOldRecords() touches nothing but records, and follows no link", async (t) => {
  const { directory, runs } = records(t, 2);
  const [keep = "", old = ""] = runs;
  const others = ["key", "20200101T000000.000Z-aaaaaaaaaa.json", "notes.jsonl"];
  for (const name of others) writeFileSync(join(directory, name), "");
  mkdirSync(join(directory, recordName("20200101T000000.000Z-bbbbbbbbbb")));
  if (process.platform !== "win32") symlinkSync(join(directory, "key"), join(directory, recordName("20200101T000000.000Z-cccccccccc")));
  const before = readdirSync(directory).filter((name) => name !== recordName(old));
  assert.equal(await removeOldRecords(directory, { runs: 1, days: 1, bytes: 1 }, { keep, now: NOW }), undefined);
  assert.deepEqual(readdirSync(directory), before);
  assert.equal(statSync(join(directory, "key")).size, 0);
});
