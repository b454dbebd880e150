import type { ToolArgument, ToolSignature } from "../tools/tool.ts";
import type { Findings } from "./findings.ts";
import type { PlacedTool } from "./pending.ts";
import { nearest, quoted } from "./text.ts";
import { type Node, typeName } from "./tree.ts";

/** Checks that every tool exists, and its arguments as far as they are written out. */
export function checkTools(used: readonly PlacedTool[], tools: ReadonlyMap<string, ToolSignature>, findings: Findings): void {
  for (const { name, span, step, given, refused } of used) {
    const tool = tools.get(name);
    if (tool === undefined) {
      findings.error("unknown-tool", span, `${step} uses the tool ${quoted(name)}, which does not exist`, () =>
        nearest(name, tools.keys()),
      );
      continue;
    }
    const known = new Map(tool.arguments.map((argument) => [argument.name, argument]));
    for (const [argumentName, { key, value }] of given?.entries ?? []) {
      const argument = known.get(argumentName);
      if (argument !== undefined) checkType(argument, value, findings);
      else
        findings.error("unknown-argument", key, `tool "${name}" takes no argument ${quoted(argumentName)}`, () =>
          nearest(argumentName, known.keys()),
        );
    }
    for (const argument of tool.arguments) {
      if (!argument.required || refused || given?.entries.has(argument.name)) continue;
      findings.error("missing-argument", span, `tool "${name}" needs the argument "${argument.name}"`);
    }
  }
}

function checkType({ name, type }: ToolArgument, node: Node, findings: Findings): void {
  if (type === "any" || (node.kind === "scalar" && typeof node.value === "string" && node.value.includes("${{"))) return;
  const is = node.kind === "scalar" ? typeof node.value : node.kind === "map" ? "object" : "list";
  const whole = node.kind === "scalar" && Number.isInteger(node.value);
  if (is === type && !(node.kind === "scalar" && node.value === null)) return;
  if (type === "integer" && whole) return;
  findings.error("wrong-type", node, `"${name}" must be ${TYPE_NAMES[type]}, not ${typeName(node)}`);
}

const TYPE_NAMES: Readonly<Record<Exclude<ToolArgument["type"], "any">, string>> = {
  string: "a text",
  number: "a number",
  integer: "a whole number",
  boolean: "true or false",
  list: "a list",
  object: "a mapping",
};
