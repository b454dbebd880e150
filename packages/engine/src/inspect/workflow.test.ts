import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { Sandbox } from "@glovebox/sandbox";
import { loadWorkflow } from "../workflow/load.ts";
import { marked, placesOf } from "./marked.fixture.ts";
import { inspectWorkflow } from "./workflow.ts";

const sandbox = new Sandbox({ cells: 1, warm: "none" });
after(() => sandbox[Symbol.asyncDispose]());

const DOCUMENT = `name: all
steps:
  - id: block
    type: code
    language: python
    imports: [json]
    code: |
      import json
      import «import-refused»re

      «dynamic-code»eval("1")
  - { id: line, type: code, language: javascript, code: "return «dynamic-code»eval('1')" }
  - id: typed
    type: code
    language: typescript
    when: \${{ «dynamic-code»eval("1") }}
    code: >-
      const a: number = 1; «unbounded-loop»for (;;) {}
  - id: choose
    type: condition
    expression: |
      1 > 0 &&
      [].«introspection»constructor.«dynamic-code»constructor("return 1")()
    then: [{ id: read, type: tool, tool: read_text, with: { file: a.txt } }]
    else: []
  - { id: module, type: wasm, module: broken.wasm }
  - { id: none, type: wasm, module: none.wasm }
`;

test("inspectWorkflow() looks at every step and expression, at their places in the document", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "glovebox-"));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "broken.wasm"), "no module");
  const { source, expected } = marked(DOCUMENT);
  const loaded = loadWorkflow(source, { file: join(folder, "w.yaml") });
  assert.ok(loaded.workflow, JSON.stringify(loaded.problems));
  const { inspections, trusted, unread, left } = await inspectWorkflow(loaded.workflow, loaded, { sandbox, isolationKey: "test" });
  const found = inspections.flatMap((inspection) => (inspection.kind === "inspected" ? placesOf(inspection.findings) : []));
  const line = (place: string): number => Number(/ (\d+):/.exec(place)?.[1]);
  assert.deepEqual(
    found.toSorted((a, b) => line(a) - line(b)),
    expected,
  );
  assert.deepEqual(
    inspections.map(({ name, kind }) => `${name}: ${kind}`),
    [
      'step "block" (python): inspected',
      'step "line" (javascript): inspected',
      'step "typed" (typescript): inspected',
      'step "module" (module): unparsable',
      "expression at 16:14: inspected",
      "expression at 22:7: inspected",
    ],
  );
  assert.equal(inspections[3]?.file, "broken.wasm");
  assert.deepEqual([trusted, unread, left], [["read"], ['Cannot load module "none.wasm": it does not exist'], 0]);
});
