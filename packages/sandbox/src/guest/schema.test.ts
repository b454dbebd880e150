import assert from "node:assert/strict";
import { test } from "node:test";
import { captureJavaScript } from "../runtimes/javascript/capture.ts";
import { enterChamber } from "./chamber.fixture.ts";
import { schemaChamber } from "./schema.ts";

const wasm = new Uint8Array(await captureJavaScript("schema"));
const chamber = schemaChamber(wasm, new WebAssembly.Module(wasm));
const check = (schema: unknown, input: unknown) => enterChamber(chamber, JSON.stringify(schema), { input, filename: "schema" });

const DRAFT_07 = "http://json-schema.org/draft-07/schema#";

const CASES: readonly (readonly [
  what: string,
  schema: unknown,
  input: unknown,
  problems: readonly (readonly [path: string, message: string])[],
])[] = [
  ["nothing wrong", { type: "object", properties: { a: { type: "number" } } }, { a: 1 }, []],
  [
    "every problem, with its path",
    { properties: { a: { items: { type: "string" } } }, required: ["b"], additionalProperties: false },
    { a: ["x", 1], c: 2 },
    [
      ["", "must have required property 'b'"],
      ["", 'must NOT have additional properties: "c"'],
      ["/a/1", "must be string"],
    ],
  ],
  ["names with slashes and tildes", { properties: { "a/b~c": { type: "null" } } }, { "a/b~c": 1 }, [["/a~1b~0c", "must be null"]]],
  ["what was allowed", { enum: ["a", 1] }, "b", [["", 'must be equal to one of the allowed values: ["a",1]']]],
  ["formats", { format: "date-time" }, "2026-13-01T00:00:00Z", [["", 'must match format "date-time"']]],
  ["formats that it does not know, as no constraint", { format: "colour" }, "x", []],
  ["keywords that it does not know, as no constraint", { colour: "red", type: "number" }, 3, []],
  ["draft 2020-12 without $schema", { prefixItems: [{ type: "number" }], items: false }, [1, 2], [["", "must NOT have more than 1 items"]]],
  [
    "draft 07",
    { $schema: DRAFT_07, items: [{ type: "number" }], additionalItems: false },
    [1, 2],
    [["", "must NOT have more than 1 items"]],
  ],
  [
    "references within the schema",
    { $defs: { n: { type: "number" } }, properties: { x: { $ref: "#/$defs/n" } } },
    { x: "s" },
    [["/x", "must be number"]],
  ],
  ["recursive schemas", { type: "object", additionalProperties: { $ref: "#" } }, { a: { b: 1 } }, [["/a/b", "must be object"]]],
  ["the schema true", true, 1, []],
  ["the schema false", false, 1, [["", "boolean schema is false"]]],
  [
    "properties that objects have of their own accord",
    { required: ["constructor"] },
    {},
    [["", "must have required property 'constructor'"]],
  ],
];

for (const [what, schema, input, problems] of CASES) {
  test(`schemaChamber() reports ${what}`, () => {
    const { end, output } = check(schema, input);
    assert.equal(end.kind, "completed", JSON.stringify(end));
    assert.deepEqual(output, { problems: problems.map(([path, message]) => ({ path, message })) });
  });
}

const INVALID: readonly (readonly [schema: unknown, message: RegExp])[] = [
  [{ type: "wat" }, /^the schema is invalid: \/type must be equal to one of the allowed values/],
  [{ properties: { a: { minimum: "1" } } }, /^the schema is invalid: \/properties\/a\/minimum must be number/],
  [{ pattern: "(" }, /^the schema is invalid: /],
  [{ $ref: "https://example.com/other" }, /^the schema is invalid: can't resolve reference https:\/\/example\.com\/other/],
  [
    { $schema: "http://json-schema.org/draft-04/schema#" },
    /^the schema is invalid: "\$schema" is .*; known are .*2020-12.* and .*draft-07/,
  ],
  [{ $schema: "constructor" }, /^the schema is invalid: "\$schema" is "constructor"/],
  [{ $async: true }, /^the schema is invalid: "\$async" is no keyword/],
  [5, /^the schema is invalid: it is neither an object nor a boolean$/],
];

for (const [schema, message] of INVALID) {
  test(`schemaChamber() fails for an invalid schema: ${JSON.stringify(schema)}`, () => {
    const { end } = check(schema, 1);
    assert.ok(end.kind === "failed", JSON.stringify(end));
    assert.equal(end.error.name, "SchemaError");
    assert.match(end.error.message, message);
  });
}

test("schemaChamber() reports the first hundred problems of very many", () => {
  const { output } = check({ items: { type: "string" } }, new Array(5000).fill(1));
  assert.equal((output as { problems: unknown[] }).problems.length, 100);
});

test("schemaChamber() runs a schema's code and expressions under the guest's limits", () => {
  const { end } = enterChamber(chamber, JSON.stringify({ uniqueItems: true, items: { type: "string" } }), {
    input: new Array(100_000).fill("x".repeat(20)),
    limits: { memoryBytes: 2 ** 20 },
    filename: "schema",
  });
  assert.ok(end.kind === "exhausted" && end.limit === "memory", JSON.stringify(end));
});
