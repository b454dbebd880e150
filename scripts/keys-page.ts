// Writes the tables of docs/workflows.md from the tables of keys in the sources: `npm run docs`.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CODE, CONDITION, DOCUMENT, EVERY, GUEST, TOOL, WASM } from "../packages/engine/src/workflow/dialects/keys.ts";
import type { Fields, JsonObject } from "../packages/engine/src/workflow/fields.ts";
import { HOST_LIMIT_KEYS, LIMIT_KEYS, LIMITS } from "../packages/engine/src/workflow/limits.ts";
import { loadWorkflow } from "../packages/engine/src/workflow/load.ts";
import { DEFAULT_HOST_LIMITS } from "../packages/sandbox/src/grants.ts";
import { DEFAULT_LIMITS } from "../packages/sandbox/src/limits.ts";
import { withRows } from "./page-table.ts";
import { ROOT } from "./setup.js";

const PAGE = join(ROOT, "docs/workflows.md");
const HEAD = "| Key | Takes | Means | Without it |\n| --- | --- | --- | --- |\n";

type Defaults = Readonly<Record<string, unknown>>;
interface Row {
  readonly key: string;
  readonly schema: JsonObject;
  readonly doc: string;
  readonly required: boolean;
}

/** The page with every table as the sources have it. */
export function withKeys(page: string): string {
  const { workflow } = loadWorkflow("steps: [{ id: a, type: tool, tool: a }]", { file: "a.yaml" });
  const [step] = workflow?.steps ?? [];
  if (workflow === undefined || step === undefined) throw new Error("assertion: the smallest document has problems");
  const guest = { ...EVERY, ...GUEST };
  const retry = EVERY.retry.schema?.["properties"] as JsonObject;
  const limits = LIMITS.schema?.["properties"] as JsonObject;
  const tables: readonly (readonly [heading: string, rows: readonly Row[], defaults: Defaults])[] = [
    ["The document", rowsOf(DOCUMENT), snakeCased(workflow)],
    ["Every step", rowsOf(EVERY), snakeCased(step)],
    ["Steps that run in the sandbox", rowsOf(GUEST), {}],
    ["Steps of type code", rowsOf(CODE, guest), {}],
    ["Steps of type condition", rowsOf(CONDITION, guest), {}],
    ["Steps of type wasm", rowsOf(WASM, guest), {}],
    ["Steps of type tool", rowsOf(TOOL, EVERY), {}],
    ["retry", rowsOfSchema(retry), snakeCased(step.retry)],
    ["limits", rowsOfSchema(limits), limitDefaults()],
  ];
  return tables.reduce(
    (result, [heading, rows, defaults]) =>
      withRows(
        result,
        heading,
        HEAD,
        rows.map((row) => [`\`${row.key}\``, takes(row.schema), meaning(row.doc), without(row, defaults)]),
      ),
    page,
  );
}

function rowsOf(fields: Fields, besides: Fields = {}): readonly Row[] {
  return Object.entries(fields).flatMap(([key, { doc, schema, required }]) =>
    schema === undefined || Object.hasOwn(besides, key) ? [] : [{ key, schema, doc, required }],
  );
}

function rowsOfSchema(properties: JsonObject): readonly Row[] {
  return Object.entries(properties).map(([key, value]) => {
    const schema = value as JsonObject;
    return { key, schema, doc: String(schema["description"]), required: false };
  });
}

function takes(schema: JsonObject): string {
  const { enum: values, type, items, anyOf } = schema;
  if (Array.isArray(values)) return values.map((value) => `\`${value}\``).join(", ");
  if (Array.isArray(anyOf)) return anyOf.map((each) => takes(each as JsonObject)).join(", or ");
  if (type === "array") return items !== undefined && "$ref" in (items as JsonObject) ? "a list of steps" : "a list";
  return TAKES[String(type)] ?? "any value";
}

const TAKES: Readonly<Record<string, string>> = {
  string: "a text",
  integer: "a whole number",
  number: "a number",
  boolean: "`true` or `false`",
  object: "a mapping",
};

/** What the document says of "without it" has a column of its own. */
function meaning(doc: string): string {
  return doc.replace(/; without (?:it|that), .*$/, "");
}

function without({ key, doc, required }: Row, defaults: Defaults): string {
  if (required) return "**required**";
  const said = /; without (?:it|that), (.*)$/.exec(doc)?.[1];
  if (said !== undefined) return said;
  const value = Object.hasOwn(defaults, key) ? defaults[key] : undefined;
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.join(", ");
  return typeof value === "string" || typeof value === "number" ? `\`${value}\`` : "";
}

function snakeCased(value: object): Defaults {
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, each]) => typeof each !== "object" || Array.isArray(each))
      .filter(([name]) => !["name", "file", "id", "type", "tool", "steps", "payload", "dependsOn"].includes(name))
      .map(([name, each]) => [name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), each]),
  );
}

function limitDefaults(): Defaults {
  const of = (keys: Readonly<Record<string, readonly [name: string, unit: number]>>, numbers: object): [string, unknown][] =>
    Object.entries(keys).flatMap(([key, [name, unit]]) => {
      const value = (numbers as Readonly<Record<string, number | undefined>>)[name];
      return value === undefined ? [] : [[key, value / unit]];
    });
  return Object.fromEntries([...of(LIMIT_KEYS, DEFAULT_LIMITS), ...of(HOST_LIMIT_KEYS, DEFAULT_HOST_LIMITS)]);
}

export function readKeysPage(): string {
  return readFileSync(PAGE, "utf8");
}

if (import.meta.main) writeFileSync(PAGE, withKeys(readKeysPage()));
