import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { whatIsMissing } from "./install.js";
import { ROOT } from "./setup.js";

type Packages = Record<string, { version?: string; integrity?: string; optional?: boolean }>;

const A: Packages = { "node_modules/a": { version: "1.0.0", integrity: "sha512-a" } };

function clone(t: TestContext, locked: Packages, installed?: Packages): string {
  const root = mkdtempSync(join(tmpdir(), "clone-"));
  t.after(() => rmSync(root, { recursive: true }));
  const workspace = { "": {}, "packages/own": { version: "0.1.0" } };
  writeFileSync(join(root, "package-lock.json"), JSON.stringify({ packages: { ...workspace, ...locked } }));
  if (installed === undefined) return root;
  for (const path of Object.keys(installed)) mkdirSync(join(root, path), { recursive: true });
  mkdirSync(join(root, "node_modules"), { recursive: true });
  const own = { "packages/own": { version: "0.1.0" } };
  writeFileSync(join(root, "node_modules/.package-lock.json"), JSON.stringify({ packages: { ...own, ...installed } }));
  return root;
}

test("whatIsMissing() finds nothing in this clone", () => {
  assert.equal(whatIsMissing(ROOT), undefined);
});

test("whatIsMissing() sees a fresh clone, and an install that was interrupted", (t) => {
  const root = clone(t, A);
  assert.equal(whatIsMissing(root), "none are installed");
  mkdirSync(join(root, "node_modules/a"), { recursive: true });
  assert.equal(whatIsMissing(root), "none are installed");
});

test("whatIsMissing() holds versions and digests against the lock file", (t) => {
  assert.equal(whatIsMissing(clone(t, A, A)), undefined);
  assert.match(whatIsMissing(clone(t, A, {})) ?? "", /node_modules\/a is missing/);
  const other = { "node_modules/a": { version: "1.0.1", integrity: "sha512-a" } };
  assert.match(whatIsMissing(clone(t, A, other)) ?? "", /is not as locked/);
  const changed = { "node_modules/a": { version: "1.0.0", integrity: "sha512-b" } };
  assert.match(whatIsMissing(clone(t, A, changed)) ?? "", /is not as locked/);
  assert.match(whatIsMissing(clone(t, {}, A)) ?? "", /is no longer needed/);
});

test("whatIsMissing() sees a package whose folder was deleted", (t) => {
  const root = clone(t, A, A);
  rmSync(join(root, "node_modules/a"), { recursive: true });
  assert.match(whatIsMissing(root) ?? "", /is missing/);
});

test("whatIsMissing() does not miss the optional packages of other platforms", (t) => {
  assert.equal(whatIsMissing(clone(t, { ...A, "node_modules/b": { version: "1.0.0", optional: true } }, A)), undefined);
});
