import assert from "node:assert/strict";
import fc from "fast-check";
import { property } from "../../../../fuzz/property.ts";
import { loadWorkflow } from "../workflow/load.ts";
import { type Ask, needsOf } from "./needs.ts";
import { suggest, suggestionYaml } from "./suggest.ts";

/** A document in which a step has the suggestion as it is printed. */
function documentWith(yaml: string, secrets: readonly string[]): string {
  const indented = yaml.replace(/^(?=.)/gm, "    ");
  return `secrets: [${secrets.join(", ")}]\nsteps:\n  - id: a\n    type: code\n    language: python\n    code: return 1\n${indented}`;
}

const AT = { line: 1, column: 1 };

const text = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.constantFrom(
    "yes",
    "~",
    "1e3",
    "- a",
    "a: b",
    "#a",
    "${{ inputs.a }}",
    "*x",
    "&x",
    "KEY",
    "rates.csv",
    "..",
    "con",
    "é",
    "\u0086",
    "\uFFFE",
    "\u202E",
    "\u00A0",
    "\u2028x",
  ),
);
const url = fc.oneof(
  fc.webUrl({ withQueryParameters: true, withFragments: true }),
  text.map((path) => `https://example.com/${path}`),
  text.map((host) => `https://${host}/`),
  fc.constantFrom(
    "http://0x7f.1/",
    "https://EXAMPLE.com/../a",
    "https://u:p@example.com/",
    "https://example.com:0/",
    "https://[::1]/*",
    "https://a.b/c*d",
  ),
);
const form = fc.constantFrom("whole", "start", "computed");
const method = fc.option(fc.constantFrom("GET", "post", "CONNECT", "?", "BREW"), { nil: undefined });
const ask = fc.oneof(
  fc.record({ what: fc.constant("http"), value: url, form, method, at: fc.constant(AT) }),
  fc.record({ what: fc.constantFrom("secret", "file"), value: text, form, method: fc.constant(undefined), at: fc.constant(AT) }),
);

property(
  "suggestionYaml() is what the loader takes as it is, whatever the names and addresses were",
  100,
  [fc.array(ask, { maxLength: 8 })],
  (asks) => {
    const suggestion = suggest(needsOf(asks as Ask[]).needs, ["json", "re"]);
    const loaded = loadWorkflow(documentWith(suggestionYaml(suggestion), suggestion.grants?.secrets ?? []), { file: "w.yaml" });
    assert.deepEqual(loaded.problems, []);
    const [step] = loaded.workflow?.steps ?? [];
    assert.ok(step?.type === "code");
    assert.deepEqual({ imports: step.imports, grants: step.grants }, { imports: suggestion.imports, grants: suggestion.grants });
  },
);
