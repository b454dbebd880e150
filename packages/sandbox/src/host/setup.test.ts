import assert from "node:assert/strict";
import { test } from "node:test";
import { GloveboxError } from "../error.ts";
import type { Request } from "../request.ts";
import { hostSetup } from "./setup.ts";

function setup(rest: Partial<Request>) {
  return hostSetup({ guest: { kind: "javascript", code: "" }, isolationKey: "a", ...rest });
}

test("hostSetup() grants nothing by default", () => {
  const { http, readableSecrets, files } = setup({ secrets: new Map([["KEY", "a value that is there"]]) });
  assert.deepEqual([http, readableSecrets.size, files], [[], 0, []]);
});

test("hostSetup() gives a guest the secrets that it may read, and not those that are bound to a header", () => {
  const { readableSecrets, redactor } = setup({
    grants: { secrets: ["READ"], http: [{ allow: "https://a.b/*", auth: { header: "X-Key", secret: "BOUND" } }] },
    secrets: new Map([
      ["READ", "readable-secret"],
      ["BOUND", "bound-secret"],
      ["OTHER", "somebody-elses"],
    ]),
  });
  assert.deepEqual([...readableSecrets], [["READ", "readable-secret"]]);
  assert.equal(redactor?.text("readable-secret bound-secret somebody-elses"), "[secret READ] [secret BOUND] somebody-elses");
});

test("hostSetup() refuses what is not right, with its code", () => {
  const cases: [string, Partial<Request>][] = [
    ["SECRET_INVALID", { grants: { secrets: ["KEY"] } }],
    ["SECRET_INVALID", { grants: { secrets: ["KEY"] }, secrets: new Map([["KEY", "short"]]) }],
    ["SECRET_INVALID", { grants: { secrets: ["KEY"] }, secrets: new Map([["KEY", "x".repeat(100_000)]]) }],
    ["SECRET_INVALID", { grants: { secrets: ["__proto__"] }, secrets: new Map() }],
    ["GRANT_INVALID", { grants: { htp: [] } as never }],
    ["GRANT_INVALID", { grants: { http: [{ allow: "https://*/*" }] } }],
    ["GRANT_INVALID", { grants: { files: [{ name: "a/b", path: "/a" }] } }],
    ["LIMIT_INVALID", { hostLimits: { calls: -1 } }],
    ["LIMIT_INVALID", { hostLimits: { calls: 1.5 } }],
    ["LIMIT_INVALID", { hostLimits: { callz: 1 } as never }],
    ["LIMIT_INVALID", { hostLimits: { toString: 1 } as never }],
    ["LIMIT_ABOVE_CAP", { hostLimits: { calls: 1e15 } }],
  ];
  for (const [code, rest] of cases) {
    assert.throws(
      () => setup(rest),
      (error) => error instanceof GloveboxError && error.code === code,
      `${code} ${JSON.stringify(rest)}`,
    );
  }
});
