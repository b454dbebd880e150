import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_HOST_LIMITS, DEFAULT_LIMITS } from "@glovebox/sandbox";
import { appliedNumbers, numbersOf } from "./applied.ts";
import { DEFAULT_POLICY, layersOf } from "./policy.ts";
import { PROFILES } from "./profile.ts";

test("appliedNumbers() lowers what lies above a ceiling, asked for or not, and says whose ceiling that is", () => {
  const layers = layersOf(DEFAULT_POLICY, "untrusted");
  const applied = appliedNumbers("limits", layers, DEFAULT_LIMITS, { memoryBytes: 5, wallMs: 2 ** 40, logBytes: 7 }, ["logBytes"]);
  assert.deepEqual(
    ["memoryBytes", "wallMs", "logBytes", "cpuMs", "outputBytes"].map((name) => applied.get(name)?.from),
    ["step", "profile", "document", "profile", "profile"],
  );
  assert.deepEqual([applied.get("memoryBytes")?.value, applied.get("wallMs")?.value], [5, 10_000]);
});

test("appliedNumbers() asks for nothing that nobody asked for: under no ceiling are guests metered", () => {
  for (const profile of PROFILES) {
    const names = Object.keys(numbersOf(appliedNumbers("limits", layersOf(DEFAULT_POLICY, profile), DEFAULT_LIMITS, {})));
    assert.deepEqual(names.sort(), Object.keys(DEFAULT_LIMITS).sort());
  }
  assert.deepEqual(
    numbersOf(appliedNumbers("hostLimits", layersOf(DEFAULT_POLICY, "trusted"), DEFAULT_HOST_LIMITS, {})),
    DEFAULT_HOST_LIMITS,
  );
});
