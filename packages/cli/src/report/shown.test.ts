import assert from "node:assert/strict";
import { test } from "node:test";
import type { Json } from "@glovebox/sandbox";
import { printedJson, shownLine, shownLines, shownTraceback, shownValue } from "./shown.ts";

const ALL = { lines: Infinity, columns: Infinity };

test("printedJson() writes no character that a terminal obeys, and the data is the same", () => {
  const value = { "\u009b1m": '\u001b[0m \u202e \u2028 \u0007\n\t"\\', deep: [{ a: null }] };
  const text = printedJson(value);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
  assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/);
  assert.deepEqual(JSON.parse(text), value);
});

test("printedJson() lays out what is large member by member, and what is large and deep on one line", () => {
  const wide = { a: [1, { b: "x".repeat(70_000), c: undefined }], d: {}, e: Array(70_000).fill([]) };
  assert.equal(printedJson(wide), `${JSON.stringify(wide, undefined, 2)}\n`);
  let deep: Json = Array(300_000).fill(0) as Json[];
  for (let level = 0; level < 500; level++) deep = [deep];
  const text = printedJson({ deep });
  assert.ok(text.length < 2 ** 20, String(text.length));
  assert.deepEqual(JSON.parse(text), { deep });
  assert.ok(shownValue(deep, ALL).join().length < 2 ** 20);
});

test("shownValue() keeps short values on one line, without touching what is inside of strings", () => {
  assert.deepEqual(shownValue({ a: [], b: {}, c: [1, "[ x ,\n {"], d: null }, ALL), [
    '{ "a": [], "b": {}, "c": [ 1, "[ x ,\\n {" ], "d": null }',
  ]);
  assert.deepEqual(shownValue("two\nlines\n", ALL), ["two", "lines"]);
  const long = { key: "x".repeat(120) };
  assert.deepEqual(shownValue(long, ALL), JSON.stringify(long, undefined, 2).split("\n"));
});

test("shownLines() and shownLine() cut, and say how much is missing", () => {
  assert.deepEqual(shownLines("a\nb\nc\nd", { lines: 2, columns: 10 }), ["a", "b", "… 2 more lines (--json has all)"]);
  assert.deepEqual(shownLines("abcdef", { lines: 2, columns: 4 }), ["abc…"]);
  assert.equal(shownLine("a\nb\tc\u001b", 100), "a\\nb\\tc\\u001b");
});

test("shownTraceback() keeps the beginning and the end", () => {
  const lines = Array.from({ length: 100 }, (_, index) => `line ${index}`);
  const shown = shownTraceback(lines.join("\n"), { lines: 30, columns: 80 });
  assert.deepEqual(
    [shown[0], shown[9], shown[10], shown[11], shown.at(-1), shown.length],
    ["line 0", "line 9", "… 70 more lines", "line 80", "line 99", 31],
  );
  assert.deepEqual(shownTraceback("a\nb\n", { lines: 30, columns: 80 }), ["a", "b"]);
});
