import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { editorSchema } from "./editor-schema.ts";

const file = JSON.parse(readFileSync(new URL("schema.json", import.meta.url), "utf8"));

test("editorSchema() is what stands in schema.json (write it anew with `node editor-schema.ts > schema.json`)", () => {
  assert.deepEqual(file, editorSchema());
});

test("editorSchema() offers what is built, and only that", () => {
  assert.deepEqual(Object.keys(file.$defs), ["step", "code", "condition", "tool", "wasm"]);
  assert.deepEqual(file.$defs.tool.required, ["id", "type", "tool"]);
  assert.ok("grants" in file.$defs.code.properties && !("grants" in file.$defs.tool.properties));
  assert.ok(!("sandbox" in file.$defs.code.properties));
});
