import type { DeclaredSecret } from "./document.ts";
import { type Field, type JsonObject, type Placed, readRecord, record, text } from "./fields.ts";
import type { Findings } from "./findings.ts";
import type { Span } from "./source.ts";
import { quoted } from "./text.ts";
import { type Node, typeName } from "./tree.ts";

/** What an environment variable can be called too. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;
const ABOUT = { description: text("what it is for, and where to get one", 10_000) };

const NAME_SCHEMA: JsonObject = { type: "string", pattern: NAME.source };

/** The name of a secret, wherever one stands. */
export const SECRET_NAME: Field<string> = {
  doc: "the name of a secret that the document declares",
  required: false,
  schema: NAME_SCHEMA,
  read: readName,
};

/** `secrets` of a document: a list of names, or names with what they are for. */
export const SECRETS: Field<readonly Placed<DeclaredSecret>[]> = {
  doc: "secrets that steps may use; one that is not declared does not exist",
  required: false,
  schema: {
    anyOf: [
      { type: "array", items: NAME_SCHEMA },
      {
        type: "object",
        propertyNames: NAME_SCHEMA,
        additionalProperties: { anyOf: [record("about it", ABOUT).schema ?? {}, { type: "null" }] },
      },
    ],
  },
  read: readSecrets,
};

function readSecrets(node: Node, name: string, findings: Findings): readonly Placed<DeclaredSecret>[] | undefined {
  const declared: Placed<DeclaredSecret>[] = [];
  const add = (secret: DeclaredSecret | undefined, at: Node, key: Span): void => {
    if (secret === undefined) return;
    if (declared.some(({ value }) => value.name === secret.name))
      findings.error("duplicate-key", key, `the secret ${quoted(secret.name)} is declared twice`);
    else declared.push({ value: secret, node: at, key });
  };
  if (node.kind === "list") {
    for (const item of node.items) {
      const read = readName(item, `an item of ${name}`, findings);
      add(read === undefined ? undefined : { name: read }, item, item);
    }
  } else if (node.kind === "map") {
    for (const [secret, { key, value }] of node.entries) {
      if (!NAME.test(secret)) findings.error("invalid-secret-name", key, messageFor(secret));
      else if (value.kind === "scalar" && value.value === null) add({ name: secret }, value, key);
      else if (value.kind !== "map")
        findings.error("wrong-type", value, `${quoted(secret)} must be a mapping, or empty, not ${typeName(value)}`);
      else {
        const { description } = readRecord(value, ABOUT, `secret ${quoted(secret)}`, findings);
        add({ name: secret, ...(description === undefined ? {} : { description: description.value }) }, value, key);
      }
    }
  } else {
    findings.error("wrong-type", node, `${name} must be a list of names, or a mapping, not ${typeName(node)}`);
    return undefined;
  }
  return declared;
}

function readName(node: Node, name: string, findings: Findings): string | undefined {
  if (node.kind !== "scalar" || typeof node.value !== "string") {
    findings.error("wrong-type", node, `${name} must be the name of a secret, not ${typeName(node)}`);
    return undefined;
  }
  if (NAME.test(node.value)) return node.value;
  findings.error("invalid-secret-name", node, messageFor(node.value));
  return undefined;
}

function messageFor(name: string): string {
  return `${quoted(name)} is no name of a secret: it has letters (A to Z), digits and "_", no digit first, 64 characters at most`;
}
