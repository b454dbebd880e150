import type { Json } from "@glovebox/sandbox";
import type { Findings } from "./findings.ts";
import type { Span } from "./source.ts";
import { nearest, quoted } from "./text.ts";
import { type MapNode, type Node, typeName } from "./tree.ts";

/*
 * The tables of keys are written with these: each says what a key takes, reads it with its place, and gives the JSON Schema that
 * editors use. Not zod: importing it takes as long as a tenth of a cold run may, and its problems have paths, not places.
 */

/** What a key takes. */
export interface Field<T> {
  readonly doc: string;
  readonly required: boolean;
  /** Undefined: it is refused, because its feature is not built yet; editors don't offer it. */
  readonly schema: JsonObject | undefined;
  /** `name` is a phrase for messages, such as `"imports"` or `an item of "imports"`. Undefined: refused, and that has been said. */
  read(node: Node, name: string, findings: Findings): T | undefined;
}

export type JsonObject = { readonly [key: string]: Json };

/** A value that was read, and where. */
export interface Placed<T> {
  readonly value: T;
  readonly node: Node;
  /** Its key; for an item of a list the item itself. */
  readonly key: Span;
}

export type Fields = Readonly<Record<string, Field<unknown>>>;

/** Refused values are missing, as if they had not been given. */
export type Values<F extends Fields> = { readonly [K in keyof F]?: F[K] extends Field<infer T> ? Placed<T> : never };

export function required<T>(field: Field<T>): Field<T> {
  return { ...field, required: true };
}

export function text(doc: string, lengthMax = 1_000_000): Field<string> {
  return field(doc, { type: "string", minLength: 1, maxLength: lengthMax }, (node, name, findings) => {
    const value = scalar(node, "string", "a text", name, findings);
    if (value === undefined) return undefined;
    if (value.trim() === "") findings.error("out-of-range", node, `${name} is empty`);
    else if (value.length > lengthMax) findings.error("out-of-range", node, `${name} is longer than ${lengthMax} characters`);
    else return value;
    return undefined;
  });
}

/** As {@link text}, and it may be empty: what a program gets, not a name. */
export function anyText(doc: string, lengthMax: number): Field<string> {
  return field(doc, { type: "string", maxLength: lengthMax }, (node, name, findings) => {
    const value = scalar(node, "string", "a text", name, findings);
    if (value === undefined || value.length <= lengthMax) return value;
    findings.error("out-of-range", node, `${name} is longer than ${lengthMax} characters`);
    return undefined;
  });
}

export function choice<const T extends string>(doc: string, values: readonly T[]): Field<T> {
  return field(doc, { enum: values }, (node, name, findings) => {
    const value = scalar(node, "string", `one of ${values.join(", ")}`, name, findings);
    if (value === undefined) return undefined;
    const known = values.find((candidate) => candidate === value);
    if (known !== undefined) return known;
    findings.error("unknown-value", node, `${name} must be one of ${values.join(", ")}, not ${quoted(value)}`, () =>
      nearest(value, values),
    );
    return undefined;
  });
}

export function flag(doc: string): Field<boolean> {
  return field(doc, { type: "boolean" }, (node, name, findings) => {
    if (node.kind === "scalar" && typeof node.value === "boolean") return node.value;
    findings.error("wrong-type", node, `${name} must be true or false, not ${typeName(node)}`);
    return undefined;
  });
}

export function whole(doc: string, min: number, max: number): Field<number> {
  return field(doc, { type: "integer", minimum: min, maximum: max }, (node, name, findings) => {
    const value = scalar(node, "number", "a whole number", name, findings);
    if (value !== undefined && !Number.isInteger(value)) findings.error("wrong-type", node, `${name} must be a whole number, not ${value}`);
    else if (value !== undefined && inRange(value, min, max, node, name, findings)) return value;
    return undefined;
  });
}

export function number(doc: string, min: number, max: number): Field<number> {
  return field(doc, { type: "number", minimum: min, maximum: max }, (node, name, findings) => {
    const value = scalar(node, "number", "a number", name, findings);
    return value !== undefined && inRange(value, min, max, node, name, findings) ? value : undefined;
  });
}

export function list<T>(doc: string, item: Field<T>): Field<readonly Placed<T>[]> {
  return field(doc, { type: "array", items: item.schema ?? true }, (node, name, findings) => {
    if (node.kind !== "list") {
      findings.error("wrong-type", node, `${name} must be a list, not ${typeName(node)}`);
      return undefined;
    }
    const values: Placed<T>[] = [];
    for (const element of node.items) {
      const value = item.read(element, `an item of ${name}`, findings);
      if (value !== undefined) values.push({ value, node: element, key: element });
    }
    return values;
  });
}

