import { GloveboxError, type Json, LIMIT_CAPS } from "@glovebox/sandbox";
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

/** Characters of JSON that templates which are filled together may come to: what a guest's input may have at the most. */
const FILLED_MAX = LIMIT_CAPS.inputBytes;

/**
 * Fills templates that belong together: all references and expressions are replaced. A string that is only one of them keeps the value's type;
 * elsewhere text goes in as it is and any other value as JSON. Keys are never templates.
 *
 * A document names a large value as often as it likes: what it all comes to is counted before it is put together.
 */
export class Filling {
  readonly #scope: Scope;
  readonly #values: ReadonlyMap<string, Json>;
  readonly #texts = new Map<object, string>();
  #left = FILLED_MAX;

  /** @param values what the templates' expressions came to */
  constructor(scope: Scope, values: ReadonlyMap<string, Json>) {
    this.#scope = scope;
    this.#values = values;
  }

  /**
   * @throws Unresolved where a reference leads nowhere
   * @throws GloveboxError `INPUT_TOO_LARGE` where this template, and those before, come to too much
   */
  fill(template: Template): Json {
    if (typeof template === "string") return this.#text(template);
    if (template === null || typeof template !== "object") return template;
    if (Array.isArray(template)) return (template as readonly Json[]).map((item) => this.fill(item));
    return Object.fromEntries(Object.entries(template).map(([key, value]) => [key, this.fill(value)]));
  }

  #text(text: string): Json {
    const { parts } = parseTemplate(text);
    const [only] = parts;
    if (only === undefined) return "";
    if (parts.length === 1) return this.#value(only);
    return parts.map((part) => this.#asText(this.#value(part))).join("");
  }

  #value(part: TemplatePart): Json {
    const value = part.kind === "text" ? part.text : partValue(part, this.#scope, this.#values);
    this.#left -= this.#asText(value).length;
    if (this.#left < 0)
      throw new GloveboxError(
        "INPUT_TOO_LARGE",
        `Cannot fill in templates: with their values they come to more than ${FILLED_MAX} characters`,
      );
    return value;
  }

  /** Text as it is, any other value as JSON, which is made once of a value that is used again. */
  #asText(value: Json): string {
    if (typeof value === "string") return value;
    if (value === null || typeof value !== "object") return JSON.stringify(value);
    const known = this.#texts.get(value);
    if (known !== undefined) return known;
    const text = JSON.stringify(value);
    this.#texts.set(value, text);
    return text;
  }
}

function partValue(part: Exclude<TemplatePart, { kind: "text" }>, scope: Scope, values: ReadonlyMap<string, Json>): Json {
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
