import assert from "node:assert/strict";
import { test } from "node:test";
import { readEnd } from "./end.ts";
import { encodeHeader } from "./frame.ts";

test("readEnd() takes no place of an error that no text could have", () => {
  const placeOf = (place: object): unknown => {
    const error = { name: "E", message: "", traceback: "", ...place };
    const header = { cpuMs: 0, instantiateMs: 0, peakMemoryBytes: 0, growthsDenied: 0, spent: false, end: { kind: "failed", error } };
    const outcome = readEnd(encodeHeader(header))?.outcome;
    return outcome?.kind === "failed" && [outcome.error.line, outcome.error.column];
  };
  assert.deepEqual(placeOf({ line: 3, column: 1 }), [3, 1]);
  for (const wrong of [0, -1, 1.5, 2 ** 60, "3", null]) assert.deepEqual(placeOf({ line: wrong, column: wrong }), [undefined, undefined]);
});
