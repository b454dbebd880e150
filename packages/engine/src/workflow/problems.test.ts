import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { PROBLEM_CODES } from "./problems.ts";

test("PROBLEM_CODES have a case each, and no case has another code", () => {
  const here = new URL("./", import.meta.url);
  const files = readdirSync(here, { recursive: true, encoding: "utf8" }).filter(
    (file) => file.endsWith(".md") || file.endsWith(".test.ts"),
  );
  const configuration = readFileSync(new URL("../configuration/cases.md", here), "utf8");
  const text = [...files.map((file) => readFileSync(new URL(file.replaceAll("\\", "/"), here), "utf8")), configuration].join("\n");
  const shown = new Set(text.matchAll(/(?:\[|")([a-z]+(?:-[a-z]+)+)(?:\]|")/g).map(([, code]) => code));
  const missing = Object.keys(PROBLEM_CODES).filter((code) => !shown.has(code));
  assert.deepEqual(missing, []);
  const rendered = new Set(text.matchAll(/(?:error|warning): .* \[([a-z-]+)\]$/gm).map(([, code]) => code ?? ""));
  assert.deepEqual(
    [...rendered].filter((code) => !(code in PROBLEM_CODES)),
    [],
  );
});
