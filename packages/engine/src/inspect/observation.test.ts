import assert from "node:assert/strict";
import { test } from "node:test";
import type { Json } from "@glovebox/sandbox";
import { OBSERVED_MAX, readObservation } from "./observation.ts";

const PLACE = { line: 1, column: 2 };
const IMPORT = { name: "json", known: true, ...PLACE };
const ASK = { what: "http", value: "https://example.com/", form: "whole", method: null, ...PLACE };
const FINDING = { code: "dynamic-code", subject: "eval", ...PLACE };
const HONEST = { imports: [IMPORT], asks: [ASK], findings: [FINDING], dropped: 0, error: null };

test("readObservation() takes what an inspector says", () => {
  const { value, form, what } = ASK;
  assert.deepEqual(readObservation(HONEST), {
    imports: [IMPORT],
    asks: [{ what, value, form, method: undefined, ...PLACE }],
    findings: [FINDING],
    dropped: 0,
    error: undefined,
  });
});

test("readObservation() takes nothing that no inspector says", () => {
  const dishonest: readonly (readonly [string, Json])[] = [
    ["no object", "completed"],
    ["null", null],
    ["a list", [HONEST]],
    ["a missing list", { imports: [], asks: [], dropped: 0, error: null }],
    ["one key more", { ...HONEST, granted: true }],
    ["a list that is none", { ...HONEST, imports: { length: 1 } }],
    ["more imports than are kept", { ...HONEST, imports: Array.from({ length: OBSERVED_MAX.imports + 1 }, () => IMPORT) }],
    ["more asks than are kept", { ...HONEST, asks: Array.from({ length: OBSERVED_MAX.asks + 1 }, () => ASK) }],
    ["more findings than are kept", { ...HONEST, findings: Array.from({ length: OBSERVED_MAX.findings + 1 }, () => FINDING) }],
    ["an unknown code", { ...HONEST, findings: [{ ...FINDING, code: "all-is-well" }] }],
    ["a code of every object", { ...HONEST, findings: [{ ...FINDING, code: "constructor" }] }],
    ["a severity of its own", { ...HONEST, findings: [{ ...FINDING, severity: "low" }] }],
    ["a subject that is too long", { ...HONEST, findings: [{ ...FINDING, subject: "a".repeat(101) }] }],
    ["a value that is too long", { ...HONEST, asks: [{ ...ASK, value: "a".repeat(1_001) }] }],
    ["something else asked for", { ...HONEST, asks: [{ ...ASK, what: "shell" }] }],
    ["an unknown form", { ...HONEST, asks: [{ ...ASK, form: "constructor" }] }],
    ["a known that is no boolean", { ...HONEST, imports: [{ ...IMPORT, known: "yes" }] }],
    ["line 0", { ...HONEST, findings: [{ ...FINDING, line: 0 }] }],
    ["half a line", { ...HONEST, findings: [{ ...FINDING, line: 1.5 }] }],
    ["a column out of all files", { ...HONEST, findings: [{ ...FINDING, column: 2 ** 40 }] }],
    ["a negative count", { ...HONEST, dropped: -1 }],
    ["an error that is a text", { ...HONEST, error: "no" }],
    ["an error without a place", { ...HONEST, error: { message: "no" } }],
  ];
  for (const [what, output] of dishonest) assert.equal(readObservation(output), undefined, what);
});

test("readObservation() makes what is quoted printable", () => {
  const subject = "a\u001b[31m\u202eb\nc";
  const seen = readObservation({
    ...HONEST,
    findings: [{ ...FINDING, subject }],
    imports: [{ ...IMPORT, name: subject }],
    error: { message: subject, ...PLACE },
  });
  const shown = "a\ufffd[31m\ufffdb\ufffdc";
  assert.deepEqual([seen?.findings[0]?.subject, seen?.imports[0]?.name, seen?.error?.message], [shown, shown, shown]);
});