/** Values of one kind under names of the author's. */
export function mapOf<T>(doc: string, value: Field<T>): Field<ReadonlyMap<string, Placed<T>>> {
  return field(doc, { type: "object", additionalProperties: value.schema ?? true }, (node, name, findings) => {
    const values = new Map<string, Placed<T>>();
    for (const [key, entry] of mapping(node, name, findings)?.entries ?? []) {
      const read = value.read(entry.value, quoted(key), findings);
      if (read !== undefined) values.set(key, { value: read, node: entry.value, key: entry.key });
    }
    return node.kind === "map" ? values : undefined;
  });
}

export function record<F extends Fields>(doc: string, fields: F): Field<Values<F>> {
  return field(doc, recordSchema(fields), (node, name, findings) => {
    const map = mapping(node, name, findings);
    return map === undefined ? undefined : readRecord(map, fields, name, findings);
  });
}

/** Any mapping; what is in it is looked at elsewhere. */
export function anyMapping(doc: string, schema: JsonObject = { type: "object" }): Field<MapNode> {
  return field(doc, schema, mapping);
}

/** Any value; what is in it is looked at elsewhere. */
export function anyValue(doc: string): Field<Node> {
  return field(doc, {}, (node) => node);
}

/** Any list; what is in it is looked at elsewhere. */
export function anyList(doc: string, items: JsonObject): Field<readonly Node[]> {
  return field(doc, { type: "array", items }, (node, name, findings) => {
    if (node.kind === "list") return node.items;
    findings.error("wrong-type", node, `${name} must be a list, not ${typeName(node)}`);
    return undefined;
  });
}

/** A key of the design that has no effect yet: refused at its place, never ignored. */
export function notBuilt(doc: string): Field<never> {
  return { doc, required: false, schema: undefined, read: () => undefined };
}

/** Reads a mapping by its table of keys. `where` is a phrase for messages: `step "totals"`. */
export function readRecord<F extends Fields>(map: MapNode, fields: F, where: string, findings: Findings): Values<F> {
  const values: Record<string, Placed<unknown>> = Object.create(null);
  for (const [name, { key, value: node }] of map.entries) {
    const known = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (known === undefined) {
      findings.error("unknown-key", key, `${where} has no key ${quoted(name)}`, () => {
        const keys = Object.keys(fields).filter((candidate) => fields[candidate]?.schema !== undefined && !map.entries.has(candidate));
        return nearest(name, keys);
      });
    } else if (known.schema === undefined) {
      findings.error("not-built-yet", key, `${quoted(name)} is not built yet: ${known.doc}`);
    } else {
      const value = known.read(node, `"${name}"`, findings);
      if (value !== undefined) values[name] = { value, node, key };
    }
  }
  for (const [name, known] of Object.entries(fields)) {
    if (known.required && !map.entries.has(name)) findings.error("missing-key", firstKey(map), `${where} needs the key "${name}"`);
  }
  return values as Values<F>;
}

export function recordSchema(fields: Fields): JsonObject {
  const properties: Record<string, Json> = {};
  for (const [name, { doc, schema }] of Object.entries(fields)) {
    if (schema !== undefined) properties[name] = "$ref" in schema ? schema : { description: doc, ...schema };
  }
  const needed = Object.entries(fields).filter(([, known]) => known.required);
  return {
    type: "object",
    properties,
    ...(needed.length === 0 ? {} : { required: needed.map(([name]) => name) }),
    additionalProperties: false,
  };
}

/** Where something is said that a mapping lacks. */
export function firstKey(map: MapNode): Span {
  for (const entry of map.entries.values()) return entry.key;
  return map;
}

function field<T>(doc: string, schema: JsonObject, read: Field<T>["read"]): Field<T> {
  return { doc, required: false, schema, read };
}

function mapping(node: Node, name: string, findings: Findings): MapNode | undefined {
  if (node.kind === "map") return node;
  findings.error("wrong-type", node, `${name} must be a mapping, not ${typeName(node)}`);
  return undefined;
}

interface ScalarTypes {
  readonly string: string;
  readonly number: number;
}

function scalar<K extends keyof ScalarTypes>(
  node: Node,
  type: K,
  wanted: string,
  name: string,
  findings: Findings,
): ScalarTypes[K] | undefined {
  if (node.kind === "scalar" && typeof node.value === type) return node.value as ScalarTypes[K];
  const inQuotes = wanted === "a text" && node.kind === "scalar" && node.value !== null ? ": write it in quotes" : "";
  findings.error("wrong-type", node, `${name} must be ${wanted}, not ${typeName(node)}${inQuotes}`);
  return undefined;
}

function inRange(value: number, min: number, max: number, node: Node, name: string, findings: Findings): boolean {
  if (value >= min && value <= max) return true;
  findings.error("out-of-range", node, `${name} must be from ${min} to ${max}, not ${value}`);
  return false;
}
