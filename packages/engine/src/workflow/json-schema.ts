import type { Findings } from "./findings.ts";
import type { PlacedPattern } from "./pending.ts";
import { nearest, quoted } from "./text.ts";
import { type MapNode, type Node, typeName } from "./tree.ts";

type Kind =
  | "any"
  | "boolean"
  | "count"
  | "items"
  | "named-schemas"
  | "number"
  | "pattern"
  | "ref"
  | "schema"
  | "schemas"
  | "text"
  | "texts"
  | "type"
  | "values"
  | "mapping";

/** The keywords of JSON Schema 2020-12 (and `definitions`, which everyone knows), by what each takes. */
// biome-ignore format: a table
const KEYWORDS_BY_KIND: Readonly<Record<Kind, readonly string[]>> = {
  any: ["default", "const"],
  boolean: ["deprecated", "readOnly", "writeOnly", "uniqueItems"],
  count: ["minProperties", "maxProperties", "minItems", "maxItems", "minContains", "maxContains", "minLength", "maxLength"],
  items: ["items"],
  mapping: ["dependentRequired"],
  "named-schemas": ["$defs", "definitions", "properties", "patternProperties", "dependentSchemas"],
  number: ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"],
  pattern: ["pattern"],
  ref: ["$ref"],
  schema: ["additionalProperties", "unevaluatedProperties", "propertyNames", "additionalItems", "unevaluatedItems", "contains", "contentSchema", "not", "if", "then", "else"],
  schemas: ["prefixItems", "allOf", "anyOf", "oneOf"],
  text: ["$schema", "$id", "$comment", "$anchor", "title", "description", "format", "contentEncoding", "contentMediaType"],
  texts: ["required"],
  type: ["type"],
  values: ["enum", "examples"],
};
const KEYWORDS: ReadonlyMap<string, Kind> = new Map(
  (Object.keys(KEYWORDS_BY_KIND) as Kind[]).flatMap((kind) => KEYWORDS_BY_KIND[kind].map((name) => [name, kind] as const)),
);

const TYPES = ["object", "array", "string", "number", "integer", "boolean", "null"];
/** No value fits where the first is larger than the second. */
const ORDERED = [
  ["minimum", "maximum"],
  ["minLength", "maxLength"],
  ["minItems", "maxItems"],
  ["minProperties", "maxProperties"],
] as const;

/**
 * Checks the form of a JSON Schema: keywords take what they take, references lead somewhere, bounds don't contradict each other. Linear;
 * no regular expression is compiled here: those are collected in `patterns`.
 */
export function checkSchema(root: Node, findings: Findings, patterns: PlacedPattern[]): void {
  new SchemaChecker(root, findings, patterns).schema(root);
}

class SchemaChecker {
  readonly #root: Node;
  readonly #findings: Findings;
  readonly #patterns: PlacedPattern[];
  /** An alias can bring a schema many times; once is enough. */
  readonly #seen = new Set<Node>();

  constructor(root: Node, findings: Findings, patterns: PlacedPattern[]) {
    this.#root = root;
    this.#findings = findings;
    this.#patterns = patterns;
  }

