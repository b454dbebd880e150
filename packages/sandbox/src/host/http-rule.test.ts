import assert from "node:assert/strict";
import { test } from "node:test";
import { GloveboxError } from "../error.ts";
import type { HttpGrant } from "../grants.ts";
import { findRule, httpRule } from "./http-rule.ts";
import { parseTarget, type Target } from "./url.ts";

const secret = () => "a-secret-value";

function allows(grants: readonly HttpGrant[], url: string, method = "GET"): boolean {
  const target = parseTarget(url);
  const rules = grants.map((grant) => httpRule(grant, secret));
  return typeof target !== "string" && typeof findRule(rules, target as Target, method) !== "string";
}

test("findRule() allows a host, a port and what is below a path, and nothing like them", () => {
  const api = [{ allow: "https://api.example.com/v1/*" }];
  for (const url of ["https://api.example.com/v1/", "https://api.example.com:443/v1/x?y=/../", "https://API.example.com/v1/a/../b"])
    assert.equal(allows(api, url), true, url);
  for (const url of [
    "http://api.example.com/v1/x",
    "https://api.example.com:8443/v1/x",
    "https://api.example.com/v1",
    "https://api.example.com/v10/x",
    "https://api.example.com/",
    "https://api.example.com/v1/../admin",
    "https://api.example.com/v1/%2e%2e/admin",
    "https://api.example.com/V1/x",
    "https://api.example.com./v1/x",
    "https://example.com/v1/x",
    "https://evil-api.example.com/v1/x",
    "https://x.api.example.com/v1/x",
    "https://api.example.com.evil.com/v1/x",
    "https://evil.com/v1/x",
    "https://evil.com/https://api.example.com/v1/x",
    "https://evil.com#https://api.example.com/v1/x",
    "https://аpi.example.com/v1/x",
  ])
    assert.equal(allows(api, url), false, url);
  assert.equal(allows([{ allow: "http://a.b/x" }], "http://a.b/x?y=1"), true);
  assert.equal(allows([{ allow: "http://a.b/x" }], "http://a.b/x/y"), false);
  assert.equal(allows([], "http://a.b/x"), false);
});

test("findRule() allows the methods that are granted, spelled as they are", () => {
  const grants = [{ allow: "http://a.b/*" }, { allow: "http://a.b/w/*", methods: ["POST"] }];
  assert.equal(allows(grants, "http://a.b/w/x"), true);
  assert.equal(allows(grants, "http://a.b/w/x", "POST"), true);
  assert.equal(allows(grants, "http://a.b/x", "POST"), false);
  for (const method of ["get", "Post", "CONNECT", "TRACE", "HEAD", "", "GET ", "GET\r\nX: y", "PROPFIND", "__proto__"])
    assert.equal(allows(grants, "http://a.b/w/x", method), false, method);
});

test("httpRule() refuses a grant that is not exactly what it looks like", () => {
  const wrong: (Partial<HttpGrant> & { allow: string })[] = [
    ...[
      "",
      "*",
      "**",
      "https://*",
      "https://*/",
      "https://*.example.com/*",
      "https://*.com/*",
      "https://example.com/a*",
      "https://example.com/*/b/*",
      "https://example.com*",
      "example.com/*",
      "//example.com/*",
      "ftp://example.com/*",
      "file:///etc/*",
      "https://EXAMPLE.com/*",
      "https://example.com/a/../*",
      "https://example.com/%2e/*",
      "https://user:password@example.com/*",
      "https://example.com/?x=1",
      "https://example.com/#x",
      "https://example.com",
      "https://example.com:0/*",
      "http://2130706433/*",
      "http://0x7f.1/*",
      "http://[0:0::1]/*",
      "https://faß.de/*",
    ].map((allow) => ({ allow })),
    { allow: "http://a.b/*", methods: ["get"] },
    { allow: "http://a.b/*", methods: ["CONNECT"] },
    { allow: "http://a.b/*", methods: ["TRACE"] },
    { allow: "http://a.b/*", methods: ["GET\r\nX: y"] },
    { allow: "http://a.b/*", redirects: -1 },
    { allow: "http://a.b/*", redirects: 1.5 },
    { allow: "http://a.b/*", redirects: 1000 },
    { allow: "http://a.b/*", addresses: ["private"] },
    { allow: "http://a.b/*", addresses: ["10.0.0.1/8"] },
    { allow: "http://a.b/*", auth: { header: "Host", secret: "S" } },
    { allow: "http://a.b/*", auth: { header: "Proxy-Authorization", secret: "S" } },
    { allow: "http://a.b/*", auth: { header: "X\r\nY", secret: "S" } },
    { allow: "http://a.b/*", auth: { header: "X", secret: "S", format: "Bearer" } },
    { allow: "http://a.b/*", auth: { header: "X", secret: "S", format: "{} {}" } },
    { allow: "http://a.b/*", auth: { header: "X", secret: "S", format: "a\r\nb: {}" } },
  ];
  for (const grant of wrong) {
    assert.throws(
      () => httpRule(grant, secret),
      (error) => error instanceof GloveboxError && error.code === "GRANT_INVALID",
      JSON.stringify(grant),
    );
  }
  assert.throws(() => httpRule({ allow: "http://a.b/*", auth: { header: "X", secret: "S" } }, () => "line\nbreak"));
});

test("httpRule() takes the default port written out, and addresses as hosts", () => {
  assert.equal(httpRule({ allow: "https://a.b:443/*" }, secret).port, 443);
  assert.equal(httpRule({ allow: "http://[::1]:8080/*" }, secret).host, "[::1]");
  assert.equal(httpRule({ allow: "http://127.0.0.1:8080/" }, secret).port, 8080);
  assert.deepEqual(httpRule({ allow: "http://a.b/*", auth: { header: "X-Key", secret: "S", format: "Key {}" } }, secret).auth, {
    header: "x-key",
    value: "Key a-secret-value",
  });
});
