import assert from "node:assert/strict";
import { test } from "node:test";
import { type HttpGrant, httpRule, parseRange } from "@glovebox/sandbox";
import { allowsFile, allowsSecret, allowsTool, type HttpCeiling, httpExcess } from "./ceiling.ts";

const RANGE = parseRange("10.0.0.0/8");
assert.ok(RANGE);
const CEILING: HttpCeiling = {
  hosts: ["api.example.com", "*.example.org"],
  schemes: ["https"],
  ports: ["default", 8443],
  methods: ["GET", "POST"],
  addresses: [RANGE],
  redirects: 1,
};

function excess(grant: HttpGrant, ...ceilings: readonly HttpCeiling[]): string | undefined {
  return httpExcess(
    httpRule(grant, () => ""),
    ceilings,
  )?.part;
}

test("httpExcess() lets through what one ceiling covers altogether, and names the part that is too much", () => {
  const of = (allow: string, more: Partial<HttpGrant> = {}) => excess({ allow, ...more }, CEILING);
  assert.equal(of("https://api.example.com/*", { methods: ["POST"], addresses: ["10.1.0.0/16"], redirects: 1 }), undefined);
  assert.equal(of("https://a.b.example.org:8443/x"), undefined);
  for (const allow of [
    "http://api.example.com/",
    "https://api.example.com:444/",
    "https://x.api.example.com/",
    "https://example.org/",
    "https://evilexample.org/",
    "https://example.org.evil.net/",
    "https://api.example.com.evil.net/",
    "https://10.0.0.1/",
  ]) {
    assert.equal(of(allow), "allow", allow);
  }
  assert.equal(of("https://api.example.com/", { methods: ["GET", "DELETE"] }), "methods");
  assert.equal(of("https://api.example.com/", { addresses: ["10.0.0.0/7"] }), "addresses");
  assert.equal(of("https://api.example.com/", { addresses: ["::/0"] }), "addresses");
  assert.equal(of("https://api.example.com/", { redirects: 2 }), "redirects");
});

test("httpExcess() does not add ceilings up, and tells of the one that comes closest", () => {
  const reading = { ...CEILING, methods: ["GET"] };
  const writing = { ...CEILING, methods: ["POST"], redirects: 0 };
  const allow = "https://api.example.com/";
  assert.equal(excess({ allow, methods: ["GET", "POST"] }, reading, writing), "methods");
  assert.equal(excess({ allow, methods: ["POST"], redirects: 1 }, reading, writing), "redirects");
  assert.equal(excess({ allow }), "allow");
});

test("allowsFile() counts whole names of folders", () => {
  assert.deepEqual(
    ["data", "data/x", "data/a/b", "database", "x/data"].map((path) => allowsFile({ files: ["data"] }, path)),
    [true, true, true, false, false],
  );
  assert.ok(allowsFile({ files: ["."] }, "x") && !allowsFile({ files: [] }, "x"));
});

test("allowsSecret() and allowsTool() take names and a star, and nothing where there is none", () => {
  assert.ok(allowsSecret({ secrets: ["*"] }, "A") && allowsSecret({ secrets: ["A"] }, "A") && !allowsSecret({ secrets: ["A"] }, "AB"));
  assert.ok(allowsTool({ tools: ["csv"] }, "csv") && !allowsTool({ tools: [] }, "csv"));
});
