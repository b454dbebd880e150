import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Sandbox } from "@glovebox/sandbox";
import { inspectCode } from "./code.ts";
import type { Inspection } from "./inspection.ts";
import type { Language } from "./look.ts";
import { marked, placesOf } from "./marked.fixture.ts";

const sandbox = new Sandbox({ cells: 1, warm: "none" });
after(() => sandbox[Symbol.asyncDispose]());

type Inspected = Extract<Inspection, { kind: "inspected" }>;

function look(language: Language, source: string, more: Pick<Parameters<typeof inspectCode>[0], "imports" | "grants"> = {}) {
  return inspectCode({ name: "code", language, source, ...more }, { sandbox, isolationKey: "test" });
}

async function inspected(language: Language, source: string, more: Parameters<typeof look>[2] = {}): Promise<Inspected> {
  const inspection = await look(language, source, more);
  assert.equal(inspection.kind, "inspected", JSON.stringify(inspection));
  return inspection as Inspected;
}

const ENCODED = "aGVsbG8gd29ybGQ9".repeat(20);
const LONG = `# ${"a".repeat(1_100)}`;

/** Every finding of Python, and beside it what is like it and harmless. */
const PYTHON = `import json, re as pattern
from itertools import count, repeat
import «native-access»«import-missing»ctypes, «introspection»gc, pickle, «import-missing»no_such_module
from importlib import «dynamic-code»import_module as load
«dynamic-code»eval("1")
run = «dynamic-code»exec
«decoded-code»«dynamic-code»exec(pattern.sub("", bytes.fromhex("00").decode()))
«decoded-code»«dynamic-code»eval(«encoded-literal»"${ENCODED}")
«dynamic-code»load(name)
pattern.compile("a")
().__class__.«introspection»__bases__[0].«introspection»__subclasses__()
getattr(thing, «introspection»"__glo" + "bals__"); getattr(thing, «computed-name»name); getattr(thing, "size")
"{0.__class__}", «introspection»"{0.__globals__}"
«introspection»__builtins__
def frames():
    return error.__traceback__.«introspection»tb_frame.«introspection»f_back
«unsafe-loading»pickle.loads(data)
«unbounded-loop»while True:
    for item in items:
        break
while True:
    if done: break
def generate():
    while 1:
        yield 1
def wait():
    while not 0:
        for item in items:
            return item
«unbounded-loop»for number in count():
    print(number)
for once in repeat(1, 3): pass
while items: items.pop()
«big-allocation»[0] * 10**9, [0] * 10, «big-allocation»"ab" * 100_000_000, «big-allocation»bytearray(1 << 30), «big-allocation»list(range(10**9)), bytes(100)
«big-allocation»10 ** 10**9, «big-allocation»1 << 10**9, 2 ** 64
import os, «not-offered»subprocess
«not-offered»os.system("ls"); «not-offered»open("/etc/passwd"); open("/tmp/a", "w")
text = "é𝒳é" + «dynamic-code»eval("1")
naïve = 1; «lookalike-name»pаypal = 2; Überschrift = "pаypal"; имя = 3
«lookalike-name»𝑒𝑣𝑎𝑙 = 4
# «bidi-control»\u202e reversed, and joined«invisible-character»\u200b
«long-line»${LONG}`;

test("inspectCode() finds every kind of thing in Python, each at its place, and nothing beside them", async () => {
  const { source, expected } = marked(PYTHON);
  const { findings, dropped } = await inspected("python", source);
  assert.deepEqual(placesOf(findings), expected);
  assert.equal(dropped, 0);
  assert.equal(findings[0]?.message, "reaches for memory or for the host below its interpreter: ctypes");
});

