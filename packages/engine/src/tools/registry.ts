import { GloveboxError } from "@glovebox/sandbox";
import { csv } from "./csv.ts";
import { packages } from "./packages.ts";
import { readText } from "./read_text.ts";
import type { Tool } from "./tool.ts";
import { writeText } from "./write_text.ts";

/** The tools that come with the engine. */
export const BUILTIN_TOOLS: readonly Tool[] = [csv, packages, readText, writeText];

/** Tools by name. @throws GloveboxError `TOOL_INVALID` where two have the same */
export function toolsByName(tools: Iterable<Tool>): ReadonlyMap<string, Tool> {
  const byName = new Map<string, Tool>();
  for (const tool of tools) {
    if (byName.has(tool.name)) throw new GloveboxError("TOOL_INVALID", `Cannot register tool "${tool.name}": there is one of that name`);
    byName.set(tool.name, tool);
  }
  return byName;
}
