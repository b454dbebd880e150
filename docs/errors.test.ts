import assert from "node:assert/strict";
import { test } from "node:test";
import { readPage, withTable, withTables } from "../scripts/errors-page.ts";

test("docs/errors.md lists every code with its meaning, and no other", () => {
  const page = readPage();
  assert.equal(page, withTables(page), "run `npm run docs`");
});

test("withTable() adds what is missing, takes away what is gone and keeps the text around", () => {
  const page = "# A\n\n## B\n\n| Code | Meaning |\n| --- | --- |\n| `GONE` | Was here. |\n\nBehind it.\n";
  const expected = "# A\n\n## B\n\n| Code | Meaning |\n| --- | --- |\n| `NEW` | This \\| that. |\n\nBehind it.\n";
  assert.equal(withTable(page, "B", { NEW: "This | that." }), expected);
  assert.throws(() => withTable(page, "C", {}), /no such heading/);
});
