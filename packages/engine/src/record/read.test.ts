import assert from "node:assert/strict";
import { mkdirSync, renameSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Chain } from "./chain.ts";
import { parseRecord, type ReadOptions, readRecord } from "./read.ts";
import { guestEntry, installation, runEntry, signedLine, someEntries, written } from "./record.fixture.ts";

function linesOf(bytes: Buffer): string[] {
  return bytes.toString().trimEnd().split("\n");
}

function joined(lines: readonly string[]): Buffer {
  return Buffer.from(lines.map((line) => `${line}\n`).join(""));
}

const EDITED = { code: "RECORD_EDITED" };

test("readRecord() gives back what was written, verified", async (t) => {
  const place = installation(t);
  const { file, runId } = await written(place);
  const { verification, run, guests, attempts, end } = readRecord(file, { keys: place.keys });
  assert.deepEqual(verification, { state: "verified" });
  const entries = JSON.parse(JSON.stringify([run, ...guests, ...attempts, end])) as { mac?: string }[];
  assert.ok(entries.every(({ mac }) => /^[0-9a-f]{64}$/.test(mac ?? "")));
  for (const entry of entries) delete entry.mac;
  assert.deepEqual(entries, someEntries(runId, place.keys.id));
});

test("parseRecord() tells every byte that was changed, with the number of its line", async (t) => {
  const place = installation(t);
  const { file, bytes } = await written(place);
  let line = 1;
  for (let at = 0; at < bytes.length; at++) {
    const isEnd = bytes[at] === 0x0a;
    const changed = Buffer.from(bytes);
    changed[at] = isEnd ? 0x20 : (bytes[at] as number) ^ 1;
    // What had a line end is one line with the next one, and the last one is cut off.
    const words = isEnd && line === 4 ? undefined : new RegExp(`line ${line} is not|it says that another installation`);
    if (words === undefined) assert.equal(parseRecord(file, changed, { keys: place.keys }).end, undefined);
    else assert.throws(() => parseRecord(file, changed, { keys: place.keys }), words, `byte ${at}`);
    if (isEnd) line++;
  }
  assert.equal(line, 5);
});

test("parseRecord() tells lines that were dropped, moved, added or written twice", async (t) => {
  const place = installation(t);
  const { file, bytes } = await written(place);
  const [first = "", second = "", third = "", last = ""] = linesOf(bytes);
  const other = linesOf((await written(place)).bytes);
  const told = (lines: readonly string[], line: number): void => {
    assert.throws(() => parseRecord(file, joined(lines), { keys: place.keys }), {
      ...EDITED,
      message: new RegExp(`: line ${line} is not the one`),
    });
  };
  told([first, third, last], 2);
  told([first, second, last], 3);
  told([second, third, last], 1);
  told([first, third, second, last], 2);
  told([first, second, second, third, last], 3);
  told([first, second, third, last, last], 5);
  told([first, second, third, last, ""], 5);
  told([first, other[1] ?? "", third, last], 2);
  told([first, second, third, other[3] ?? ""], 4);
  assert.throws(() => parseRecord(file, Buffer.concat([bytes, Buffer.from("{")]), { keys: place.keys }), {
    ...EDITED,
    message: /something stands behind its end/,
  });
});

test("parseRecord() takes a record whose end was cut off for unfinished, not for edited", async (t) => {
  const place = installation(t);
  const { file, bytes } = await written(place);
  const whole = joined(linesOf(bytes).slice(0, 3));
  for (const cut of [whole.length, whole.length + 1, whole.length + 200, bytes.length - 1]) {
    const { verification, guests, attempts, end } = parseRecord(file, bytes.subarray(0, cut), { keys: place.keys });
    assert.deepEqual([verification.state, guests.length, attempts.length, end], ["verified", 1, 1, undefined]);
  }
  for (const cut of [0, 1, 300]) {
    assert.throws(() => parseRecord(file, bytes.subarray(0, cut), { keys: place.keys }), {
      code: "RECORD_INVALID",
      message: /not one whole line/,
    });
  }
});

test("readRecord() tells a record that stands in another one's place, and reads one that has a name of its own", async (t) => {
  const place = installation(t);
  const [one, two] = [await written(place), await written(place)];
  const named = join(place.records, "the bad run.jsonl");
  renameSync(one.file, named);
  assert.equal(readRecord(named, { keys: place.keys }).run.runId, one.runId);
  writeFileSync(one.file, two.bytes);
  const message = new RegExp(`it is the record of run ${two.runId}, and stands in the place of another`);
  assert.throws(() => readRecord(one.file, { keys: place.keys }), { ...EDITED, message });
});

test("readRecord() tells a record of another installation, and one that it has no key for", async (t) => {
  const [place, elsewhere] = [installation(t), installation(t)];
  const { file } = await written(place);
  assert.throws(() => readRecord(file, { keys: elsewhere.keys }), {
    code: "RECORD_FOREIGN",
    message: new RegExp(`key ${place.keys.id}; this one's is ${elsewhere.keys.id}`),
  });
  assert.throws(() => readRecord(file, { keys: undefined }), { code: "RECORD_FOREIGN", message: /has no key/ });
  for (const keys of [elsewhere.keys, undefined]) {
    const { verification, guests } = readRecord(file, { keys, unverified: true });
    assert.deepEqual([verification.state, guests.length], [keys === undefined ? "no_key" : "foreign", 1]);
  }
});

