import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { importsOf, npmImports, wrongImports } from "./imports.ts";
import { ROOT } from "./setup.js";

const SOURCES = globSync("packages/*/{src,bin}/**/*.{js,ts}", { cwd: ROOT }).map((file) => file.replaceAll("\\", "/"));

test("importsOf() sees every way to import", () => {
  const source = [
    'import { a } from "./a.ts";',
    'import {\n  b,\n  type C,\n} from "./b.ts";',
    'export type { D } from "./d.ts";',
    'import "./e.ts";',
    'const f = await import("./f.ts");',
    'fork(new URL("./g.ts", import.meta.url));',
    'const none = "from"; console.log("./h.ts");',
  ].join("\n");
  assert.deepEqual(importsOf(source).sort(), ["./a.ts", "./b.ts", "./d.ts", "./e.ts", "./f.ts", "./g.ts"]);
});

test("wrongImports() refuses to go up, sideways, into another package's files, and through the own index", () => {
  const of = (file: string, specifier: string) => wrongImports(file, `import "${specifier}";`).length;
  assert.equal(of("packages/engine/src/run/plan.ts", "@glovebox/sandbox"), 0);
  assert.equal(of("packages/engine/src/run/plan.ts", "../workflow/document.ts"), 0);
  assert.equal(of("packages/cli/src/show.ts", "@glovebox/engine/records"), 0);
  assert.equal(of("packages/sandbox/src/limits.ts", "@glovebox/engine/records"), 1);
  assert.equal(of("packages/sandbox/src/limits.ts", "@glovebox/engine"), 1);
  assert.equal(of("packages/sandbox/src/limits.ts", "@glovebox/sandbox"), 1);
  assert.equal(of("packages/engine/src/run/plan.ts", "@glovebox/sandbox/src/limits.ts"), 1);
  assert.equal(of("packages/engine/src/run/plan.ts", "../../../sandbox/src/index.ts"), 1);
  assert.equal(of("packages/engine/src/run/plan.ts", "../index.ts"), 1);
  assert.equal(of("packages/unknown/src/a.ts", "node:fs"), 1);
  assert.equal(of("packages/engine/src/run/plan.property.test.ts", "../../../../fuzz/property.ts"), 0);
  assert.equal(of("packages/engine/src/run/plan.ts", "../../../../fuzz/property.ts"), 1);
});

test("every import of the packages points down", () => {
  assert.ok(SOURCES.length > 10);
  assert.deepEqual(
    SOURCES.flatMap((file) => wrongImports(file, readFileSync(join(ROOT, file), "utf8"))),
    [],
  );
});

test("the sandbox loads nothing from npm but an HTTP client, and that with the first request that was granted", () => {
  assert.deepEqual(npmImports(ROOT, "packages/sandbox/src/index.ts"), ["packages/sandbox/src/host/http-client.ts: undici"]);
  assert.match(readFileSync(join(ROOT, "packages/sandbox/src/host/http-client.ts"), "utf8"), /import\("undici"\)/);
});
