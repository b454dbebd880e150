import assert from "node:assert/strict";
import { test } from "node:test";
import type { GuestReport } from "@glovebox/sandbox";
import { differences } from "./compare.ts";
import type { GuestEntry } from "./entry.ts";
import { guestEntry } from "./record.fixture.ts";

function report(more: Partial<GuestReport> = {}): GuestReport {
  const { usage, log, audit } = guestEntry();
  return { outcome: { kind: "completed", output: 42 }, usage, log, audit, replay: { sameRuntime: true }, ...more };
}

function told(then: Partial<GuestEntry>, now: Partial<GuestReport>): readonly string[] {
  return differences(guestEntry(then), report(now)).map(({ what, recorded, replayed }) => `${what}: ${recorded} ${replayed}`);
}

test("differences() finds none where all is the same, whatever it cost and whatever the order of keys", () => {
  assert.deepEqual(told({}, {}), []);
  assert.deepEqual(told({}, { usage: { ...guestEntry().usage, cpuMs: 99, wallMs: 99 } }), []);
  const then = { kind: "completed", output: { a: [1, { b: null }], c: "x" } } as const;
  assert.deepEqual(told({ outcome: then }, { outcome: { kind: "completed", output: { c: "x", a: [1, { b: null }] } } }), []);
  assert.deepEqual(told({ outcome: { kind: "completed", output: 0 } }, { outcome: { kind: "completed", output: -0 } }), []);
  const large = { kind: "completed", output: JSON.parse("[1e999, -1e999]") as number[] } as const;
  assert.deepEqual(told({ outcome: JSON.parse(JSON.stringify(large)) as typeof large }, { outcome: large }), []);
});

test("differences() names the place of each, with both values", () => {
  const then = { kind: "completed", output: { rows: [{ n: 1 }, { n: 2 }], "odd key": 1, gone: 1 } } as const;
  const now = { kind: "completed", output: JSON.parse('{"rows": [{"n": 1}, {"n": 3}, 4], "odd key": "1", "__proto__": 2}') } as const;
  assert.deepEqual(told({ outcome: then }, { outcome: now }), [
    "output.rows[1].n: 2 3",
    "output.rows[2]: undefined 4",
    'output["odd key"]: 1 "1"',
    "output.gone: 1 undefined",
    "output.__proto__: undefined 2",
  ]);
  const log = [{ level: "warning", message: "hello" }] as const;
  assert.deepEqual(told({}, { log }), ['log[0].level: "info" "warning"']);
  const usage = guestEntry().usage;
  assert.deepEqual(told({ usage: { ...usage, fuel: 10 } }, { usage: { ...usage, fuel: 11 } }), ["fuel: 10 11"]);
});

test("differences() compares how guests ended by what is theirs: errors, limits, refusals", () => {
  const error = { name: "ValueError", message: "no", traceback: "line 1", line: 1 };
  assert.deepEqual(told({ outcome: { kind: "failed", error } }, { outcome: { kind: "failed", error: { ...error, line: 2 } } }), [
    "error.line: 1 2",
  ]);
  assert.deepEqual(told({ outcome: { kind: "failed", error } }, {}), [
    'outcome: "failed" "completed"',
    `error: ${JSON.stringify(error)} undefined`,
    "output: undefined 42",
  ]);
  const exhausted = { kind: "exhausted", limit: "memory", used: 10, max: 8 } as const;
  assert.deepEqual(told({ outcome: exhausted }, { outcome: { ...exhausted, used: 11 } }), []);
  assert.deepEqual(told({ outcome: { ...exhausted, limit: "fuel" } }, { outcome: { ...exhausted, limit: "fuel", used: 11 } }), [
    "used: 10 11",
  ]);
  const refused = { kind: "refused", hostFunction: "read_secret", reason: "no grant" } as const;
  assert.deepEqual(told({ outcome: refused }, { outcome: { ...refused, reason: "other words" } }), []);
});

test("differences() tells where the guest asked for something else", () => {
  const at = (divergence: NonNullable<NonNullable<GuestReport["replay"]>["divergence"]>): Partial<GuestReport> => ({
    replay: { sameRuntime: true, divergence },
  });
  assert.deepEqual(told({}, at({ at: "call", call: 2, found: "get_time", expected: "http_request" })), [
    'host call 3: "http_request" "get_time"',
  ]);
  const transcript = { calls: [{ function: "get_time" }] } as unknown as NonNullable<GuestEntry["transcript"]>;
  assert.deepEqual(told({ transcript }, { outcome: { kind: "cancelled" }, ...at({ at: "call", call: 0, found: "get_time" }) }), [
    'host call 1: "get_time" "get_time, with another argument"',
  ]);
  assert.deepEqual(told({}, at({ at: "call", call: 0, found: "get_time" })), ['host call 1: undefined "get_time"']);
  assert.deepEqual(told({}, at({ at: "end", calls: 1, expected: 4 })), ["host calls: 4 1"]);
  assert.deepEqual(told({}, at({ at: "clock" })), ["looks at the clock: undefined undefined"]);
});

test("differences() leaves out what the record does not have as it was, and stops after twenty", () => {
  assert.deepEqual(told({ leftOut: { output: "secret" }, outcome: { kind: "completed", output: "[secret A]" } }, {}), []);
  assert.deepEqual(told({ leftOut: { log: "too_large" }, log: [] }, {}), []);
  const then = Array.from({ length: 1_000 }, (_, at) => at);
  assert.equal(
    told({ outcome: { kind: "completed", output: then } }, { outcome: { kind: "completed", output: then.map((value) => value + 1) } })
      .length,
    20,
  );
  const [long] = differences(guestEntry({ outcome: { kind: "completed", output: "x".repeat(10_000) } }), report());
  assert.equal(long?.recorded?.length, 200);
});
