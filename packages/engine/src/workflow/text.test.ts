import assert from "node:assert/strict";
import { test } from "node:test";
import { nearest, quoted, showable } from "./text.ts";

test("nearest() finds slips of the finger, swapped letters, capitals and beginnings", () => {
  const keys = ["depends_on", "description", "timeout_ms", "memory_mb", "id"];
  for (const [slip, meant] of [
    ["dependson", "depends_on"],
    ["depneds_on", "depends_on"],
    ["Description", "description"],
    ["memory", "memory_mb"],
    ["ID", "id"],
  ] as const) {
    assert.equal(nearest(slip, keys), meant, slip);
  }
});

test("nearest() suggests nothing that is far off, or the text itself", () => {
  assert.equal(nearest("colour", ["code", "id", "tool"]), undefined);
  assert.equal(nearest("x", ["a", "id"]), undefined);
  assert.equal(nearest("same", ["same"]), undefined);
  assert.equal(nearest("a".repeat(65), ["a".repeat(64)]), undefined);
});

test("nearest() takes the first of several that are equally close", () => {
  assert.equal(nearest("step1", ["step2", "step3"]), "step2");
});

test("quoted() shows nothing that a terminal would obey, and cuts", () => {
  assert.equal(quoted("a\u001b[31m\u202E\n\t\u0000"), '"a\\u{1b}[31m\\u{202e}\\n\\t\\u{0}"');
  assert.equal(quoted("x".repeat(1_000)), `"${"x".repeat(80)}…"`);
});

test("showable() replaces one character by one", () => {
  assert.equal(showable("a\tb\u001bc\u200Bd"), "a\tb\uFFFDc\uFFFDd");
});
