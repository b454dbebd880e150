import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { brokenLinks } from "../scripts/links.ts";
import { ROOT } from "../scripts/setup.js";

const PAGES = globSync(["*.md", "{docs,examples,guests,bench,packages}/**/*.md"], { cwd: ROOT, exclude: ["**/node_modules/**"] });

function read(path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  return path.endsWith(".md") ? readFileSync(path, "utf8") : "";
}

test("every link in every page leads to a file, and to a heading that it has", () => {
  assert.ok(PAGES.includes("README.md"));
  assert.deepEqual(
    PAGES.flatMap((page) => brokenLinks(join(ROOT, page), readFileSync(join(ROOT, page), "utf8"), read)),
    [],
  );
});

test("brokenLinks() finds links to files and headings that don't exist", () => {
  const files = new Map([
    ["/a/here.md", "# Top\n\n## The `other` part\n"],
    ["/b.md", "text"],
  ]);
  const of = (markdown: string) => brokenLinks("/a/page.md", markdown, (path) => files.get(path)).length;
  assert.equal(dirname("/a/page.md"), "/a");
  assert.equal(of("[x](here.md) [x](../b.md) [x](https://example.org/gone) ![x](here.md)"), 0);
  assert.equal(of("[x](here.md#the-other-part) [x](#own)\n# Own"), 0);
  assert.equal(of("[x](gone.md)"), 1);
  assert.equal(of("[x](here.md#gone)"), 1);
  assert.equal(of("[x](#gone)"), 1);
  assert.equal(of("```\n[x](gone.md)\n```\nand `[x](gone.md)`"), 0);
});
