import assert from "node:assert/strict";
import { test } from "node:test";
import { folderWith, glovebox } from "../command.fixture.ts";
import { callLimitKey, grantHint } from "./granting.ts";

const ENTRY = { hostFunction: "http_request", verdict: "refused", subject: "", reason: "no grant names this path", atMs: 1 } as const;

test("grantHint() names the grant that would allow a request or a secret, without the query, and nothing that it would not allow", () => {
  assert.equal(
    grantHint({ ...ENTRY, subject: "GET https://a.example/x?key=1" }),
    'to allow it: grants: { http: [{ allow: "https://a.example/x" }] }',
  );
  assert.equal(
    grantHint({ ...ENTRY, subject: "POST http://a.example:8080/" }),
    'to allow it: grants: { http: [{ allow: "http://a.example:8080/", methods: [POST] }] }',
  );
  assert.equal(grantHint({ ...ENTRY, subject: "GET http://a.example/", reason: "the address is not public" }), undefined);
  assert.equal(grantHint({ ...ENTRY, subject: "GET file:///etc/passwd" }), undefined);
  assert.match(grantHint({ ...ENTRY, hostFunction: "read_secret", subject: "KEY" }) ?? "", /grants: \{ secrets: \[KEY\] \}/);
  assert.equal(callLimitKey({ ...ENTRY, reason: "toString: 1" }), undefined);
});

test("a refused call and a limit on calls say what in the document would allow more", async (t) => {
  const cwd = folderWith(t, {
    "w.yaml": `failure_strategy: continue_on_error
steps:
  - { id: a, type: code, language: python, code: "import glovebox\\nglovebox.http_request('https://example.com/a?b=c', 'POST')" }
  - { id: b, type: code, language: javascript, code: "glovebox.secret('KEY')" }
  - { id: c, type: code, language: javascript, limits: { host_calls: 3 }, code: "for (;;) glovebox.now()" }
  - { id: d, type: code, language: javascript, limits: { host_calls_per_second: 4 }, code: "for (;;) glovebox.now()" }
  - { id: e, type: code, language: javascript, grants: { files: [{ name: x, path: x }] }, code: return 1 }
`,
  });
  const { code, stderr } = await glovebox(["run", "w.yaml"], { cwd });
  assert.equal(code, 4);
  for (const hint of [
    'grants: { http: [{ allow: "https://example.com/a", methods: [POST] }] }',
    "grants: { secrets: [KEY] }, and secrets: [KEY] in the document",
    "limits: { host_calls: 6 } (now 3)",
    "limits: { host_calls_per_second: 8 } (now 4)",
    "--folder DIR",
  ]) {
    assert.ok(
      stderr.includes(`= to allow it: ${hint}`) || stderr.includes(`= to allow more: ${hint}`) || stderr.includes(`you name: ${hint}`),
      `${hint}\n${stderr}`,
    );
  }
});
