import type { Json } from "@glovebox/sandbox";
import { CODE, CONDITION, DOCUMENT, TOOL, WASM } from "./dialects/keys.ts";
import { type JsonObject, recordSchema } from "./fields.ts";

const STEPS = { code: CODE, condition: CONDITION, tool: TOOL, wasm: WASM };

/**
 * The JSON Schema of a document in Glovebox's own dialect, for editors; schema.json is this, written out. It offers what is built, and
 * knows keys and types only: what a document means as a whole is for `glovebox validate`.
 */
export function editorSchema(): JsonObject {
  const definitions = Object.entries(STEPS).map(([type, fields]) => {
    const schema = recordSchema(fields);
    return [type, { ...schema, properties: { ...(schema["properties"] as JsonObject), type: { const: type } } }] as const;
  });
  const step: Json = {
    type: "object",
    required: ["id", "type"],
    properties: { type: { description: "what the step does", enum: Object.keys(STEPS) } },
    allOf: Object.keys(STEPS).map((type) => ({
      if: { properties: { type: { const: type } }, required: ["type"] },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      then: { $ref: `#/$defs/${type}` },
    })),
  };
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "A Glovebox workflow",
    ...recordSchema(DOCUMENT),
    $defs: { step, ...Object.fromEntries(definitions) },
  };
}

if (import.meta.main) process.stdout.write(JSON.stringify(editorSchema(), null, 2));
