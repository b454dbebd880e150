import assert from "node:assert/strict";
import fc from "fast-check";
import { property } from "../../../../fuzz/property.ts";
import { lookUp } from "./scope.ts";

const path = fc.array(fc.oneof(fc.string(), fc.nat(3), fc.constantFrom("__proto__", "constructor", "length")));

property("lookUp() never finds a key that JSON would not show", 200, [fc.jsonValue(), path], (value, path) => {
  const inputs = JSON.parse(JSON.stringify(value));
  const result = lookUp({ root: "inputs", path }, { inputs, steps: new Map(), run: { id: "r", inputs: null } });
  if (result.found) assert.notEqual(JSON.stringify(result.value), undefined);
});
