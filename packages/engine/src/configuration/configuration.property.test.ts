import assert from "node:assert/strict";
import fc from "fast-check";
import { property } from "../../../../fuzz/property.ts";
import { anyText, changed, checkProblems, documentsIn } from "../workflow/document.fixture.ts";
import { loadWorkflow } from "../workflow/load.ts";
import { loadConfiguration } from "./configuration.ts";

const CONFIGURATIONS = documentsIn("packages/engine/src/configuration/cases.md");
const WORKFLOWS = documentsIn("examples/*.yaml");
const texts = fc.oneof({ weight: 3, arbitrary: changed(CONFIGURATIONS) }, anyText);

property(
  "loadConfiguration() gives a configuration or problems with their places, and what it gives is one to load workflows under",
  300,
  [texts, fc.boolean(), fc.constantFrom(...WORKFLOWS)],
  (text, named, workflow) => {
    const { configuration, problems, source } = loadConfiguration(text, { file: "c.yaml", named });
    assert.equal(
      configuration === undefined,
      problems.some(({ severity }) => severity === "error"),
    );
    checkProblems(problems, source);
    if (configuration === undefined) return;
    const loaded = loadWorkflow(workflow, { file: "w.yaml", policy: configuration.policy });
    checkProblems(loaded.problems, loaded.source);
  },
);
