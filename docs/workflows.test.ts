import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { loadWorkflow, renderProblems } from "@glovebox/engine";
import type { Json } from "@glovebox/sandbox";
import { readKeysPage, withKeys } from "../scripts/keys-page.ts";
import { ROOT } from "../scripts/setup.js";

const PAGES = globSync("docs/*.md", { cwd: ROOT }).map((page) => readFileSync(join(ROOT, page), "utf8"));

test("docs/workflows.md lists every key with what it takes, means and is without it, and no other", () => {
  const page = readKeysPage();
  assert.equal(page, withKeys(page), "run `npm run docs`");
});

test("every key that editors offer stands in a page", () => {
  const schema = JSON.parse(readFileSync(join(ROOT, "packages/engine/src/workflow/schema.json"), "utf8")) as Json;
  const keys = [...keysIn(schema)];
  assert.ok(keys.includes("fuel") && keys.includes("redirects") && keys.includes("scratch"));
  const text = PAGES.join("\n");
  assert.deepEqual(
    keys.filter((key) => !text.includes(`\`${key}\``)),
    [],
  );
});

test("the document in docs/workflows.md has no problems", () => {
  const [, yaml = ""] = /```yaml\n([^`]*)```/.exec(readKeysPage()) ?? [];
  const { problems, source } = loadWorkflow(yaml, { file: "w.yaml" });
  assert.ok(yaml.includes("steps:"));
  assert.equal(renderProblems(problems, source), "");
});

/** Names of properties, wherever a JSON Schema lists some. */
function keysIn(schema: Json): ReadonlySet<string> {
  if (schema === null || typeof schema !== "object") return new Set();
  if (Array.isArray(schema)) return new Set((schema as readonly Json[]).flatMap((each) => [...keysIn(each)]));
  return new Set(
    Object.entries(schema).flatMap(([name, value]) =>
      name === "properties"
        ? [...Object.keys(value as object), ...Object.values(value as object).flatMap((each) => [...keysIn(each as Json)])]
        : [...keysIn(value)],
    ),
  );
}