const JAVASCRIPT = `import lodash from «import-missing»"lodash";
const fs = «import-missing»require("fs");
«dynamic-code»eval("1"); new «dynamic-code»Function("return 1")(); const run = «dynamic-code»eval;
«decoded-code»«dynamic-code»eval(atob(text));
«decoded-code»«dynamic-code»eval(«encoded-literal»"${ENCODED}");
«dynamic-code»«import-missing»import("os");
[].«introspection»constructor.«dynamic-code»constructor("return this")();
thing.constructor.name;
globalThis[«dynamic-code»"ev" + "al"]("1"); «computed-name»globalThis[name]; globalThis.JSON;
const proto = ({}).«introspection»__proto__, other = ({})[«introspection»"__pro" + "to__"], made = { «introspection»__proto__: null };
«introspection»Object.getPrototypeOf(thing); Object.keys(thing);
«introspection»Array.prototype.map = null; Thing.prototype.map = null;
function args() { return arguments.«introspection»callee; }
«introspection»with (thing) {}
«unbounded-loop»for (;;) { for (const a of b) break; }
«unbounded-loop»while (true) { switch (a) { case 1: break; } }
«unbounded-loop»do { (() => { return 1; })(); } while (!0);
outer: while (true) { for (const a of b) break outer; }
for (;;) { if (done) break; }
while (1) { throw new Error("no"); }
function* all() { for (;;) yield 1; }
for (let i = 0; i < 3; i++) {}
«big-allocation»new Uint8Array(2 ** 30); «big-allocation»Array(1e9); new Array(100); «big-allocation»"a".repeat(1e9); "a".padStart(20);
«big-allocation»2n ** 1000000000n; 2n ** 64n;
const «escaped-name»\\u0061b = 1, «lookalike-name»еx = 2, имя = 3, naïve = "еx";
«not-offered»fetch("/"); «not-offered»process.exit(); «not-offered»setTimeout(run, 1);
const shellcode = «encoded-literal»"${"\\x90".repeat(200)}";
// «bidi-control»\u2066 isolated«invisible-character»\u200b
«long-line»${LONG.replace("#", "//")}`;

test("inspectCode() finds every kind of thing in JavaScript, each at its place, and nothing beside them", async () => {
  const { source, expected } = marked(JAVASCRIPT);
  assert.deepEqual(placesOf((await inspected("javascript", source)).findings), expected);
});

test("inspectCode() finds in TypeScript what is left when its types are gone, at the places that it has in the file", async () => {
  const text = `interface A { constructor: { constructor: Function } }
const a: Array<number> = «dynamic-code»eval("1") as number[], b = <any>«dynamic-code»eval("2");
type B = { eval: typeof eval };
function f<T extends object>(this: Window, x?: T): asserts x is T { «unbounded-loop»for (;;) { x!.size; } }`;
  const { source, expected } = marked(text);
  assert.deepEqual(placesOf((await inspected("typescript", source)).findings), expected);
});

test("inspectCode() tells of imports whether they are there, and of a step's whether its list has them", async () => {
  const source = "import json, os.path, pandas, glovebox\nfrom collections import abc\nfrom . import a\nfrom __future__ import annotations";
  const of = ({ imports }: Inspected) => imports.map(({ name, state }) => `${name} ${state}`);
  const free = await inspected("python", source);
  assert.deepEqual(of(free), [
    "json library",
    "os.path library",
    "pandas missing",
    "glovebox library",
    "collections library",
    ". missing",
    "__future__ library",
  ]);
  const listed = await inspected("python", source, { imports: ["json"] });
  assert.deepEqual(of(listed), [
    "json allowed",
    "os.path refused",
    "pandas missing",
    "glovebox allowed",
    "collections refused",
    ". missing",
    "__future__ allowed",
  ]);
  assert.deepEqual(placesOf(listed.findings), ["import-refused 1:14", "import-missing 1:23", "import-refused 2:1", "import-missing 3:1"]);
  assert.deepEqual(listed.suggestion.imports, ["collections", "json", "os"]);
  assert.equal((await inspected("python", "import json", { imports: ["json", "re"] })).suggestion.imports, undefined);
});

