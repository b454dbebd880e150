import assert from "node:assert/strict";
import { test } from "node:test";
import { hostFailure, type StepOutcome } from "./attempt.ts";
import { backoffMs, retryDelayMs } from "./retry.ts";

const RETRY = { maxAttempts: 5, backoff: "exponential", baseMs: 100, capMs: 10_000, jitter: 0, on: [] } as const;
const failed = { outcome: hostFailure("Error", "no"), transient: false };

test("backoffMs() grows as each backoff says, from the base", () => {
  const delays = (backoff: "none" | "linear" | "exponential" | "fibonacci"): number[] =>
    [1, 2, 3, 4, 5, 6].map((attempts) => backoffMs({ ...RETRY, backoff }, attempts, 0));
  assert.deepEqual(delays("none"), [100, 100, 100, 100, 100, 100]);
  assert.deepEqual(delays("linear"), [100, 200, 300, 400, 500, 600]);
  assert.deepEqual(delays("exponential"), [100, 200, 400, 800, 1600, 3200]);
  assert.deepEqual(delays("fibonacci"), [100, 100, 200, 300, 500, 800]);
});

test("backoffMs() is nothing for a base of nothing, however often", () => {
  for (const backoff of ["exponential", "fibonacci"] as const) assert.equal(backoffMs({ ...RETRY, backoff, baseMs: 0 }, 5_000, 0), 0);
});

test("backoffMs() draws the jitter's share at random", () => {
  const retry = { ...RETRY, jitter: 0.5 };
  assert.equal(backoffMs(retry, 1, 0), 50);
  assert.equal(backoffMs(retry, 1, 1), 100);
});

test("retryDelayMs() takes a permanent end as the last unless `on` names it", () => {
  assert.equal(retryDelayMs(RETRY, failed, 1, 0), undefined);
  assert.equal(retryDelayMs({ ...RETRY, on: ["trapped"] }, failed, 1, 0), undefined);
  assert.equal(retryDelayMs({ ...RETRY, on: ["trapped", "failed"] }, failed, 2, 0), 200);
});

test("retryDelayMs() tries a transient end again until max_attempts are used up", () => {
  const died: { outcome: StepOutcome; transient: boolean } = { outcome: { kind: "trapped", trap: "cell_died" }, transient: true };
  assert.equal(retryDelayMs(RETRY, died, 4, 0), 800);
  assert.equal(retryDelayMs(RETRY, died, 5, 0), undefined);
});

test("retryDelayMs() lets the other side's Retry-After win, up to an hour", () => {
  assert.equal(retryDelayMs(RETRY, { ...failed, transient: true, retryAfterMs: 7 }, 1, 0), 7);
  assert.equal(retryDelayMs(RETRY, { ...failed, transient: true, retryAfterMs: 1e12 }, 1, 0), 3_600_000);
  assert.equal(retryDelayMs(RETRY, { ...failed, retryAfterMs: 7 }, 1, 0), undefined);
});

test("retryDelayMs() never follows what completed or was cancelled", () => {
  const on = ["failed", "trapped", "exhausted"] as const;
  assert.equal(retryDelayMs({ ...RETRY, on }, { outcome: { kind: "completed", output: 1 }, transient: false }, 1, 0), undefined);
  assert.equal(retryDelayMs({ ...RETRY, on }, { outcome: { kind: "cancelled" }, transient: false }, 1, 0), undefined);
});
