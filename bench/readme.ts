import { readFileSync, writeFileSync } from "node:fs";

const START = "<!-- figures: written by `npm run bench -- --write` -->";
const END = "<!-- end of figures -->";

/** Puts text between the two markers of a Markdown file. */
export function writeFigures(file: string, text: string): void {
  const before = readFileSync(file, "utf8");
  const [start, end] = [before.indexOf(START), before.indexOf(END)];
  if (start < 0 || end < start) throw new Error(`Cannot write figures: ${file} lacks the markers "${START}" and "${END}"`);
  writeFileSync(file, `${before.slice(0, start + START.length)}\n\n${text}\n\n${before.slice(end)}`);
}
