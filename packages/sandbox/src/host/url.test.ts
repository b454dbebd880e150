import assert from "node:assert/strict";
import { test } from "node:test";
import { describeTarget, originOf, parseTarget, type Target } from "./url.ts";

function target(text: string): Target {
  const parsed = parseTarget(text);
  if (typeof parsed === "string") assert.fail(`${text}: ${parsed}`);
  return parsed;
}

test("parseTarget() decides on the host that is really asked, in one spelling", () => {
  for (const [text, origin] of [
    ["http://2130706433/", "http://127.0.0.1"],
    ["http://0x7f.1/", "http://127.0.0.1"],
    ["http://0177.0.0.1/", "http://127.0.0.1"],
    ["http://127.1/", "http://127.0.0.1"],
    ["http://①②⑦.⓪.⓪.①/", "http://127.0.0.1"],
    ["http://127。0。0。1/", "http://127.0.0.1"],
    ["http://%31%32%37.0.0.1/", "http://127.0.0.1"],
    ["http://0/", "http://0.0.0.0"],
    ["http://017700000001/", "http://127.0.0.1"],
    ["http://0xa9fea9fe/", "http://169.254.169.254"],
    ["http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]"],
    ["http://[0:0:0:0:0:0:0:1]/", "http://[::1]"],
    ["HTTP://EXAMPLE.com/", "http://example.com"],
    ["http://EXAMPLE.com./", "http://example.com."],
    ["http://faß.de/", "http://xn--fa-hia.de"],
    ["http://exаmple.com/", "http://xn--exmple-4nf.com"],
    ["http://example.com:80/", "http://example.com"],
    ["https://example.com:443/", "https://example.com"],
    ["https://example.com:80/", "https://example.com:80"],
    ["http://example.com:00080/", "http://example.com"],
    ["http://good.com#@evil.com/", "http://good.com"],
    ["http://good.com?@evil.com/", "http://good.com"],
    ["http://good.com/@evil.com/", "http://good.com"],
    ["http://e%78ample.com/", "http://example.com"],
  ] as const)
    assert.equal(originOf(target(text)), origin, text);
});

test("parseTarget() refuses what readers read differently", () => {
  for (const text of [
    "",
    "/",
    "//example.com/",
    "http:",
    "http://",
    "http:///",
    "http:///example.com/",
    "http:example.com",
    "http:/example.com/",
    "http://evil.com\\@example.com/",
    "http:\\\\example.com\\",
    "http://example.com@evil.com/",
    "http://user:password@example.com/",
    "http://@example.com/",
    "http://:@example.com/",
    "http://a@b@example.com/",
    "http://example.com:80@evil.com/",
    "http://exa\tmple.com/",
    "http://exa\nmple.com/",
    "\thttp://example.com/",
    "http://example.com/ ",
    "http://example.com/\r\nX: y",
    "http://example.com/a b",
    "http://example.com\u0000.evil.com/",
    "http://example.com/\u00a0",
    "http://example.com\u2028.evil.com/",
    "http://ex%00ample.com/",
    "http://ex%2fample.com/",
    "http://127.0.0.1:80:80/",
    "http://[fe80::1%25eth0]/",
    "http://[::1/",
    "http://1.2.3.4.5/",
    "http://256.256.256.256/",
    "http://example.com:0/",
    "http://example.com:65536/",
    "http://example.com:-1/",
    "http://example.com:8o/",
    "ftp://example.com/",
    "file:///etc/passwd",
    "data:text/plain,x",
    "blob:http://example.com/1",
    "gopher://example.com/",
    "ws://example.com/",
    "javascript:alert(1)",
    "unix:/var/run/docker.sock",
    "http+unix://%2Fvar%2Frun%2Fdocker.sock/",
    `http://example.com/${"a".repeat(9000)}`,
  ])
    assert.equal(typeof parseTarget(text), "string", JSON.stringify(text));
});

test("parseTarget() resolves dots in a path, and refuses the ones that a server might still find", () => {
  for (const [text, path] of [
    ["http://a/api/../admin", "/admin"],
    ["http://a/api/%2e%2e/admin", "/admin"],
    ["http://a/api/.%2E/admin", "/admin"],
    ["http://a/api/./x", "/api/x"],
    ["http://a/../../x", "/x"],
    ["http://a", "/"],
    ["http://a/é", "/%C3%A9"],
    ["http://a/x..y/...", "/x..y/..."],
  ] as const)
    assert.equal(target(text).path, path, text);
  for (const path of [
    "/api/..%2fadmin",
    "/api/%2e%2e%2Fadmin",
    "/api%2f..%2f..%2fadmin",
    "/api/..%5cadmin",
    "/api/%252e%252e/admin",
    "/api/%252fadmin",
    "/api/..;/admin",
    "/api/..;x=1/admin",
    "/api/.;/admin",
    "/api/%00",
    "/api/%0d%0aX:%20y",
    "/api/%ff",
    "/api/%c0%ae%c0%ae/admin",
    "/api/%",
  ])
    assert.equal(typeof parseTarget(`http://a${path}`), "string", path);
});

test("describeTarget() leaves the query out", () => {
  assert.equal(describeTarget(target("https://a.b:8443/x?token=1#y")), "https://a.b:8443/x?…");
});
