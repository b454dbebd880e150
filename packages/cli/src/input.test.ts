import assert from "node:assert/strict";
import { test } from "node:test";
import { Refusal } from "./exit.ts";
import { fromAssignments, readInput } from "./input.ts";

const JSON_WORKFLOW = { payload: "json" } as const;
const TEXT_WORKFLOW = { payload: "text" } as const;

test("fromAssignments() takes JSON as JSON and the rest as text, unless the schema says that it is a string", () => {
  const schema = { properties: { id: { type: "string" } } };
  const values = fromAssignments(["n=5", "id=5", "t=a=b", "empty=", 'list=["x"]', "no=nul"], schema);
  assert.deepEqual({ ...(values as object) }, { n: 5, id: "5", t: "a=b", empty: "", list: ["x"], no: "nul" });
});

test("fromAssignments() keeps names that objects have of their own as what they are", () => {
  const values = fromAssignments(["__proto__=1", "constructor=2"], { properties: {} });
  assert.deepEqual(Object.entries(values as object), [
    ["__proto__", 1],
    ["constructor", 2],
  ]);
  assert.equal(JSON.stringify(values), '{"__proto__":1,"constructor":2}');
});

test("fromAssignments() refuses what is no assignment, or given twice", () => {
  for (const wrong of [["n"], ["=1"], ["n=1", "n=2"]]) assert.throws(() => fromAssignments(wrong, undefined), Refusal);
});

test("readInput() gives a workflow of text the text as it is, and one of JSON the value", () => {
  assert.equal(readInput(TEXT_WORKFLOW, "5", {}), "5");
  assert.equal(readInput(JSON_WORKFLOW, "5", {}), 5);
  assert.equal(readInput(TEXT_WORKFLOW, undefined, {}), undefined);
  assert.throws(() => readInput(TEXT_WORKFLOW, undefined, { input: ["a=1"] }), Refusal);
  assert.throws(() => readInput(JSON_WORKFLOW, "{}", { input: ["a=1"] }), Refusal);
  assert.throws(() => readInput(JSON_WORKFLOW, undefined, { inputFile: "/no/such/file" }), /it does not exist/);
});

test("readInput() reads no more of a file without an end than an input may have", { skip: process.platform === "win32" }, () => {
  assert.throws(() => readInput(TEXT_WORKFLOW, undefined, { inputFile: "/dev/zero" }), /an input has at most 67108864 bytes/);
});
