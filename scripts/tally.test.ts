import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run, test } from "node:test";
import { Tally } from "./tally.ts";

const HEAD = 'import { describe, it, test } from "node:test"; import assert from "node:assert/strict";\n';

async function tally(files: Record<string, string>): Promise<{ lines: string[]; passed: number; failed: number }> {
  const folder = mkdtempSync(join(tmpdir(), "tally-"));
  try {
    for (const [name, source] of Object.entries(files)) writeFileSync(join(folder, name), HEAD + source);
    const paths = Object.keys(files).map((name) => join(folder, name));
    const counts = new Tally(folder, paths);
    const lines: string[] = [];
    // The runner refuses to run inside of a test as long as it sees that it is in one.
    const context = process.env["NODE_TEST_CONTEXT"];
    delete process.env["NODE_TEST_CONTEXT"];
    const events = run({ files: paths, concurrency: 1 });
    process.env["NODE_TEST_CONTEXT"] = context;
    for await (const event of events) lines.push(...counts.add(event));
    lines.push(...counts.end());
    return { lines, passed: counts.passed, failed: counts.failed };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("Tally counts tests, not suites, and a parent only for what it did itself", async () => {
  const { lines } = await tally({
    "a.mjs": 'describe("suite", () => { it("a", () => {}); it("b", () => assert.equal(1, 2)); });',
    "b.mjs": 'test("parent", async (t) => { await t.test("c", () => { throw new Error("broken"); }); });',
  });
  assert.equal(lines.at(-1), "1 passed, 2 failed");
  assert.ok(lines.some((line) => /^FAIL a\.mjs:2: b$/.test(line)));
  assert.ok(lines.some((line) => line.includes("broken")));
});

test("Tally shows what was skipped, with the reason", async () => {
  const { lines } = await tally({ "a.mjs": 'test("a", (t) => t.skip("no compiler here")); test("b", () => {});' });
  assert.deepEqual(lines.slice(-2), ["skip a.mjs: a: no compiler here", "1 passed, 0 failed, 1 skipped"]);
});

test("Tally does not take a file for done that ends with success after its first test", async () => {
  const later = "new Promise((resolve) => setTimeout(resolve, 50)).then(() => process.exit(0))";
  const { lines, failed } = await tally({ "a.mjs": `test("a", () => {}); test("b", () => ${later}); test("c", () => {});` });
  assert.equal(failed, 1);
  assert.match(lines.join("\n"), /FAIL a\.mjs: ended without running all of its tests/);
});

for (const [what, source] of [
  ["throws while it is loaded", "console.log('so far'); throw new Error('broken');"],
  ["ends the process with success in the middle", "test('a', () => { console.log('so far'); process.exit(0); }); test('b', () => {});"],
  ["has no test in it", "console.log('so far');"],
  ["kills itself", "test('a', () => { console.log('so far'); process.kill(process.pid, 'SIGKILL'); });"],
] as const) {
  test(`Tally takes a file that ${what} for a failure`, async () => {
    const { lines, failed, passed } = await tally({ "a.mjs": source });
    assert.deepEqual([passed, failed], [0, 1]);
    assert.match(lines.join("\n"), /FAIL a\.mjs/);
  });
}
