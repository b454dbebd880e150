import { audit, type Check, type Row, type Verdict } from "./audit.ts";
import { PYTHON_ROWS } from "./rows/a-python.ts";
import { JAVASCRIPT_ROWS } from "./rows/b-javascript.ts";
import { MODULE_ROWS } from "./rows/c-modules.ts";
import { WASI_ROWS } from "./rows/d-wasi.ts";
import { HTTP_ROWS } from "./rows/e-http.ts";
import { PARSING_ROWS } from "./rows/f-parsing.ts";
import { CELL_ROWS } from "./rows/g-cells.ts";
import { NINE } from "./rows/nine.ts";

// `npm run audit [-- PART]`: every attack against process cells and thread cells, with a cross-check after each; a table by section. Ends
// with 1 if one got through. Rows of parts that are not built are printed and counted as such, never as passed.

export const ALL_ROWS: readonly (Row | Check)[] = [
  ...NINE,
  ...PYTHON_ROWS,
  ...JAVASCRIPT_ROWS,
  ...MODULE_ROWS,
  ...WASI_ROWS,
  ...HTTP_ROWS,
  ...PARSING_ROWS,
  ...CELL_ROWS,
];

if (import.meta.main) {
  const part = process.argv[2]?.toLowerCase() ?? "";
  const rows = ALL_ROWS.filter(({ section, attack }) => `${section} ${attack}`.toLowerCase().includes(part));
  const verdicts: Verdict[] = [];
  for (const home of ["process", "thread"] as const) {
    await audit(rows, home, (verdict) => {
      verdicts.push(verdict);
      const mark = verdict.result === "contained" ? "✓" : verdict.result === "not built" ? "–" : "✗";
      if (mark !== "✓") console.log(`${mark} ${home.padEnd(8)} ${verdict.section}: ${verdict.attack}: ${verdict.result}`);
    });
  }
  console.log(table(verdicts));
  const { contained, notBuilt, through } = countOf(verdicts);
  console.log(`Node ${process.version}: ${contained} contained, ${notBuilt} not built, ${through} got through`);
  process.exitCode = through > 0 || verdicts.length === 0 ? 1 : 0;
}

function countOf(verdicts: readonly Verdict[]): { readonly contained: number; readonly notBuilt: number; readonly through: number } {
  const count = (wanted: string) => verdicts.filter(({ result }) => result === wanted).length;
  const [contained, notBuilt] = [count("contained"), count("not built")];
  return { contained, notBuilt, through: verdicts.length - contained - notBuilt };
}

function table(verdicts: readonly Verdict[]): string {
  const lines = [`${"section".padEnd(32)} ${"cells".padEnd(8)} contained  not built  got through`];
  for (const section of new Set(verdicts.map((verdict) => verdict.section))) {
    for (const home of ["process", "thread"]) {
      const { contained, notBuilt, through } = countOf(verdicts.filter((verdict) => verdict.section === section && verdict.home === home));
      const numbers = `${String(contained).padStart(9)}  ${String(notBuilt).padStart(9)}  ${String(through).padStart(11)}`;
      lines.push(`${section.padEnd(32)} ${home.padEnd(8)} ${numbers}`);
    }
  }
  return lines.join("\n");
}
