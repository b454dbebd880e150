import assert from "node:assert/strict";
import { test } from "node:test";
import { allowFor } from "./needs.ts";
import { suggestionYaml } from "./suggest.ts";

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
