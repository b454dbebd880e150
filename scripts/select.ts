import { globSync } from "node:fs";

/** Where tests are. */
const PATTERNS = ["{packages,examples,guests,docs,scripts,bench,audit,fuzz}/**/*.test.ts"];

/** Every test file of the repository, as paths below `root` with forward slashes, sorted. */
export function testFiles(root: string): string[] {
  return globSync(PATTERNS, { cwd: root, exclude: ["**/node_modules/**"] })
    .map((file) => file.replaceAll("\\", "/"))
    .sort();
}

/** Whether a test belongs to the quick ones: what starts no cell and builds nothing takes milliseconds. */
export function quick(file: string): boolean {
  return QUICK.some((folder) => file.startsWith(folder));
}

const QUICK = [
  "packages/sandbox/src/wasm/",
  "packages/engine/src/configuration/",
  "packages/engine/src/explain/",
  "packages/engine/src/expression/",
  "packages/engine/src/policy/",
  "packages/engine/src/run/",
  "packages/engine/src/workflow/",
  "docs/",
  "scripts/",
];
