import assert from "node:assert/strict";
import { test } from "node:test";
import { localStep } from "./fixture.ts";
import { mergePayloads, transforms } from "./payload.ts";

const upper = localStep({ id: "upper", processor: "change_text_case_upper" });
const reverse = localStep({ id: "reverse", processor: "reverse_text" });
const count = localStep({ id: "count", processor: "token_counter" });
const looks = localStep({ id: "looks", processor: "reverse_text", intent: "analyze" });
const payloads = new Map([
  ["upper", "UP"],
  ["reverse", "pu"],
  ["count", "counted"],
  ["looks", "looked at"],
]);

test("transforms() goes by the processor, and by an intent to analyze", () => {
  assert.deepEqual([upper, reverse, count, looks].map(transforms), [true, true, false, false]);
});

test("mergePayloads() takes the last one listed that transforms", () => {
  assert.equal(mergePayloads([upper, reverse, count, looks], payloads), "pu");
  assert.equal(mergePayloads([reverse, count, upper], payloads), "UP");
});

test("mergePayloads() takes the last one where none transforms, and passes over those without a payload", () => {
  assert.equal(mergePayloads([count, looks], payloads), "looked at");
  assert.equal(mergePayloads([upper, reverse], new Map([["upper", "UP"]])), "UP");
  assert.equal(mergePayloads([upper], new Map()), undefined);
});
