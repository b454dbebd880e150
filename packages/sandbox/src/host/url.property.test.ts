import assert from "node:assert/strict";
import fc from "fast-check";
import { property } from "../../../../fuzz/property.ts";
import { isPublic, parseAddress } from "./address.ts";
import { findRule, httpRule } from "./http-rule.ts";
import { name, path, v4, v6 } from "./spelling.fixture.ts";
import { originOf, parseTarget, type Target } from "./url.ts";

const scheme = fc.constantFrom("http", "https", "HTTP", "hTtPs");
const port = fc.oneof(fc.constantFrom(80, 443, 8080, 65_535), fc.integer({ min: 1, max: 65_535 }));
const written = fc.oneof(
  fc.constant(undefined),
  port.map((number) => ({ text: `:${number}`, number })),
  port.map((number) => ({ text: `:00${number}`, number })),
);
const query = fc.constantFrom("", "?", "?a=b", "?@evil.com", "?/../x", "?%2e%2e", "#x", "#@evil.com", "?a#b");

function parsed(text: string): Target {
  const target = parseTarget(text);
  if (typeof target === "string") assert.fail(`${text}: ${target}`);
  return target;
}

property(
  "parseTarget() decides on the address that is meant, in whatever numbers and characters it is written",
  300,
  [scheme, v4, written],
  (scheme, { text, canonical, bytes }, port) => {
    const target = parsed(`${scheme}://${text}${port?.text ?? ""}/`);
    assert.equal(target.host, canonical);
    assert.equal(target.port, port?.number ?? (target.scheme === "http" ? 80 : 443));
    assert.deepEqual(parseAddress(target.host), bytes);
  },
);

property("parseTarget() and parseAddress() read one IPv6 address in all its spellings", 300, [v6], ({ text, bytes }) => {
  const mapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255;
  const meant = mapped ? bytes.slice(12) : bytes;
  assert.deepEqual(parseAddress(text), meant);
  const { host } = parsed(`http://[${text}]/`);
  const read = parseAddress(host.slice(1, -1));
  assert.deepEqual(read, meant);
  assert.equal(isPublic(read ?? []), isPublic(meant));
});

property(
  "parseTarget() decides on the name that is meant, in whatever characters it is written",
  300,
  [scheme, name, written],
  (scheme, { text, canonical }, port) => {
    assert.equal(parsed(`${scheme}://${text}${port?.text ?? ""}/`).host, canonical);
  },
);

const trick = fc.constantFrom(
  "\\",
  "@",
  "user@",
  "user:password@",
  ":@",
  "\t",
  "\n",
  "\r",
  " ",
  "\u0000",
  "\u00a0",
  "\u2028",
  "\u007f",
  "a@b@",
);

property(
  "parseTarget() refuses what readers read differently, wherever in front of the path it stands",
  300,
  [scheme, name, trick, fc.nat(), fc.boolean()],
  (scheme, { canonical }, trick, at, slash) => {
    const front = `${scheme}://${canonical}`;
    const place = at % (front.length + 1);
    const text = `${front.slice(0, place)}${trick}${front.slice(place)}${slash ? "/x" : ""}`;
    assert.equal(typeof parseTarget(text), "string", JSON.stringify(text));
  },
);

property("parseTarget() resolves a path as a server would, or refuses it", 400, [path, query], ({ text, canonical }, query) => {
  const target = parseTarget(`http://a.example${text}${query}`);
  if (canonical === undefined) assert.equal(typeof target, "string", text);
  else assert.equal((target as Target).path, canonical, text);
});

property(
  "parseTarget() gives what is sent as it was decided on, whatever it was given",
  300,
  [
    fc.oneof(
      fc.webUrl({ withQueryParameters: true, withFragments: true }),
      fc.tuple(v4, path, query).map(([host, path, query]) => `http://${host.text}${path.text}${query}`),
      fc.string().map((tail) => `http://a.b/${tail}`),
      fc.string({ unit: "binary" }).map((tail) => `http://${tail}`),
    ),
  ],
  (text) => {
    const target = parseTarget(text);
    if (typeof target === "string") return;
    const sent = originOf(target) + target.path + target.query;
    assert.deepEqual(parseTarget(sent), target, text);
    assert.doesNotMatch(sent, /[\s\\#]/);
    assert.match(sent, /^[\x21-\x7e]+$/);
  },
);

const HOSTS = ["a.example", "b.a.example", "a.example.com", "127.0.0.1", "a.exampl"];
const place = fc.record({
  scheme: fc.constantFrom("http", "https"),
  host: fc.constantFrom(...HOSTS),
  port: fc.constantFrom(80, 443, 8080),
  segments: fc.array(fc.constantFrom("api", "admin", "v1", "v"), { maxLength: 3 }),
});
/** What is asked for: mostly what was granted, with other parts here and there. */
const both = fc.tuple(place, place, fc.array(fc.nat(5), { minLength: 4, maxLength: 4 })).map(([granted, other, differs]) => {
  const part = <Key extends keyof typeof granted>(key: Key, at: number) => (differs[at] === 0 ? other : granted)[key];
  const segments = differs[3] === 1 ? [...granted.segments, ...other.segments] : part("segments", 3);
  return { granted, asked: { scheme: part("scheme", 0), host: part("host", 1), port: part("port", 2), segments } };
});
const methods = fc.uniqueArray(fc.constantFrom("GET", "POST", "DELETE"), { minLength: 1 });

let allowed = 0;

property(
  "findRule() allows what a grant names, part by part, and nothing else",
  400,
  [both, fc.boolean(), methods, fc.constantFrom("GET", "POST", "get"), path],
  ({ granted, asked }, below, methods, method, detour) => {
    const origin = originOf({ ...granted, scheme: granted.scheme as "http" });
    const base = granted.segments.map((segment) => `/${segment}`).join("");
    const rule = httpRule({ allow: below ? `${origin}${base}/*` : `${origin}${base || "/"}`, methods }, () => "");
    // What is taken back on the way, and then the place; or the other way round; or anything.
    const taken = `${detour.text}${"/..".repeat(12)}`;
    const place = `/${asked.segments.join("/")}`;
    for (const { text, canonical } of [
      { text: taken + place, canonical: place },
      { text: place + taken, canonical: "/" },
      { text: detour.text, canonical: detour.canonical },
    ]) {
      const target = parseTarget(`${asked.scheme}://${asked.host.toUpperCase()}:${asked.port}${text}`);
      const found = typeof target === "string" ? undefined : findRule([rule], target, method);
      const sameOrigin = granted.scheme === asked.scheme && granted.host === asked.host && granted.port === asked.port;
      const onPath = canonical !== undefined && (below ? canonical.startsWith(`${base}/`) : canonical === (base || "/"));
      if (found === rule) allowed++;
      assert.equal(found === rule, sameOrigin && onPath && methods.includes(method as "GET"), text);
    }
  },
  () => assert.ok(allowed > 20, `${allowed} were allowed`),
);
