import type { Field } from "./fields.ts";
import type { Findings } from "./findings.ts";
import { quoted } from "./text.ts";
import { type Node, typeName } from "./tree.ts";

const ID_LENGTH_MAX = 64;
const ID = /^[A-Za-z0-9_-]+$/;

/** A key that takes the id of a step. */
export function identifier(doc: string): Field<string> {
  return { doc, required: false, schema: { type: "string", pattern: ID.source, maxLength: ID_LENGTH_MAX }, read: readId };
}

/** The id of a step: letters and digits of ASCII, `_` and `-`, so that no two ids look alike and none does anything to a terminal. */
function readId(node: Node, name: string, findings: Findings): string | undefined {
  if (node.kind === "scalar" && typeof node.value === "string") {
    const id = node.value;
    if (id === "") findings.error("invalid-id", node, `${name} is empty`);
    else if (!ID.test(id))
      findings.error("invalid-id", node, `${name} is ${quoted(id)}: an id has letters (A to Z), digits, "_" and "-" only`);
    else if (id.length > ID_LENGTH_MAX) findings.error("invalid-id", node, `${name} is longer than ${ID_LENGTH_MAX} characters`);
    else return id;
  } else {
    const inQuotes = node.kind === "scalar" && node.value !== null ? ": write it in quotes" : "";
    findings.error("wrong-type", node, `${name} must be a text, not ${typeName(node)}${inQuotes}`);
  }
  return undefined;
}
