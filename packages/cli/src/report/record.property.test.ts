import assert from "node:assert/strict";
import type { ReplayedGuest, RunRecord } from "@glovebox/engine/records";
import fc from "fast-check";
import { property } from "../../../../fuzz/property.ts";
import { plain } from "./paint.ts";
import { recordLines } from "./record.ts";
import { replayedLines } from "./replay.ts";

// What a record says is anyone's text, above all where it is not verified.

const text = fc.oneof(
  fc.string({ maxLength: 30, unit: "binary" }),
  fc
    .array(fc.constantFrom("\u001b[2J", "\u009b31m", "\r", "\n", "\b", "\u202e", "\u2066", "\u2028", "a", "\t", "\u0000"), { maxLength: 8 })
    .map((parts) => parts.join("")),
);
const amount = fc.oneof(fc.nat(), fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }));
const usage = fc.record({
  wallMs: amount,
  cpuMs: amount,
  instantiateMs: amount,
  peakMemoryBytes: amount,
  growthsDenied: amount,
  inputBytes: amount,
  outputBytes: amount,
  logBytes: amount,
  hostCalls: fc.dictionary(text, amount, { maxKeys: 3 }),
});
const error = fc.record({ name: text, message: text, traceback: text });
const outcome = fc.oneof(
  fc.record({ kind: fc.constant("completed" as const), output: fc.jsonValue({ maxDepth: 2, stringUnit: "binary" }) }),
  fc.record({ kind: fc.constant("failed" as const), error }),
  fc.record({ kind: fc.constant("refused" as const), hostFunction: text, reason: text }),
  fc.record({
    kind: fc.constant("exhausted" as const),
    limit: fc.constantFrom("memory" as const, "cpu" as const),
    used: amount,
    max: amount,
    error,
  }),
);
const log = fc.array(fc.record({ level: fc.constant("info" as const), message: text }), { maxLength: 3 });
const audit = fc.array(
  fc.record({
    hostFunction: text,
    verdict: fc.constantFrom("given" as const, "refused" as const),
    subject: text,
    reason: text,
    atMs: amount,
  }),
  { maxLength: 3 },
);
const guest = fc.record({ step: fc.oneof(text, fc.constant(null)), outcome, usage, log, audit, name: text, isolation: text });

type Given = typeof guest extends fc.Arbitrary<infer T> ? T : never;

function entryOf({ name, ...given }: Given): RunRecord["guests"][number] {
  const file = { name, sha256: "0".repeat(64), bytes: 1 };
  return {
    kind: "guest",
    attempt: 1,
    purpose: "work",
    guest: { kind: "module", file },
    input: name,
    limits: {},
    hostLimits: {},
    grants: {},
    startedMs: 1,
    endedMs: 2,
    ...given,
  } as RunRecord["guests"][number];
}

function recordOf(words: readonly string[], guests: readonly Given[], ended: boolean): RunRecord {
  const [one = "", two = "", three = "", four = ""] = words;
  const step = {
    id: one,
    type: "code",
    state: "failed",
    endedMs: 1,
    outcome: { kind: "failed", error: { name: two, message: three, traceback: four, by: "guest" } },
  } as const;
  return {
    file: one,
    verification: { state: "edited", why: two },
    run: {
      kind: "run",
      format: "glovebox-record",
      version: 1,
      runId: three,
      keyId: four,
      startedAt: "2026-11-21T04:15:00.123Z",
      workflow: { name: one, file: two, sha256: "0".repeat(64) },
      profile: three,
      versions: { glovebox: four, node: one, platform: two },
    },
    guests: guests.map(entryOf),
    attempts: [
      {
        kind: "attempt",
        step: one,
        attempt: { number: 1, startedMs: 0, endedMs: 1, outcome: step.outcome, log: [{ level: "info", message: two }] },
      },
    ],
    ...(ended ? { end: endOf(words, step) } : {}),
  };
}

type RecordedStep = NonNullable<NonNullable<RunRecord["end"]>["result"]>["steps"][number];

function endOf([one = "", two = "", three = "", four = ""]: readonly string[], step: RecordedStep): NonNullable<RunRecord["end"]> {
  return {
    kind: "end",
    refused: { code: three, message: four },
    result: {
      runId: one,
      workflow: two,
      state: "failed",
      wallMs: 1,
      steps: [step, { id: two, type: "code", state: "skipped", endedMs: 1, why: { kind: "dependency_failed", step: three } }],
      outputs: {},
    },
  };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const UNSAFE = /[\u0000-\u0008\n\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\u2028\u2029]/;

property(
  "no line about a record drives a terminal, whatever is in it",
  300,
  [fc.array(text, { minLength: 4, maxLength: 4 }), fc.array(guest, { maxLength: 4 }), fc.boolean()],
  (words, guests, ended) => {
    const record = recordOf(words, guests, ended);
    for (const room of [
      { lines: 40, columns: 400 },
      { lines: Infinity, columns: Infinity },
    ]) {
      for (const step of [undefined, ...record.guests.map((entry) => entry.step ?? undefined)]) {
        for (const line of recordLines(record, step, room, plain)) assert.doesNotMatch(line, UNSAFE);
      }
    }
    const [what = "", recorded = "", why = ""] = words;
    for (const entry of record.guests) {
      const verdicts: readonly ReplayedGuest["verdict"][] = [
        { kind: "different", differences: [{ what, recorded }] },
        { kind: "not_run", why, secrets: [what] },
      ];
      for (const verdict of verdicts) for (const line of replayedLines({ entry, verdict }, plain)) assert.doesNotMatch(line, UNSAFE);
    }
  },
);