test("parseRecord() reads what is not verified only when it is told to, and passes over what is no entry", async (t) => {
  const place = installation(t);
  const { file, bytes } = await written(place);
  const lines = linesOf(bytes).toSpliced(1, 0, "[1]", "{", '{"kind":"guest"}', "null", '{"kind":"__proto__"}', '{"kind":"end","result":7}');
  const unverified: ReadOptions = { keys: place.keys, unverified: true };
  assert.throws(() => parseRecord(file, joined(lines), { keys: place.keys }), EDITED);
  const { verification, guests, end } = parseRecord(file, joined(lines), unverified);
  assert.deepEqual([verification.state, guests.length, end?.result?.state], ["edited", 1, "succeeded"]);
  for (const first of ["", "7", "{}", '{"kind":"run"}', '{"kind":"guest"}']) {
    assert.throws(() => parseRecord(file, joined([first, ...lines.slice(1)]), unverified), { code: "RECORD_INVALID" });
  }
});

test("parseRecord() holds verified lines to their shape too: another version, another format, members that are none", async (t) => {
  const place = installation(t);
  const { file, runId } = await written(place);
  const signed = (...entries: object[]): Buffer => {
    const chain = new Chain(place.keys.mac, runId);
    return joined(entries.map((entry) => signedLine(chain, entry)));
  };
  const run = runEntry(runId, place.keys.id);
  const usage = guestEntry().usage;
  const deep = JSON.parse(`${"[".repeat(700)}${"]".repeat(700)}`) as unknown;
  const cases: readonly (readonly [object[], RegExp])[] = [
    [[{ ...run, version: 2 }], /line 1: its version is 2, and this installation reads version 1/],
    [[{ ...run, version: "1" }], /it has no version/],
    [[{ ...run, format: "other" }], /it is not the beginning of a record/],
    [[guestEntry()], /line 1 is in a place that it can't have/],
    [[run, run], /line 2 is in a place/],
    [[run, { kind: "end" }, guestEntry()], /line 3 is in a place/],
    [[{ ...run, runId: 7 }], /runId is not what it has to be/],
    [[run, { ...guestEntry(), usage: { ...usage, cpuMs: -1 } }], /line 2: usage\.cpuMs is not/],
    [[run, { ...guestEntry(), usage: { ...usage, cpuMs: null } }], /usage\.cpuMs is not/],
    [[run, { ...guestEntry(), outcome: { kind: "exhausted", limit: "__proto__", used: 1, max: 1 } }], /outcome\.limit is not/],
    [[run, { ...guestEntry(), outcome: { kind: "toString" } }], /outcome\.kind is not/],
    [[run, { ...guestEntry(), log: [{ level: "info", message: 7 }] }], /log\[0\]\.message is not/],
    [[run, { ...guestEntry(), guest: { kind: "module", file: { name: "a", sha256: "b", bytes: 1 } } }], /guest\.file\.sha256 is not/],
    [[run, { ...guestEntry(), transcript: {} }], /transcript is not/],
    [[run, { ...guestEntry(), leftOut: { everything: "too_large" } }], /leftOut is not/],
    [[run, { ...guestEntry(), input: deep }], /nested more than 640 deep/],
  ];
  for (const [entries, message] of cases) {
    assert.throws(() => parseRecord(file, signed(...entries), { keys: place.keys }), { code: "RECORD_INVALID", message });
  }
  const odd = { ...guestEntry(), more: 1, input: JSON.parse('{"__proto__": 1, "constructor": 2}') as unknown };
  assert.equal(parseRecord(file, signed(run, odd), { keys: place.keys }).guests.length, 1);
});

test("readRecord() refuses what is no plain file, or larger than a record can be, before it reads it", async (t) => {
  const { records, keys } = installation(t);
  mkdirSync(records);
  const path = join(records, "20261121T041500.000Z-3fa9c1d2e4.jsonl");
  assert.throws(() => readRecord(path, { keys }), { code: "RECORD_NOT_FOUND", message: /it does not exist/ });
  assert.throws(() => readRecord(records, { keys }), { code: "RECORD_INVALID", message: /it is no plain file/ });
  writeFileSync(path, "");
  truncateSync(path, 2 ** 31);
  assert.throws(() => readRecord(path, { keys }), { code: "RECORD_INVALID", message: /2147483648 bytes, and 67108864 are allowed/ });
  truncateSync(path, 40 * 2 ** 20);
  assert.throws(() => readRecord(path, { keys }), { code: "RECORD_INVALID", message: /not one whole line/ });
  if (process.platform !== "win32") {
    const link = join(records, "20261121T041500.000Z-0000000000.jsonl");
    symlinkSync(path, link);
    assert.throws(() => readRecord(link, { keys }), { code: "RECORD_NOT_FOUND", message: /it is a link/ });
  }
});

test("parseRecord() refuses lines that are too long, and too many of them", async (t) => {
  const { keys } = installation(t);
  const long = Buffer.alloc(33 * 2 ** 20, "x");
  long[long.length - 1] = 0x0a;
  assert.throws(() => parseRecord("a", long, { keys, unverified: true }), {
    code: "RECORD_INVALID",
    message: /line 1 has 34603007 bytes, and 33554432 are allowed/,
  });
  assert.throws(() => parseRecord("a", Buffer.alloc(300_000, "\n"), { keys, unverified: true }), { message: /more than 262144 lines/ });
});
