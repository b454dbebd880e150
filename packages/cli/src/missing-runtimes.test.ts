import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { EXAMPLES, gloveboxOf, ROOT } from "./command.fixture.ts";

/** The packages as they are, in a folder where nothing has been built yet. */
function freshInstallation(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), "glovebox-fresh-"));
  t.after(() => rmSync(root, { recursive: true }));
  cpSync(join(ROOT, "packages"), join(root, "packages"), {
    recursive: true,
    filter: (file) => !/[\\/](?:\.cache|node_modules)$/.test(file),
  });
  mkdirSync(join(root, "node_modules/@glovebox"), { recursive: true });
  for (const name of readdirSync(join(ROOT, "node_modules"))) {
    if (name !== "@glovebox" && name !== ".cache") symlinkSync(join(ROOT, "node_modules", name), join(root, "node_modules", name));
  }
  for (const name of ["sandbox", "engine", "cli"]) symlinkSync(join(root, "packages", name), join(root, "node_modules/@glovebox", name));
  return root;
}

test("run needs no runtimes where no step does, and else builds them once and goes on", async (t) => {
  const root = freshInstallation(t);
  const options = { cwd: EXAMPLES, env: { GLOVEBOX_CACHE: join(root, "cache") } };
  const local = await gloveboxOf(root, ["run", "text-pipeline.yaml", "abc"], options);
  assert.deepEqual([local.code, local.stderr], [0, ""]);

  const doctor = await gloveboxOf(root, ["doctor"], options);
  assert.equal(doctor.code, 3);
  assert.match(doctor.stdout, /^ {2}✗ Frozen runtimes .*none were built here/m);

  const first = await gloveboxOf(root, ["run", "hello.yaml", "--json"], options);
  assert.match(first.stderr, /^(?:building the frozen runtimes, once \(\d\/\d: \w+\)\n)+$/);
  assert.equal(first.code, 0);
  assert.match(JSON.parse(first.stdout).outputs.greeting, /Python 3\.14/);

  const second = await gloveboxOf(root, ["run", "hello.yaml", "--json"], options);
  assert.deepEqual([second.code, second.stderr], [0, ""]);
});
