import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { test } from "node:test";
import { EXAMPLES, folderWith, glovebox } from "./command.fixture.ts";

test("validate accepts every example", async () => {
  const files = globSync("*.yaml", { cwd: EXAMPLES }).sort();
  const { code, stdout } = await glovebox(["validate", ...files], { cwd: EXAMPLES });
  assert.equal(code, 0, stdout);
  for (const file of files) assert.match(stdout, new RegExp(`^${file}: valid, \\d+ steps?$`, "m"));
});

test("validate shows the problems of every document, and exits with 1 for errors only", async (t) => {
  const cwd = folderWith(t, {
    "cycle.yaml":
      "steps:\n  - { id: a, type: tool, tool: csv, depends_on: [b], with: { file: x } }\n  - { id: b, type: tool, tool: csv, depends_on: [a], with: { file: x } }\n",
    "doubtful.yaml":
      "processors:\n  - { id: a, backend: local, impl: reverse_text }\n  - { id: b, backend: local, impl: reverse_text }\n  - { id: c, backend: local, impl: reverse_text, depends_on: [a, b] }\n",
  });
  const { code, stdout, stderr } = await glovebox(["validate", "cycle.yaml", "doubtful.yaml"], { cwd });
  assert.equal(stderr, "");
  assert.equal(
    stdout,
    `cycle.yaml:2:50: error: these steps depend on each other: a -> b -> a [dependency-cycle]
    2 |   - { id: a, type: tool, tool: csv, depends_on: [b], with: { file: x } }
      |                                                  ^
cycle.yaml: 1 error
doubtful.yaml:4:11: warning: of "a", "b", which all transform, processor "c" gets the payload of the last one listed, "b" [payload-ambiguous]
    4 |   - { id: c, backend: local, impl: reverse_text, depends_on: [a, b] }
      |           ^
doubtful.yaml: valid, 3 steps, 1 warning
`,
  );
  assert.equal(code, 1);
  assert.equal((await glovebox(["validate", "doubtful.yaml"], { cwd })).code, 0);
});

test("validate is quick with what is no document at all", async (t) => {
  const cwd = folderWith(t, { "huge.yaml": "a".repeat(3 * 2 ** 20), "binary.yaml": "\u0000\u0001\u0002", "empty.yaml": "" });
  const { code, stdout } = await glovebox(["validate", "huge.yaml", "binary.yaml", "empty.yaml"], { cwd });
  assert.equal(code, 1);
  assert.match(stdout, /\[document-too-large\]/);
  assert.match(stdout, /\[control-character\]/);
  assert.match(stdout, /\[document-empty\]/);
  assert.ok(stdout.length < 2_000);
});
