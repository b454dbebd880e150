import type { Json } from "@glovebox/sandbox";
import { printable } from "../run/printable.ts";
import type { Template } from "../workflow/document.ts";
import { parseTemplate, type TemplatePart } from "./reference.ts";
import { lookUp, type Scope } from "./scope.ts";

/** A reference in a template leads nowhere. The message says where it ends. */
export class Unresolved extends Error {}

/** The expressions in a template, each once, in their order. Plain references are none. */
export function expressionsIn(template: Template): readonly string[] {
  const sources = new Set<string>();
  visit(template, (text) => {
    for (const part of parseTemplate(text).parts) if (part.kind === "expression") sources.add(part.source);
  });
  return [...sources];
}

/**
 * The template with all its references and expressions replaced. A string that is only one of them keeps the value's type; elsewhere
 * text goes in as it is and any other value as JSON. Keys are never templates.
 * @param values what the template's expressions came to
 * @throws Unresolved where a reference leads nowhere
 */
export function fill(template: Template, scope: Scope, values: ReadonlyMap<string, Json>): Json {
  if (typeof template === "string") return fillText(template, scope, values);
  if (template === null || typeof template !== "object") return template;
  if (Array.isArray(template)) return (template as readonly Json[]).map((item) => fill(item, scope, values));
  return Object.fromEntries(Object.entries(template).map(([key, value]) => [key, fill(value, scope, values)]));
}

function fillText(text: string, scope: Scope, values: ReadonlyMap<string, Json>): Json {
  const { parts } = parseTemplate(text);
  const [only] = parts;
  if (only === undefined) return "";
  if (parts.length === 1) return partValue(only, scope, values);
  return parts.map((part) => asText(partValue(part, scope, values))).join("");
}

function partValue(part: TemplatePart, scope: Scope, values: ReadonlyMap<string, Json>): Json {
  if (part.kind === "text") return part.text;
  if (part.kind === "reference") {
    const result = lookUp(part.reference, scope);
    if (!result.found) throw new Unresolved(`Cannot resolve ${quoted(part.source)}: ${result.message}`);
    return result.value;
  }
  const value = values.get(part.source);
  if (value === undefined) throw new Error("assertion: an expression of a template was not evaluated");
  return value;
}

/** An expression as it stands in its document, for messages. */
export function quoted(source: string): string {
  return `\${{ ${printable(source.trim(), 200)} }}`;
}

/** Text as it is, any other value as JSON. */
export function asText(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function visit(template: Template, onText: (text: string) => void): void {
  if (typeof template === "string") onText(template);
  else if (template !== null && typeof template === "object") for (const value of Object.values(template)) visit(value, onText);
}
