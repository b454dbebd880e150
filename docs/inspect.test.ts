import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { FINDINGS } from "../packages/engine/src/inspect/finding.ts";

test("docs/inspect.md lists every finding with its severity and what it says, and no other", () => {
  const page = readFileSync(new URL("inspect.md", import.meta.url), "utf8");
  const rows = page.split("\n").filter((line) => /^\| `/.test(line));
  assert.deepEqual(
    rows,
    Object.entries(FINDINGS).map(([code, [severity, says]]) => `| \`${code}\` | ${severity} | ${says} |`),
  );
});