  schema(node: Node): void {
    if (this.#seen.has(node)) return;
    this.#seen.add(node);
    if (node.kind === "scalar" && typeof node.value === "boolean") return;
    if (node.kind !== "map") {
      this.#findings.error("schema-invalid", node, `a schema must be a mapping, true or false, not ${typeName(node)}`);
      return;
    }
    for (const [name, { key, value }] of node.entries) {
      const kind = KEYWORDS.get(name);
      if (kind === undefined) {
        const meant = nearest(name, KEYWORDS.keys());
        if (meant !== undefined)
          this.#findings.warning("schema-invalid", key, `${quoted(name)} is no keyword of JSON Schema and checks nothing`, meant);
        continue;
      }
      const wanted = this.#keyword(name, kind, value);
      if (wanted !== undefined) {
        this.#findings.error("schema-invalid", value, `"${name}" of a schema must be ${wanted}, not ${typeName(value)}`);
      }
    }
    this.#contradictions(node);
  }

  /** Hands back what the value must be, where it isn't that. */
  #keyword(name: string, kind: Kind, node: Node): string | undefined {
    const value = node.kind === "scalar" ? node.value : undefined;
    switch (kind) {
      case "any":
        return undefined;
      case "boolean":
        return typeof value === "boolean" ? undefined : "true or false";
      case "count":
        return typeof value === "number" && Number.isInteger(value) && value >= 0 ? undefined : "a whole number from 0";
      case "number":
        return typeof value === "number" ? undefined : "a number";
      case "text":
        return typeof value === "string" ? undefined : "a text";
      case "texts":
        if (node.kind !== "list") return "a list of texts";
        for (const item of node.items) {
          if (item.kind === "scalar" && typeof item.value === "string") continue;
          this.#findings.error("schema-invalid", item, `an item of "${name}" must be a text, not ${typeName(item)}`);
        }
        return undefined;
      case "values":
        return node.kind === "list" ? undefined : "a list";
      case "mapping":
        return node.kind === "map" ? undefined : "a mapping";
      case "schema":
        this.schema(node);
        return undefined;
      case "items":
      case "schemas":
        if (node.kind === "list") for (const item of node.items) this.schema(item);
        else if (kind === "items") this.schema(node);
        else return "a list of schemas";
        return undefined;
      case "named-schemas":
        if (node.kind !== "map") return "a mapping of schemas";
        for (const [pattern, entry] of node.entries) {
          if (name === "patternProperties") this.#patterns.push({ source: pattern, span: entry.key });
          this.schema(entry.value);
        }
        return undefined;
      case "pattern":
        if (typeof value !== "string") return "a text";
        this.#patterns.push({ source: value, span: node });
        return undefined;
      case "ref":
        if (typeof value !== "string") return "a text";
        this.#reference(node, value);
        return undefined;
      case "type":
        for (const item of node.kind === "list" ? node.items : [node]) this.#type(item);
        return undefined;
    }
  }

  #type(node: Node): void {
    if (node.kind === "scalar" && typeof node.value === "string" && TYPES.includes(node.value)) return;
    const written = node.kind === "scalar" ? quoted(String(node.value)) : typeName(node);
    const hint = node.kind === "scalar" ? nearest(String(node.value), TYPES) : undefined;
    this.#findings.error("schema-invalid", node, `"type" of a schema must be one of ${TYPES.join(", ")}, not ${written}`, hint);
  }

  #reference(node: Node, reference: string): void {
    if (!reference.startsWith("#")) {
      this.#findings.error("schema-invalid", node, `"$ref" ${quoted(reference)} leads out of the document: only "#/..." is read`);
      return;
    }
    if (reference !== "#" && !reference.startsWith("#/")) return;
    let at: Node | undefined = this.#root;
    for (const part of reference.split("/").slice(1)) {
      const name = part.replaceAll("~1", "/").replaceAll("~0", "~");
      at = at?.kind === "map" ? at.entries.get(name)?.value : at?.kind === "list" ? at.items[Number(name)] : undefined;
    }
    if (at === undefined) this.#findings.error("schema-invalid", node, `"$ref" ${quoted(reference)} leads nowhere`);
  }

  #contradictions(map: MapNode): void {
    const never = (at: Node, why: string): void => this.#findings.error("schema-never-matches", at, `no value fits this schema: ${why}`);
    for (const [low, high] of ORDERED) {
      const least = numberIn(map.entries.get(low)?.value);
      const most = map.entries.get(high)?.value;
      if (most !== undefined && least !== undefined && least > (numberIn(most) ?? least)) never(most, `"${low}" is above "${high}"`);
    }
    const values = map.entries.get("enum")?.value;
    if (values?.kind === "list" && values.items.length === 0) never(values, `"enum" is empty`);
    const closed = map.entries.get("additionalProperties")?.value;
    const properties = map.entries.get("properties")?.value;
    const needed = map.entries.get("required")?.value;
    if (closed?.kind !== "scalar" || closed.value !== false || map.entries.has("patternProperties") || needed?.kind !== "list") return;
    for (const item of needed.items) {
      const name = item.kind === "scalar" ? String(item.value) : "";
      if (properties?.kind === "map" && properties.entries.has(name)) continue;
      never(item, `${quoted(name)} is required, and neither in "properties" nor allowed beside them`);
    }
  }
}

function numberIn(node: Node | undefined): number | undefined {
  return node?.kind === "scalar" && typeof node.value === "number" ? node.value : undefined;
}
