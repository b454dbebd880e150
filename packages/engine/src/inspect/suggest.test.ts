import assert from "node:assert/strict";
import { test } from "node:test";
import { allowFor, needsOf } from "./needs.ts";
import { suggest, suggestionYaml } from "./suggest.ts";

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

test("suggest() names no file by what a document can't hold or a reader see: it says that a file is asked for", () => {
  for (const value of [" ", "", "a\u0086", "\uFFFE", "\uFEFFa", "x\u202Efdp.exe", "${{ a }}", "\uD83D"]) {
    const { needs, findings } = needsOf([{ what: "file", value, form: "whole", method: undefined, at: { line: 1, column: 1 } }]);
    assert.deepEqual(suggest(needs, []), {}, JSON.stringify(value));
    assert.equal(findings.length, 1);
  }
});