const ASKING_PYTHON = `import glovebox as g
from glovebox import secret, open as read
import time, random
HOST = "https://api.example.com/v1/"
NAME = "RATES_KEY"
g.http_request(HOST + "rates?day=1")
g.http_request(f"{HOST}days/{day}.json", method="post", headers={"referer": "https://seen.example.com/x"})
g.http_request(url="https://other.example.com/search?q=%s" % word, method="PUT")
g.http_request("https://api" + host + "/")
g.http_request(address, verb)
secret(NAME); secret(name); read("rates.csv"); open("/granted/days.csv"); g.open("../x")
g.log("info", "https://seen.example.com/y"); time.time(); random.random()
`;

const ASKING_TYPESCRIPT = `const { httpRequest: request, secret } = glovebox;
const host: string = "https://api.example.com/v1/", name = "RATES_KEY";
request(host + "rates?day=1");
request(\`\${host}days/\${day}.json\`, { method: "post", headers: { referer: "https://seen.example.com/x" } });
request("https://other.example.com/search?q=" + word, { method: "PUT" });
request("https://api" + other + "/");
request(address, { method: verb });
secret(name); secret(other); glovebox.open("rates.csv"); glovebox.open("days.csv"); glovebox.open("../x");
glovebox.log("info", "https://seen.example.com/y"); Date.now(); Math.random();
`;

for (const [language, source] of [
  ["python", ASKING_PYTHON],
  ["typescript", ASKING_TYPESCRIPT],
] as const) {
  test(`inspectCode() tells what ${language} would ask of the host, as narrow as it is written`, async () => {
    const { needs, findings, suggestion } = await inspected(language, source);
    assert.deepEqual(
      needs.http.map(({ allow, method }) => `${method} ${allow}`),
      [
        "GET https://api.example.com/v1/rates",
        "post https://api.example.com/v1/days/*",
        "PUT https://other.example.com/search",
        "GET undefined",
        "undefined undefined",
      ],
    );
    assert.deepEqual(suggestion.grants, {
      http: [
        { allow: "https://api.example.com/v1/rates" },
        { allow: "https://api.example.com/v1/days/*", methods: ["POST"] },
        { allow: "https://other.example.com/search", methods: ["PUT"] },
      ],
      secrets: ["RATES_KEY"],
      files: [
        { name: "rates.csv", path: "rates.csv" },
        { name: "days.csv", path: "days.csv" },
      ],
    });
    assert.deepEqual([needs.time, needs.random, needs.host], [true, true, ["log"]]);
    const urls = needs.urls.map(({ url }) => url);
    for (const seen of ["https://seen.example.com/x", "https://seen.example.com/y"]) assert.ok(urls.includes(seen), seen);
    assert.deepEqual(
      findings.map(({ code, message }) => `${code}: ${message.replace(/^.*run time: /, "")}`),
      [
        "computed-request: an address that begins with https://api",
        "computed-request: an address",
        "computed-request: a method",
        "computed-request: a secret",
        "computed-request: a file",
      ],
    );
  });
}

test("inspectCode() says which of a step's needs it is granted, and suggests nothing where that is all of them", async () => {
  const source = 'glovebox.httpRequest("https://a.example.com/x/y"); glovebox.secret("KEY"); glovebox.open("a.csv")';
  const grants = { http: [{ allow: "https://a.example.com/x/*" }], secrets: ["KEY"], files: [{ name: "a.csv", path: "in/a.csv" }] };
  const all = await inspected("javascript", source, { grants });
  assert.deepEqual([all.needs.http[0]?.granted, all.needs.secrets[0]?.granted, all.needs.files[0]?.granted], [true, true, true]);
  assert.deepEqual(all.suggestion, {});
  const some = await inspected("javascript", source, { grants: { http: [{ allow: "https://a.example.com/x", methods: ["POST"] }] } });
  assert.deepEqual([some.needs.http[0]?.granted, some.needs.secrets[0]?.granted, some.needs.files[0]?.granted], [false, false, false]);
  assert.ok(some.suggestion.grants);
});

