import assert from "node:assert/strict";
import fc from "fast-check";
import { property } from "../../../../fuzz/property.ts";
import { explainWorkflow } from "../explain/explain.ts";
import { DEFAULT_POLICY, type Policy } from "../policy/policy.ts";
import { PROFILES } from "../policy/profile.ts";
import { planRun } from "../run/plan.ts";
import { BUILTIN_TOOLS, toolsByName } from "../tools/registry.ts";
import { anyText, changed, checkProblems, documentsIn, runs } from "./document.fixture.ts";
import { loadWorkflow } from "./load.ts";

const DOCUMENTS = documentsIn("{examples/*.yaml,packages/engine/src/workflow/cases/*.md,docs/*.md}");
const RIGHT = DOCUMENTS.filter((text) => loadWorkflow(text, { file: "w.yaml" }).workflow !== undefined);
const TOOLS = toolsByName(BUILTIN_TOOLS);
const seen = { loaded: 0, refused: 0 };

/** A workflow that can be planned and explained, or problems with their places; never both, never neither, and never a throw. */
function load(text: string, policy: Policy = DEFAULT_POLICY): void {
  const { workflow, problems, source } = loadWorkflow(text, { file: "w.yaml", policy });
  assert.equal(
    workflow === undefined,
    problems.some(({ severity }) => severity === "error"),
  );
  checkProblems(problems, source);
  if (workflow === undefined) {
    seen.refused++;
    return;
  }
  seen.loaded++;
  const plan = planRun(workflow);
  assert.equal(plan.steps.size, workflow.steps.length);
  assert.equal(explainWorkflow(workflow, policy, TOOLS).steps.length, workflow.steps.length);
}

const policies = fc.constantFrom(...PROFILES).map((profile): Policy => ({ ...DEFAULT_POLICY, profile }));

property("loadWorkflow() takes any text", 800, [anyText], (text) => load(text));

property(
  "loadWorkflow() takes documents of the repository that were changed at random, under any profile",
  400,
  [fc.oneof(changed(RIGHT), changed(DOCUMENTS)), policies],
  load,
  () => assert.ok(Math.min(...Object.values(seen)) > 10, JSON.stringify(seen)),
);

const key = fc.constantFrom(
  "steps",
  "processors",
  "nodes",
  "id",
  "type",
  "with",
  "inputs",
  "outputs",
  "then",
  "when",
  "depends_on",
  "retry",
  "limits",
  "input",
  "output_schema",
  "code",
  "language",
  "options",
  "executor_options",
  "properties",
  "items",
  "$ref",
);
const value = fc.letrec((tie) => ({
  node: fc.oneof(
    { maxDepth: 6 },
    fc.constantFrom<unknown>("a", "code", "python", "${{ steps.a.output }}", "#/items", 1, null, true, ""),
    fc.array(tie("node"), { maxLength: 3 }),
    fc.dictionary(key, tie("node"), { maxKeys: 4 }),
  ),
})).node;

property(
  "loadWorkflow() takes values of any shape under its own keys",
  400,
  [fc.constantFrom("steps", "processors", "nodes"), fc.array(value, { maxLength: 4 }), fc.dictionary(key, value, { maxKeys: 3 })],
  (dialect, steps, more) => load(JSON.stringify({ ...more, [dialect]: steps })),
);

const PLACES = [
  ["", ""],
  ["steps: [", "]"],
  ["steps:\n  - id: a\n    type: code\n    language: python\n    code: |\n      ", "\n"],
  ['steps: [{ id: a, type: tool, tool: csv, with: { x: "', '" } }]'],
  ["steps:\n - id: a\n   type: tool\n   tool: csv\n   when: ", "\n"],
  ["inputs: { properties: { a: {", "} } }\nsteps: []"],
] as const;

property("loadWorkflow() comes to its end on long runs of anything", 15, [runs(PLACES)], (text) => load(text));
