// Writes the tables of docs/errors.md from the codes in the sources: `npm run docs`.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PROBLEM_CODES } from "../packages/engine/src/workflow/problems.ts";
import { ERROR_CODES } from "../packages/sandbox/src/codes.ts";
import { withRows } from "./page-table.ts";
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
  const rows = Object.entries(codes).map(([code, meaning]) => [`\`${code}\``, meaning]);
  return withRows(page, heading, HEAD, rows);
}

export function readPage(): string {
  return readFileSync(PAGE, "utf8");
}

if (import.meta.main) writeFileSync(PAGE, withTables(readPage()));
