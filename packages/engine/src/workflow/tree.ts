import type { Json } from "@glovebox/sandbox";
import type { Span } from "./source.ts";

/** A document's values with their places. An alias stands for the node of its anchor itself: nodes may be shared, never circular. */
export type Node = ScalarNode | ListNode | MapNode;

export interface ScalarNode extends Span {
  readonly kind: "scalar";
  /** Finite, where it is a number. */
  readonly value: null | boolean | number | string;
  readonly style: "plain" | "quoted" | "literal" | "folded";
}

interface ListNode extends Span {
  readonly kind: "list";
  readonly items: readonly Node[];
}

export interface MapNode extends Span {
  readonly kind: "map";
  /** In the order of the file. */
  readonly entries: ReadonlyMap<string, Entry>;
}

export interface Entry {
  readonly key: Span;
  readonly value: Node;
}

/** The values alone. Objects have no prototype: a key called `__proto__` is a key like any other. */
export function toJson(node: Node): Json {
  if (node.kind === "scalar") return node.value;
  if (node.kind === "list") return node.items.map(toJson);
  const object: Record<string, Json> = Object.create(null);
  for (const [name, entry] of node.entries) object[name] = toJson(entry.value);
  return object;
}

/** What a value is called in a message. */
export function typeName(node: Node): string {
  if (node.kind === "list") return "a list";
  if (node.kind === "map") return "a mapping";
  if (node.value === null) return "empty";
  if (typeof node.value === "boolean") return `${node.value}`;
  return typeof node.value === "number" ? `the number ${node.value}` : "a text";
}
