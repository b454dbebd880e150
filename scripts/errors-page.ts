// Writes the tables of docs/errors.md from the codes in the sources: `npm run docs`.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PROBLEM_CODES } from "../packages/engine/src/workflow/problems.ts";
import { ERROR_CODES } from "../packages/sandbox/src/codes.ts";
import { ROOT } from "./setup.js";

const PAGE = join(ROOT, "docs/errors.md");
const HEAD = "| Code | Meaning |\n| --- | --- |\n";

/** Heading to the codes below it. */
const TABLES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "Codes of errors": ERROR_CODES,
  "Codes of problems in a document": PROBLEM_CODES,
};

/** The page with every table as the sources have it. */
export function withTables(page: string): string {
  let result = page;
  for (const [heading, codes] of Object.entries(TABLES)) result = withTable(result, heading, codes);
  return result;
}

/** Replaces the table below a heading; the heading and the table's own head must be there. */
export function withTable(page: string, heading: string, codes: Readonly<Record<string, string>>): string {
  const section = page.indexOf(`## ${heading}\n`);
  const head = page.indexOf(HEAD, section);
  if (section < 0 || head < 0) throw new Error(`Cannot write the table of "${heading}": docs/errors.md has no such heading with a table`);
  const start = head + HEAD.length;
  const rest = page.slice(start).replace(/^(?:\|.*\n)*/, "");
  const rows = Object.entries(codes).map(([code, meaning]) => `| \`${code}\` | ${meaning.replaceAll("|", "\\|")} |\n`);
  return page.slice(0, start) + rows.join("") + rest;
}

export function readPage(): string {
  return readFileSync(PAGE, "utf8");
}

if (import.meta.main) writeFileSync(PAGE, withTables(readPage()));
