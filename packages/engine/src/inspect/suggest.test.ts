import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { loadWorkflow } from "../workflow/load.ts";
import { type Ask, allowFor, needsOf } from "./needs.ts";
import { suggest, suggestionYaml } from "./suggest.ts";

/** A document in which a step has the suggestion as it is printed. */
function documentWith(yaml: string, secrets: readonly string[]): string {
  const indented = yaml.replace(/^(?=.)/gm, "    ");
  return `secrets: [${secrets.join(", ")}]\nsteps:\n  - id: a\n    type: code\n    language: python\n    code: return 1\n${indented}`;
}

const AT = { line: 1, column: 1 };

test("suggestionYaml() is what the loader takes as it is, whatever the names and addresses were", () => {
  const text = fc.oneof(
    fc.string({ maxLength: 40 }),
    fc.string({ unit: "binary", maxLength: 20 }),
    fc.constantFrom("yes", "~", "1e3", "- a", "a: b", "#a", "${{ inputs.a }}", "*x", "&x", "KEY", "rates.csv", "..", "con", "é"),
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
  fc.assert(
    fc.property(fc.array(ask, { maxLength: 8 }), (asks) => {
      const suggestion = suggest(needsOf(asks as Ask[]).needs, ["json", "re"]);
      const loaded = loadWorkflow(documentWith(suggestionYaml(suggestion), suggestion.grants?.secrets ?? []), { file: "w.yaml" });
      assert.deepEqual(loaded.problems, []);
      const [step] = loaded.workflow?.steps ?? [];
      assert.ok(step?.type === "code");
      assert.deepEqual({ imports: step.imports, grants: step.grants }, { imports: suggestion.imports, grants: suggestion.grants });
    }),
  );
});

test("allowFor() is never wider than what is written out", () => {
  const cases: readonly (readonly [string, "whole" | "start", string | undefined])[] = [
    ["https://a.example.com/x", "whole", "https://a.example.com/x"],
    ["https://a.example.com", "whole", "https://a.example.com/"],
    ["https://A.example.com/x/../y?q=1#z", "whole", "https://a.example.com/y"],
    ["https://a.example.com/x/", "start", "https://a.example.com/x/*"],
    ["https://a.example.com/x/day-", "start", "https://a.example.com/x/*"],
    ["https://a.example.com/x?day=", "start", "https://a.example.com/x"],
    ["https://a.example.com/", "start", "https://a.example.com/*"],
    ["https://a.example.com", "start", undefined], // .evil.example may follow
    ["https://a.example.com:80", "start", undefined],
    ["https://", "start", undefined],
    ["https://user@a.example.com/", "whole", undefined],
    ["ftp://a.example.com/", "whole", undefined],
    ["no address", "whole", undefined],
  ];
  for (const [url, form, allow] of cases) assert.equal(allowFor(url, form), allow, `${url} ${form}`);
});

test("suggestionYaml() says that secrets are declared by the document", () => {
  assert.equal(
    suggestionYaml({ grants: { secrets: ["KEY"] } }),
    '# At the top of the document, too: "secrets: [KEY]".\ngrants:\n  secrets:\n    - KEY\n',
  );
  assert.equal(suggestionYaml({}), "");
});
