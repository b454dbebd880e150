import { audit, type Check, type Row, type Verdict } from "./audit.ts";
import { PYTHON_ROWS } from "./rows/a-python.ts";
import { JAVASCRIPT_ROWS } from "./rows/b-javascript.ts";
import { MODULE_ROWS } from "./rows/c-modules.ts";
import { WASI_ROWS } from "./rows/d-wasi.ts";
import { HTTP_ROWS } from "./rows/e-http.ts";
import { PARSING_ROWS } from "./rows/f-parsing.ts";
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
  process.exitCode = verdicts.some(({ result }) => result !== "contained" && result !== "not built") || verdicts.length === 0 ? 1 : 0;
}

function table(verdicts: readonly Verdict[]): string {
  const lines = [`${"section".padEnd(32)} ${"cells".padEnd(8)} contained  not built  got through`];
  for (const section of new Set(verdicts.map((verdict) => verdict.section))) {
    for (const home of ["process", "thread"]) {
      const own = verdicts.filter((verdict) => verdict.section === section && verdict.home === home);
      const count = (result: string) => own.filter((verdict) => verdict.result === result).length;
      const [good, missing] = [count("contained"), count("not built")];
      lines.push(
        `${section.padEnd(32)} ${home.padEnd(8)} ${String(good).padStart(9)}  ${String(missing).padStart(9)}  ${String(own.length - good - missing).padStart(11)}`,
      );
    }
  }
  return lines.join("\n");
}
