import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_POLICY, mostOf, type Step, type StepOutcome } from "@glovebox/engine";
import { failureLines } from "./failure.ts";
import { plain } from "./paint.ts";

const RETRY = { maxAttempts: 1, backoff: "none", baseMs: 0, capMs: 0, jitter: 0, on: [] } as const;
const STEP: Step = {
  id: "a",
  type: "code",
  language: "python",
  code: "",
  codeLine: 10,
  place: { line: 7, column: 9, length: 1 },
  dependsOn: [],
  needs: "all",
  retry: RETRY,
  limits: {},
};

function told(outcome: StepOutcome, step: Partial<Step> = {}, limitsSettable = true, policy = DEFAULT_POLICY): string[] {
  const result = { id: "a", type: "code", state: "failed", endedMs: 1, attempts: [], outcome } as const;
  const failed = {
    file: "f.yaml",
    step: { ...STEP, ...step } as Step,
    result,
    limitsSettable,
    most: mostOf(policy, policy.profile),
    folderNamed: false,
  };
  return failureLines(failed, { lines: 40, columns: 200 }, plain);
}

test("failureLines() names the key that raises each limit, what it is now, and a cap that can't be raised", () => {
  const raising = (outcome: Omit<StepOutcome & { kind: "exhausted" }, "kind">, step: Partial<Step> = {}, settable = true) =>
    told({ kind: "exhausted", ...outcome }, step, settable)
      .at(-1)
      ?.trim();
  assert.equal(raising({ limit: "cpu", used: 1001, max: 1000 }), "= to allow more: limits: { cpu_ms: 2000 } (now 1000)");
  assert.equal(raising({ limit: "memory", used: 33 * 2 ** 20, max: 32 * 2 ** 20 }), "= to allow more: limits: { memory_mb: 64 } (now 32)");
  assert.equal(raising({ limit: "output", used: 20, max: 10 }), "= to allow more: limits: { output_bytes: 20 } (now 10)");
  assert.equal(raising({ limit: "wall", used: 500, max: 500 }, { timeoutMs: 500 }), "= to allow more: timeout_ms: 1000 (now 500)");
  assert.equal(raising({ limit: "wall", used: 500, max: 500 }, { timeoutMs: 900 }), "= to allow more: limits: { wall_ms: 1000 } (now 500)");
  assert.equal(raising({ limit: "cpu", used: 3_600_001, max: 3_600_000 }), "= 3600000 is the most that cpu_ms may be here");
  assert.equal(raising({ limit: "fuel", used: 1001, max: 1000 }), "= to allow more: limits: { fuel: 2000 } (now 1000)");
  assert.equal(raising({ limit: "fuel", used: 1001, max: 1000 }, {}, false), "= to allow more: options: { fuel_level: 2000 } (now 1000)");
  assert.match(raising({ limit: "cpu", used: 2, max: 1 }, {}, false) ?? "", /^= documents of this kind have the default limits/);
  assert.equal(told({ kind: "exhausted", limit: "stack", used: 1, max: 1 }).length, 1);
});

test("failureLines() raises no limit above the operator's ceilings, and names whose they are", () => {
  const { caps } = DEFAULT_POLICY;
  const policy = { ...DEFAULT_POLICY, caps: { ...caps, limits: { ...caps.limits, cpuMs: 1500, memoryBytes: 16 * 2 ** 20 } } };
  const hint = (outcome: Omit<StepOutcome & { kind: "exhausted" }, "kind">, under: typeof policy) =>
    told({ kind: "exhausted", ...outcome }, {}, true, under)
      .at(-1)
      ?.trim();
  assert.equal(hint({ limit: "cpu", used: 1001, max: 1000 }, policy), "= to allow more: limits: { cpu_ms: 1500 } (now 1000)");
  assert.equal(
    hint({ limit: "cpu", used: 1501, max: 1500 }, policy),
    "= 1500 is the most that cpu_ms may be here: the configuration allows no more",
  );
  assert.equal(
    hint({ limit: "memory", used: 2 ** 25, max: 2 ** 25 }, policy),
    "= 16 is the most that memory_mb may be here: the configuration allows no more",
  );
  assert.equal(
    hint({ limit: "wall", used: 30_001, max: 30_000 }, { ...policy, profile: "community" }),
    '= 30000 is the most that wall_ms may be here: profile "community" allows no more',
  );
});

test("failureLines() gives the line of the user's code in the document, and nothing in it drives a terminal", () => {
  const error = { name: "E\u001b[2J", message: "m\nn", traceback: "T\u001b]0;x\u0007\n  at 3", by: "guest", line: 3 } as const;
  assert.deepEqual(told({ kind: "failed", error }), [
    'f.yaml:12: error: step "a" failed: E\\u001b[2J: m\\nn [failed]',
    "      T\\u001b]0;x\\u0007",
    "        at 3",
  ]);
  assert.equal(
    told({ kind: "trapped", trap: "unreachable" })[0],
    'f.yaml:7:9: error: step "a" trapped: it ran into an instruction that ends it [trapped: unreachable]',
  );
});
