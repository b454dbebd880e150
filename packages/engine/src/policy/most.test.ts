import assert from "node:assert/strict";
import { test } from "node:test";
import { GloveboxError } from "@glovebox/sandbox";
import { loneGuestNumbers, mostOf, mostOfStep } from "./most.ts";
import { DEFAULT_POLICY, type Policy } from "./policy.ts";

const MiB = 2 ** 20;
const { caps } = DEFAULT_POLICY;
const POLICY: Policy = {
  ...DEFAULT_POLICY,
  caps: {
    ...caps,
    limits: { ...caps.limits, memoryBytes: 100.5 * MiB, wallMs: 5_000 },
    hostLimits: { ...caps.hostLimits, httpRequests: 7 },
  },
};

test("mostOf() says the lowest of all ceilings, in the key's unit, and whose it is", () => {
  const most = mostOf(POLICY, "community");
  assert.deepEqual(most.get("memory_mb"), { value: 64, words: 'profile "community"' });
  assert.deepEqual(most.get("wall_ms"), { value: 5_000, words: "the configuration" });
  assert.deepEqual(most.get("http_requests"), { value: 7, words: "the configuration" });
  assert.deepEqual(mostOf(POLICY, "trusted").get("memory_mb"), { value: 100, words: "the configuration" });
  assert.deepEqual(mostOf(POLICY, "trusted").get("cpu_ms"), { value: 3_600_000 });
  assert.deepEqual(mostOf(DEFAULT_POLICY, "trusted").get("fuel"), { value: 8_000_000_000_000 });
});

test("mostOfStep() holds a step to the strictest profile of its own, its document's and the operator's", () => {
  const memory = (operator: Policy["profile"], document: Policy["profile"] | undefined, step: Policy["profile"] | undefined) =>
    mostOfStep(
      { ...DEFAULT_POLICY, profile: operator },
      document === undefined ? {} : { profile: document },
      step === undefined ? {} : { profile: step },
    ).get("memory_mb")?.value;
  assert.deepEqual(
    [memory("trusted", undefined, undefined), memory("trusted", "community", undefined), memory("verified", undefined, "untrusted")],
    [1024, 64, 32],
  );
});

test("loneGuestNumbers() lowers defaults, and refuses what is above a ceiling with the ceiling's number", () => {
  const { limits, hostLimits } = loneGuestNumbers(POLICY, { cpuMs: 77 });
  assert.deepEqual([limits.cpuMs, limits.wallMs, limits.memoryBytes, hostLimits.httpRequests], [77, 5_000, 32 * MiB, 7]);
  const refused = (policy: Policy, memoryMb: number, words: RegExp) =>
    assert.throws(
      () => loneGuestNumbers(policy, { memoryBytes: memoryMb * MiB }),
      (error) => error instanceof GloveboxError && error.code === "LIMIT_ABOVE_CAP" && words.test(error.message),
    );
  refused(POLICY, 101, /^Cannot set limit "memory_mb": 101 is above the cap of 100$/);
  refused({ ...POLICY, profile: "community" }, 65, /65 is above the 64 that profile "community" allows$/);
});
