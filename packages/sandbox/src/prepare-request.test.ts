import assert from "node:assert/strict";
import { test } from "node:test";
import { prepareRequest } from "./prepare-request.ts";

test("prepareRequest() refuses an input that no string can hold as too large", () => {
  const text = "\u0001".repeat(2 ** 20); // six characters each, as JSON
  const request = { guest: { kind: "javascript", code: "" }, isolationKey: "a", input: Array<string>(100).fill(text) } as const;
  assert.throws(() => prepareRequest(request), { name: "GloveboxError", code: "INPUT_TOO_LARGE" });
});
