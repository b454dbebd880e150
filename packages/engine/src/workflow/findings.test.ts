import assert from "node:assert/strict";
import { test } from "node:test";
import { Findings, PROBLEMS_MAX } from "./findings.ts";
import { loadWorkflow } from "./load.ts";
import { Source } from "./source.ts";

test("Findings count what is too much to show, and work nothing out for it", () => {
  const findings = new Findings(new Source("w.yaml", "a\nb\n"));
  let asked = 0;
  const at = (): { start: number; end: number } => {
    asked += 1;
    return { start: asked % 2 === 0 ? 0 : 2, end: 3 };
  };
  for (let count = 0; count < PROBLEMS_MAX + 5; count += 1) findings.error("wrong-type", at, "no");
  assert.equal(asked, PROBLEMS_MAX);
  const problems = findings.problems();
  assert.equal(problems.length, PROBLEMS_MAX + 1);
  assert.deepEqual([problems.at(-1)?.code, problems.at(-1)?.message], ["too-many-problems", "5 more problems are not shown"]);
  assert.deepEqual(
    problems.slice(0, PROBLEMS_MAX).map(({ place }) => place.line),
    [...Array(PROBLEMS_MAX / 2).fill(1), ...Array(PROBLEMS_MAX / 2).fill(2)],
  );
});

test("Findings with warnings alone have not failed", () => {
  const findings = new Findings(new Source("w.yaml", "a"));
  findings.warning("never-runs", { start: 0, end: 1 }, "hm");
  assert.equal(findings.failed, false);
});

test("loadWorkflow() stops at a hundred problems", () => {
  const { problems } = loadWorkflow(`steps:\n${"  - { id: a, type: tool, tool: csv, depends_on: [nobody] }\n".repeat(1_500)}`, {
    file: "w.yaml",
  });
  assert.equal(problems.length, PROBLEMS_MAX + 1);
  assert.equal(problems.at(-1)?.message, "2899 more problems are not shown");
});
