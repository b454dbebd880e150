import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { Json } from "../json.ts";
import { cut } from "../text.ts";
import { Redactor } from "./redact.ts";

const SECRET = 'p@ss/w0rd+"é"\\ x~';
const redactor = new Redactor(new Map([["KEY", SECRET]]));

test("Redactor takes a secret out in every usual form of it", () => {
  const bytes = Buffer.from(SECRET);
  const around = (text: string) => `before ${text} after`;
  const forms = [
    SECRET,
    JSON.stringify(SECRET).slice(1, -1),
    JSON.stringify(SECRET).slice(1, -1).replaceAll("é", "\\u00e9").replaceAll("/", "\\/"),
    encodeURIComponent(SECRET),
    encodeURIComponent(SECRET).toLowerCase().replace("w0rd", "w0rd"),
    encodeURI(SECRET),
    encodeURIComponent(SECRET).replaceAll("%20", "+"),
    bytes.toString("base64"),
    bytes.toString("base64url"),
    encodeURIComponent(bytes.toString("base64")),
    bytes.toString("hex"),
    bytes.toString("hex").toUpperCase(),
  ];
  for (const form of forms) {
    const clean = redactor.text(around(form));
    assert.ok(clean.startsWith("before [secret KEY]"), `${form}: ${clean}`);
    assert.ok(clean.endsWith(" after"), clean);
  }
});

test("Redactor finds a secret in base64 of something longer, wherever it stands there", () => {
  for (const before of ["", "a", "ab", "user:", "abcd"]) {
    for (const after of ["", "z", "zy"]) {
      const clean = redactor.text(Buffer.from(before + SECRET + after).toString("base64"));
      assert.ok(clean.includes("[secret KEY]"), `${before}…${after}: ${clean}`);
    }
  }
});

test("Redactor leaves alone what holds no secret", () => {
  for (const text of ["", "p@ss", "password", "[secret]", SECRET.slice(1), SECRET.toUpperCase()]) assert.equal(redactor.text(text), text);
  const value = { a: [1, "x", null, { b: true }] };
  assert.equal(redactor.json(value), value);
});

test("Redactor takes secrets out of values, keys and numbers, and keeps the rest as it is", () => {
  const numbers = new Redactor(new Map([["PIN", "1234567890"]]));
  const value = JSON.parse('{"a": ["x 1234567890 y", 1234567890, 12345], "n1234567890": 1, "__proto__": {"b": "1234567890"}}') as Json;
  const clean = numbers.json(value) as Record<string, Json>;
  assert.equal(JSON.stringify(clean), '{"a":["x [secret PIN] y","[secret PIN]",12345],"n[secret PIN]":1,"__proto__":{"b":"[secret PIN]"}}');
  assert.equal(Object.getPrototypeOf(clean), Object.prototype);
});

test("Redactor takes secrets out of texts that are JSON themselves", () => {
  for (const form of [JSON.stringify({ key: SECRET }), JSON.stringify({ key: SECRET }).replaceAll("/", "\\/")]) {
    assert.deepEqual(redactor.json({ body: form }), { body: '{"key":"[secret KEY]"}' });
    assert.deepEqual(redactor.json({ [form]: 1 }), { '{"key":"[secret KEY]"}': 1 });
  }
});

test("Redactor takes out the lines of a secret of several, and pieces of a very long one", () => {
  const pem = "-----BEGIN KEY-----\nMIIEowIBAAKCAQEA7\nshort\n-----END KEY-----";
  const lines = new Redactor(new Map([["PEM", pem]]));
  assert.equal(lines.text(`a ${pem} b`), "a [secret PEM] b");
  assert.equal(lines.text("MIIEowIBAAKCAQEA7"), "[secret PEM]");
  const long = Array.from({ length: 40 }, (_, i) => createHash("sha256").update(String(i)).digest("base64url")).join("");
  assert.match(new Redactor(new Map([["LONG", long]])).text(`x${long}y`), /^x(\[secret LONG\])+y$/);
});

test("Redactor takes the longer one of two that begin alike, and both of two that touch", () => {
  const two = new Redactor(
    new Map([
      ["A", "abcdefgh"],
      ["B", "abcdefghij"],
    ]),
  );
  assert.equal(two.text("abcdefghij abcdefgh abcdefghabcdefghij"), "[secret B] [secret A] [secret A][secret B]");
});

test("cutText() takes out what may be the beginning of a secret, at the end of a text that was cut", () => {
  assert.equal(redactor.cutText(`x ${SECRET.slice(0, 9)}`), "x [secret KEY]");
  assert.equal(redactor.cutText("x p@s"), "x p@s");
  const long = `x ${SECRET} ${"y".repeat(100)}`;
  assert.equal(redactor.cutText(cut(long, 9)), `x [secret KEY]… (${long.length - 9} more characters)`);
  assert.equal(redactor.cutText(cut("x".repeat(20), 9)), cut("x".repeat(20), 9));
});

test("Redactor takes time that grows with the text alone", () => {
  const repeated = new Redactor(new Map([["A", "a".repeat(200)]]));
  repeated.text("a".repeat(199).concat("b").repeat(20_000)); // 4 MB: would not end in a day if it were quadratic
  const slashes = "\\".repeat(40);
  const escaped = new Redactor(new Map([["A", `${slashes}end`]]));
  escaped.text(`${slashes.repeat(2)}and`.repeat(1_000)); // each run could be divided up into escaped and bare ones in 2 ** 40 ways
  assert.equal(escaped.text(`<${slashes}end> <${slashes}${slashes}end>`), "<[secret A]> <[secret A]>");
});
