import assert from "node:assert/strict";
import { test } from "node:test";
import type { Json } from "@glovebox/sandbox";
import type { AttemptEnd } from "./attempt.ts";
import { Kept } from "./kept.ts";

function completed(output: Json, message = ""): AttemptEnd {
  return { outcome: { kind: "completed", output }, transient: false, log: message === "" ? [] : [{ level: "info", message }] };
}

test("Kept.take() hands on what there is room for, and makes a failure of the rest", () => {
  const kept = new Kept(10_000);
  const small = completed("x".repeat(3000));
  assert.equal(kept.take(small), small);
  const logged = completed(1, "y".repeat(3000));
  assert.equal(kept.take(logged), logged);
  const { outcome, log } = kept.take(completed("z".repeat(6000), "said"));
  assert.equal(outcome.kind === "failed" && outcome.error.name, "RunTooLarge");
  assert.deepEqual(log, []);
  assert.equal(kept.take(small), small);
});

test("Kept.take() counts what collections take that have next to nothing in them", () => {
  for (const output of [Array(10_000).fill({}), Object.fromEntries(Array.from({ length: 10_000 }, (_, key) => [key, null]))]) {
    assert.equal(new Kept(10_000 * 16).take(completed(output)).outcome.kind, "failed");
  }
});
