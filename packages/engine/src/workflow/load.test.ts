import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { loadWorkflow } from "./load.ts";
import { renderProblems } from "./render.ts";

const CASES = new URL("cases/", import.meta.url);
const CASE = /^## (.+)\n```yaml\n([\s\S]*?)```\n```text\n([\s\S]*?)```\n/gm;

for (const file of readdirSync(CASES).sort()) {
  suite(file, () => {
    const text = readFileSync(new URL(file, CASES), "utf8");
    const cases = [...text.matchAll(CASE)];
    assert.equal(cases.length, text.match(/^## /gm)?.length, "a section has another form");
    for (const [, title, document = "", expected = ""] of cases) {
      test(`loadWorkflow() ${title}`, () => {
        const { workflow, problems, source } = loadWorkflow(document, { file: "w.yaml" });
        assert.equal(renderProblems(problems, source), expected);
        assert.equal(workflow === undefined, / error: /.test(expected));
      });
    }
  });
}
