import { mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { Chain } from "./chain.ts";
import type { AttemptEntry, EndEntry, GuestEntry, RecordEntry, RunEntry } from "./entry.ts";
import { RecordFile } from "./file.ts";
import { openKeys, type RecordKeys } from "./key.ts";
import { newRunId, recordsDirectory } from "./place.ts";

/** Parts that tests of records are made of. */

const STARTED = new Date("2026-11-21T04:15:00.123Z");

/** An installation of its own, gone when the test is over. */
export function installation(t: Pick<TestContext, "after">): {
  readonly data: string;
  readonly records: string;
  readonly keys: RecordKeys;
} {
  const data = realpathSync(mkdtempSync(join(tmpdir(), "glovebox-record-")));
  t.after(() => rmSync(data, { recursive: true }));
  return { data, records: recordsDirectory(data), keys: openKeys(data) };
}

export function recordFile(
  { records: directory, keys }: { readonly records: string; readonly keys: RecordKeys },
  more: { readonly bytesMax?: number; readonly startedAt?: Date; readonly named?: boolean } = {},
): { readonly runId: string; readonly record: RecordFile } {
  const { bytesMax, startedAt = STARTED, named = false } = more;
  const runId = newRunId(startedAt);
  const about = { startedAt, document: "steps: []\n", versions: { glovebox: "0.1.0", node: "26.10.0", platform: "linux-x64" } };
  const record = new RecordFile({ directory, named, runId, keys, about, ...(bytesMax === undefined ? {} : { bytesMax }) });
  return { runId, record };
}

/** Writes a record of these entries and returns its file. */
export async function written(
  place: { readonly records: string; readonly keys: RecordKeys },
  entries: (runId: string, keyId: string) => readonly RecordEntry[] = someEntries,
  startedAt = STARTED,
): Promise<{ readonly file: string; readonly runId: string; readonly bytes: Buffer }> {
  const { runId, record } = recordFile(place, { startedAt });
  for (const entry of entries(runId, place.keys.id)) record.write(() => entry);
  const shortfall = await record.close();
  if (shortfall !== undefined) throw new Error(shortfall.why);
  return { file: record.file, runId, bytes: readFileSync(record.file) };
}

/** A line as a holder of the key would write it. */
export function signedLine(chain: Chain, entry: object): string {
  const rest = JSON.stringify(entry).slice(1);
  return chain.sign(Buffer.from(rest)) + rest;
}

export function someEntries(runId: string, keyId: string): readonly RecordEntry[] {
  return [runEntry(runId, keyId), guestEntry(), attemptEntry(), endEntry(runId)];
}

export function runEntry(runId: string, keyId: string): RunEntry {
  return {
    kind: "run",
    format: "glovebox-record",
    version: 1,
    runId,
    keyId,
    startedAt: STARTED.toISOString(),
    workflow: { name: "test", file: "test.yaml", sha256: "0".repeat(64), text: "steps: []\n" },
    input: { n: 1 },
    profile: "trusted",
    versions: { glovebox: "0.1.0", node: "26.10.0", platform: "linux-x64" },
  };
}

const USAGE = {
  wallMs: 1.5,
  cpuMs: 1,
  instantiateMs: 0.5,
  peakMemoryBytes: 65_536,
  growthsDenied: 0,
  inputBytes: 7,
  outputBytes: 2,
  logBytes: 0,
  hostCalls: { log: 1 },
};

export function guestEntry(more: Partial<GuestEntry> = {}): GuestEntry {
  return {
    kind: "guest",
    step: "a",
    attempt: 1,
    purpose: "work",
    guest: { kind: "python", code: "return 42", filename: "a.py" },
    input: { n: 1 },
    limits: { cpuMs: 1_000 },
    hostLimits: { calls: 10 },
    grants: {},
    startedMs: 1,
    endedMs: 3,
    outcome: { kind: "completed", output: 42 },
    usage: USAGE,
    log: [{ level: "info", message: "hello" }],
    audit: [],
    ...more,
  };
}

export function attemptEntry(): AttemptEntry {
  return {
    kind: "attempt",
    step: "a",
    attempt: { number: 1, startedMs: 1, endedMs: 3, outcome: { kind: "completed" }, log: [], usage: USAGE },
  };
}

export function endEntry(runId: string): EndEntry {
  return {
    kind: "end",
    result: {
      runId,
      workflow: "test",
      state: "succeeded",
      wallMs: 4,
      steps: [{ id: "a", type: "code", state: "succeeded", startedMs: 1, endedMs: 3, outcome: { kind: "completed", output: 42 } }],
      outputs: { a: 42 },
    },
  };
}
