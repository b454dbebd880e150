import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunResult } from "@glovebox/engine";
import { resultLines } from "./outputs.ts";
import { plain } from "./paint.ts";

const ROOM = { lines: 3, columns: 40 };

function linesOf(result: Partial<RunResult>): string[] {
  const whole: RunResult = { runId: "r", workflow: "w", state: "succeeded", wallMs: 1500, steps: [], outputs: {}, ...result };
  return resultLines({ file: "w.yaml" }, whole, ROOM, plain);
}

test("resultLines() shows names and values that anyone may have written without obeying them, and cuts what is long", () => {
  assert.deepEqual(linesOf({ outputs: { "a\u001b[2J": "x\u009b1m", b: "1\n2\n3\n4", c: { d: "y".repeat(60) } } }), [
    "w.yaml: succeeded in 1.50 s (0 steps)",
    "",
    "",
    "a\\u001b[2J: x\\u009b1m",
    "b:",
    "  1",
    "  2",
    "  3",
    "  … 1 more line (--json has all)",
    `c: { "d": "${"y".repeat(31)}…`,
  ]);
});

test("resultLines() says why a run failed that no step is to blame for", () => {
  assert.deepEqual(linesOf({ state: "failed", cause: { kind: "run_timeout", maxMs: 2000 } }).slice(0, 2), [
    "w.yaml: failed in 1.50 s (0 of 0 steps succeeded)",
    "  the time for the run was up: 2.00 s",
  ]);
  const error = { name: "TypeError", message: "no", traceback: "", by: "guest" } as const;
  const cause = { kind: "output_failed", output: "o", outcome: { kind: "failed", error } } as const;
  assert.equal(linesOf({ state: "failed", cause })[1], '  its output "o" could not be made: failed: TypeError: no');
});

test("resultLines() puts the steps below each other in columns", () => {
  const usage = {
    wallMs: 9,
    cpuMs: 8.25,
    instantiateMs: 1,
    peakMemoryBytes: 30 * 2 ** 20,
    growthsDenied: 0,
    inputBytes: 0,
    outputBytes: 0,
    logBytes: 0,
    hostCalls: {},
  };
  const attempt = { number: 1, startedMs: 0, endedMs: 10, outcome: { kind: "completed" }, log: [] } as const;
  const lines = linesOf({
    steps: [
      { id: "a", type: "tool", state: "succeeded", startedMs: 0, endedMs: 3, attempts: [attempt] },
      { id: "long-id", type: "code", state: "succeeded", startedMs: 0, endedMs: 1234, usage, attempts: [attempt, attempt] },
      { id: "c", type: "code", state: "skipped", why: { kind: "when_false" }, endedMs: 3, attempts: [] },
    ],
  });
  assert.deepEqual(lines.slice(2, 5), [
    "  ✓ a          3.0 ms",
    "  ✓ long-id    1.23 s  CPU 8.3 ms   30 MiB  2 attempts",
    '  – c                                       skipped: its "when" is false',
  ]);
});
