import type { Json } from "@glovebox/sandbox";
import type { ToolArgumentType, ToolSignature, ToolValues } from "./tool.ts";

/** What is wrong with the values that a tool is to be called with: one sentence for each. */
export function argumentProblems(tool: ToolSignature, values: ToolValues): readonly string[] {
  const problems: string[] = [];
  for (const { name, type, required } of tool.arguments) {
    const value = values[name];
    if (value === undefined) {
      if (required) problems.push(`argument "${name}" is missing`);
    } else if (!fits(value, type)) {
      problems.push(`argument "${name}" must be ${ARTICLES[type]}, and is ${described(value)}`);
    }
  }
  for (const name of Object.keys(values)) {
    if (!tool.arguments.some((argument) => argument.name === name)) problems.push(`there is no argument ${JSON.stringify(name)}`);
  }
  return problems;
}

const ARTICLES: Readonly<Record<ToolArgumentType, string>> = {
  string: "a string",
  number: "a number",
  integer: "a whole number",
  boolean: "true or false",
  list: "a list",
  object: "an object",
  any: "anything",
};

function fits(value: Json, type: ToolArgumentType): boolean {
  switch (type) {
    case "any":
      return true;
    case "list":
      return Array.isArray(value);
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    case "integer":
      return Number.isSafeInteger(value);
    default:
      return typeof value === type;
  }
}

function described(value: Json): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
