/** Replaces the rows of the table below a heading; the heading and the table's own head must be there. */
export function withRows(page: string, heading: string, head: string, rows: readonly (readonly string[])[]): string {
  const section = page.indexOf(`## ${heading}\n`);
  const at = page.indexOf(head, section);
  if (section < 0 || at < 0) throw new Error(`Cannot write the table of "${heading}": the page has no such heading with a table`);
  const start = at + head.length;
  const rest = page.slice(start).replace(/^(?:\|.*\n)*/, "");
  const lines = rows.map((row) => `| ${row.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |\n`);
  return page.slice(0, start) + lines.join("") + rest;
}
