import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { BUILTIN_TOOLS, LOCAL_PROCESSORS } from "@glovebox/engine";

const page = readFileSync(new URL("runs.md", import.meta.url), "utf8");

test("docs/runs.md lists every tool with its arguments, and every local processor with its options", () => {
  const rows = page.split("\n").filter((line) => line.startsWith("|"));
  for (const { name, arguments: takes } of BUILTIN_TOOLS) {
    const row = rows.find((line) => line.startsWith(`| \`${name}\``));
    assert.ok(row, name);
    assert.deepEqual(
      [...(row.split("|")[2] ?? "").matchAll(/`(\w+)`/g)].map(([, argument]) => argument),
      takes.map((argument) => argument.name),
      name,
    );
  }
  for (const { name, options } of LOCAL_PROCESSORS.values()) {
    const row = rows.find((line) => line.split("|")[1]?.includes(`\`${name}\``));
    assert.ok(row, name);
    for (const option of options) assert.ok(row.includes(`\`${option}\``), option);
  }
});