test("inspectCode() says why and where a source does not parse", async () => {
  const cases: readonly (readonly [Language, string, string, object])[] = [
    ["python", "a = 1\nb = é (", "'(' was never closed", { line: 2, column: 7 }],
    ["python", "a\0b", "source code string cannot contain null bytes", { line: 1, column: 1 }],
    ["python", "a = '\ud800'", "it is no text", { line: 1, column: 1 }],
    ["javascript", "let a = 1;\nlet é = ;", "Unexpected token", { line: 2, column: 9 }],
    ["typescript", "let a = 1;\ninterface {", 'Unexpected token, expected ";"', { line: 2, column: 11 }],
  ];
  for (const [language, source, message, at] of cases) {
    assert.deepEqual(await look(language, source), { kind: "unparsable", name: "code", language, message, at, findings: [] });
  }
  const hidden = await look("python", "# \u202e\na = (");
  assert.deepEqual(hidden.kind === "unparsable" && placesOf(hidden.findings), ["bidi-control 1:3"]);
});

const DEEP = 100_000;

/** Sources that are made to break whoever looks at them, and how the look ends. */
const HOSTILE: readonly (readonly [name: string, Language, source: string, ends: RegExp])[] = [
  ["deep brackets", "python", "(".repeat(DEEP), /^unparsable: too many nested parentheses$/],
  ["deep operators", "python", `${"-".repeat(DEEP)}1`, /^unparsable: it is nested too deeply$/],
  ["a long chain of attributes", "python", `a${".b".repeat(DEEP)}`, /^inspected$/],
  ["more than memory holds", "python", `[${"1,".repeat(2 ** 21 - 2)}]`, /^ended: exhausted memory$/],
  ["more characters than are taken", "python", "a".repeat(2 ** 22 + 1), /^ended: exhausted input$/],
  ["one long line", "python", `#${"a".repeat(2 ** 22 - 2)}`, /^inspected$/],
  ["a number with a million digits", "python", "9".repeat(10 ** 6), /^unparsable: Exceeds the limit/],
  ["powers of powers", "python", "a = 10 ** 10 ** 10 ** 10\nb = 2 ** 1000 * 2 ** 1000", /^inspected$/],
  ["deep brackets", "javascript", "[".repeat(DEEP), /^unparsable: Not enough stack space to parse input$/],
  ["deep functions", "javascript", `${"()=>".repeat(DEEP)}1`, /^unparsable: Not enough stack space to parse input$/],
  ["nested endless loops", "javascript", `${"for(;;)".repeat(500)};`, /^inspected$/],
  ["a deep pattern", "javascript", `/${"(".repeat(DEEP)}/`, /^ended: exhausted stack$/],
  ["deep brackets", "typescript", "(".repeat(DEEP), /^ended: exhausted stack$/],
  ["deep types", "typescript", `let a: ${"A<".repeat(DEEP)}`, /^ended: exhausted stack$/],
];

for (const [name, language, source, ends] of HOSTILE) {
  test(`inspectCode() comes to a typed end with ${name} in ${language}`, async () => {
    const inspection = await look(language, source);
    const end =
      inspection.kind === "unparsable"
        ? `unparsable: ${inspection.message}`
        : inspection.kind === "ended"
          ? `ended: ${inspection.outcome.kind} ${inspection.outcome.kind === "exhausted" ? inspection.outcome.limit : ""}`
          : inspection.kind;
    assert.match(end, ends);
    assert.equal((await look(language, "a")).kind, "inspected");
  });
}

test("inspectCode() counts what is beyond what it keeps", async () => {
  const { findings, dropped } = await inspected("python", "eval(1)\n".repeat(600));
  assert.deepEqual([findings.length, dropped], [500, 100]);
});
