import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Json } from "@glovebox/sandbox";
import { readRecord } from "./read.ts";
import { attemptEntry, endEntry, guestEntry, installation, recordFile, runEntry } from "./record.fixture.ts";

const MODES = { skip: process.platform === "win32" ? "Windows has no such modes" : false };

test("RecordFile writes a file that is its user's alone, whatever the umask", MODES, async (t) => {
  const place = installation(t);
  const before = process.umask(0);
  t.after(() => process.umask(before));
  const { record, runId } = recordFile(place);
  record.write(() => runEntry(runId, place.keys.id));
  assert.equal(await record.close(), undefined);
  assert.deepEqual(
    [place.records, record.file].map((path) => (statSync(path).mode & 0o777).toString(8)),
    ["700", "600"],
  );
});

test("RecordFile refuses a directory where others may write, and one of its own that they may list", MODES, (t) => {
  const place = installation(t);
  mkdirSync(place.records);
  chmodSync(place.records, 0o755);
  assert.throws(() => recordFile(place), { code: "RECORD_PLACE_REFUSED", message: /its mode is 0755/ });
  assert.ok(recordFile(place, { named: true }).record);
  chmodSync(place.records, 0o777);
  assert.throws(() => recordFile(place, { named: true }), { code: "RECORD_PLACE_REFUSED", message: /others may write there/ });
});

test("RecordFile leaves no file where nothing was written", async (t) => {
  const place = installation(t);
  const { record } = recordFile(place);
  assert.ok(existsSync(record.file));
  assert.equal(await record.close(), undefined);
  assert.deepEqual(readdirSync(place.records), []);
});

test("RecordFile has what was written on the disk soon, without being closed", async (t) => {
  const place = installation(t);
  const { record, runId } = recordFile(place);
  record.write(() => runEntry(runId, place.keys.id));
  record.write(() => guestEntry());
  for (let tries = 0; readFileSync(record.file, "utf8").split("\n").length < 3 && tries < 500; tries++)
    await new Promise((done) => setTimeout(done, 10));
  const { guests, end } = readRecord(record.file, { keys: place.keys });
  assert.deepEqual([guests.length, end], [1, undefined]);
  await record.close();
});

test("RecordFile says where its file was removed while it grew", MODES, async (t) => {
  const place = installation(t);
  const { runId, record } = recordFile(place);
  record.write(() => runEntry(runId, place.keys.id));
  unlinkSync(record.file);
  assert.match((await record.close())?.why ?? "", /removed/);
});

test("RecordFile keeps to its size, keeps room for the end, and says what is missing", async (t) => {
  const place = installation(t);
  const { record, runId } = recordFile(place, { bytesMax: 40_000 });
  record.write(() => runEntry(runId, place.keys.id));
  for (let count = 0; count < 100; count++) record.write(() => guestEntry({ attempt: count + 1 }));
  record.write(() => endEntry(runId));
  const shortfall = await record.close();
  assert.match(shortfall?.why ?? "", /of its entries are missing/);
  const { guests, end } = readRecord(record.file, { keys: place.keys });
  assert.ok(guests.length > 10 && guests.length < 100);
  assert.equal(guests.length + (end?.entriesMissing ?? 0), 100);
  assert.ok(statSync(record.file).size <= 40_000);
});

test("RecordFile leaves parts of an entry out that is too large, the largest first, and says which", async (t) => {
  const place = installation(t);
  const { record, runId } = recordFile(place);
  const huge = "x".repeat(33 * 2 ** 20);
  record.write(() => runEntry(runId, place.keys.id));
  record.write(() => guestEntry({ log: [{ level: "info", message: huge }] }));
  record.write(() => guestEntry({ input: huge }));
  const attempt = attemptEntry();
  record.write(() => ({ ...attempt, attempt: { ...attempt.attempt, log: [{ level: "info", message: huge }] } }));
  const end = endEntry(runId);
  record.write(() => ({ ...end, result: { ...endEntry(runId).result, outputs: { a: huge } } as NonNullable<typeof end.result> }));
  assert.equal(await record.close(), undefined);
  const read = readRecord(record.file, { keys: place.keys });
  assert.deepEqual(
    read.guests.map(({ leftOut }) => leftOut),
    [
      { transcript: "too_large", log: "too_large" },
      { transcript: "too_large", log: "too_large", input: "too_large", output: "too_large" },
    ],
  );
  assert.deepEqual(read.attempts[0]?.leftOut, { log: "too_large" });
  assert.deepEqual([read.end?.leftOut, read.end?.result?.outputs], [{ outputs: "too_large" }, {}]);
});

test("RecordFile leaves out what is nested too deeply for its reader", async (t) => {
  const place = installation(t);
  const { record, runId } = recordFile(place);
  const nested = (depth: number): Json => Array.from({ length: depth }).reduce<Json>((inner) => [inner], 1);
  record.write(() => runEntry(runId, place.keys.id));
  record.write(() => guestEntry({ input: nested(600) }));
  record.write(() => guestEntry({ input: nested(700) }));
  record.write(() => guestEntry({ input: nested(1_000_000) }));
  record.write(() => endEntry(runId));
  assert.equal(await record.close(), undefined);
  const { guests, end } = readRecord(record.file, { keys: place.keys });
  assert.deepEqual([guests.map(({ leftOut }) => leftOut?.input), end?.entriesMissing], [[undefined, "too_large", "too_large"], undefined]);
});

test("RecordFile ends the record and nothing else where the disk takes no more; what is there verifies", MODES, (t) => {
  const place = installation(t);
  const fixture = JSON.stringify(new URL("record.fixture.ts", import.meta.url).href);
  const program = `import { guestEntry, recordFile, runEntry } from ${fixture};
    import { openKeys } from ${JSON.stringify(new URL("key.ts", import.meta.url).href)};
    const keys = openKeys(${JSON.stringify(place.data)});
    const { record, runId } = recordFile({ records: ${JSON.stringify(place.records)}, keys });
    record.write(() => runEntry(runId, keys.id));
    for (let at = 0; at < 100; at++) {
      record.write(() => guestEntry({ input: "x".repeat(10_000) }));
      await new Promise((done) => setImmediate(done));
    }
    console.log(JSON.stringify(await record.close()));`;
  // 256 KiB, in the shell's blocks of 512 bytes.
  const { status, stdout, stderr } = spawnSync(
    "sh",
    ["-c", 'ulimit -f 512 && exec "$0" --input-type=module -e "$1"', process.execPath, program],
    { encoding: "utf8" },
  );
  assert.equal(status, 0, stderr);
  const { file, why } = JSON.parse(stdout) as { file: string; why: string };
  assert.match(why, /it could not be written: the file may not become larger/);
  const { guests, end } = readRecord(file, { keys: place.keys });
  assert.deepEqual([guests.length > 5, end], [true, undefined]);
  assert.deepEqual(readdirSync(place.records), [file.slice(join(place.records, "/").length)]);
});
