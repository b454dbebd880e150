import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { findRecord, recordedRuns } from "./find.ts";
import { recordName } from "./place.ts";
import { installation } from "./record.fixture.ts";

const RUNS = ["20261121T041500.000Z-3fa9c1d2e4", "20261121T041501.000Z-3fb0000000", "20261122T000000.000Z-aaaaaaaaaa"] as const;

test("findRecord() takes an id, a beginning of either of its parts, last, or a file", (t) => {
  const { data, records } = installation(t);
  mkdirSync(records);
  for (const run of RUNS) writeFileSync(join(records, recordName(run)), "");
  writeFileSync(join(records, "notes.txt"), "");
  mkdirSync(join(records, recordName("20261123T000000.000Z-aaaaaaaaaa")));
  assert.deepEqual(recordedRuns(records), RUNS.toReversed());
  const of = (run: string): string => findRecord(records, run);
  const [one, two, three] = RUNS.map((run) => join(records, recordName(run)));
  for (const run of [RUNS[0], "20261121T041500.000Z-3", "20261121T041500.0", "20261121T041500", "3fa9", "3fa"]) assert.equal(of(run), one);
  assert.equal(of("3fb"), two);
  for (const run of ["last", "20261122", "a"]) assert.equal(of(run), three);
  const file = join(data, "key");
  assert.equal(of(file), file);
  assert.throws(() => of("3f"), {
    code: "RECORD_NOT_FOUND",
    message: /2 begin with it \(20261121T041501.000Z-3fb0000000, 20261121T041500.000Z-3fa9c1d2e4\)/,
  });
  for (const run of ["ff", "20271121", "", "../key", "*", "lastly", "x".repeat(10_000), "\0"]) {
    assert.throws(() => of(run), { code: "RECORD_NOT_FOUND" }, run.slice(0, 20));
  }
});

test("findRecord() says where there is no record at all", (t) => {
  const { records } = installation(t);
  assert.throws(() => findRecord(records, "last"), { code: "RECORD_NOT_FOUND", message: /there is no record at all/ });
  assert.throws(() => findRecord(join(records, "..", "key"), "last"), { code: "RECORD_PLACE_REFUSED", message: /it is no directory/ });
});
