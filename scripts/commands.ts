/** The npm scripts and the `glovebox` command lines that a Markdown page tells its reader to type. */
export function commandsOf(markdown: string): { scripts: string[]; glovebox: string[][] } {
  const fences = Array.from(markdown.matchAll(/^```(?:sh|shell|console)?\n([\s\S]*?)^```/gm), (match) => match[1] ?? "");
  const spans = Array.from(markdown.replace(/^```[\s\S]*?^```/gm, "").matchAll(/`([^`\n]+)`/g), (match) => match[1] ?? "");
  const lines = [...fences.flatMap((fence) => fence.split("\n")), ...spans].map((line) => line.replace(/^\$ /, "").trim());
  const scripts = new Set<string>();
  const glovebox: string[][] = [];
  for (const line of lines) {
    const [script] = /^npm (?:run [a-z:]+|start|test)\b/.exec(line) ?? [];
    if (script !== undefined) scripts.add(script.replace(/^npm (?:run )?/, ""));
    const [, rest] = /^(?:npx )?glovebox\s+([^#]+)/.exec(line) ?? [];
    if (rest !== undefined) glovebox.push(rest.trim().split(/\s+/));
  }
  return { scripts: [...scripts], glovebox };
}
