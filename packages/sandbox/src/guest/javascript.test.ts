import assert from "node:assert/strict";
import { test } from "node:test";
import type { GuestError } from "../outcome.ts";
import { captureJavaScript } from "../runtimes/javascript/capture.ts";
import { type Ended, enterChamber } from "./chamber.fixture.ts";
import { javascriptChamber } from "./javascript.ts";

const wasm = new Uint8Array(await captureJavaScript("javascript"));
const chamber = javascriptChamber(wasm, new WebAssembly.Module(wasm), "javascript");
const run = (code: string, options: Parameters<typeof enterChamber>[2] = {}): Ended => enterChamber(chamber, code, options);

function errorOf(ended: Ended): GuestError {
  assert.equal(ended.end.kind, "failed", JSON.stringify(ended.end));
  return (ended.end as { error: GuestError }).error;
}

const RESULTS: Readonly<Record<string, readonly [code: string, result: unknown]>> = {
  "what is returned": ["return inputs.n + 1", 42],
  "what an awaited promise gives": ["return await Promise.resolve(inputs.n)", 41],
  "what a returned promise gives": ["return Promise.all([1, Promise.resolve(2)])", [1, 2]],
  "what a returned thenable gives": ["return { then(resolve) { resolve(9) } }", 9],
  "an assignment to an undeclared result": ["result = [inputs.n]", [41]],
  "the same in strict mode": ['"use strict"\nresult = [inputs.n]', [41]],
  "a result that is declared with let": ["let result = 1\nresult += 1", 2],
  "a result that is declared with const, without a semicolon": ["const result = { a: 1 }", { a: 1 }],
  "a result that is declared with var": ["var result = 3 // and a comment", 3],
  "what was put into output": ["output.a = 1; output.b = [2]", { a: 1, b: [2] }],
  "an output that the code declares itself": ["const output = {}", {}],
  "an output that was replaced": ["output = [1]", [1]],
  "the returned value before result and output": ["result = 1; output.a = 1; return 2", 2],
  "a returned null before result": ["result = 1; return null", null],
  "result before output": ["result = 1; output.a = 1", 1],
  "result after a return without a value": ["result = 1; if (inputs.n) return; result = 2", 1],
  "null, with nothing at all": ["const unused = 1", null],
  "null, of no code": ["", null],
  "code that ends in a line comment": ["return 1 //", 1],
  "a date as text": ["return new Date(0)", "1970-01-01T00:00:00.000Z"],
  "what toJSON gives": ["return [{ toJSON: (key) => `at ${key}` }]", ["at 0"]],
  "what a proxy shows": ["return new Proxy({ a: 1 }, { get: () => 2 })", { a: 2 }],
  "what a getter gives": ["return { get a() { return 4 } }", { a: 4 }],
  "own properties named __proto__ and constructor": [
    'return JSON.parse(\'{"__proto__": {"polluted": 1}, "constructor": 2}\')',
    JSON.parse('{"__proto__": {"polluted": 1}, "constructor": 2}'),
  ],
  "text of every plane, and lone surrogates": ['return "\\0é€😀\\ud800"', "\0é€😀\ud800"],
  "the same object in two places": ["const a = [1]; return { a, b: a, c: [a, a] }", { a: [1], b: [1], c: [[1], [1]] }],
};

for (const [what, [code, result]] of Object.entries(RESULTS)) {
  test(`javascriptChamber() gives as the result: ${what}`, () => {
    const { end, output } = run(code, { input: { n: 41 } });
    assert.equal(end.kind, "completed", JSON.stringify(end));
    assert.deepEqual(output, result);
  });
}

test("javascriptChamber() hands over the input as plain JSON", () => {
  const input = { a: "ü€😀\0", b: [1.5, -1e300, true, null], c: JSON.parse('{"__proto__": 1}') as unknown };
  assert.deepEqual(run("return inputs", { input }).output, input);
  assert.equal(run("return Object.getPrototypeOf(inputs.c) === Object.prototype", { input }).output, true);
});

const REFUSED_RESULTS: readonly (readonly [code: string, message: string])[] = [
  ["return { a: [1, { b: undefined }] }", "cannot output undefined, at result.a[1].b"],
  ["return { f() {} }", "cannot output a function, at result.f"],
  ["return { 'a b': Symbol() }", 'cannot output a symbol, at result["a b"]'],
  ["return [0, NaN]", "cannot output NaN, at result[1]"],
  ["return -Infinity", "cannot output -Infinity"],
  ["return { n: 1n }", "cannot output a BigInt (use a string or Number(...)), at result.n"],
  ["const a = { b: [] }; a.b.push(a); return a", "cannot output a cycle, at result.b[0]"],
  ["return { m: new Map() }", "cannot output a Map (use Object.fromEntries(...)), at result.m"],
  ["return { p: Promise.resolve(1) }", "cannot output a Promise (is an await missing?), at result.p"],
  ["return new Uint8Array(2)", "cannot output Uint8Array (use Array.from(...))"],
  ["return { e: new Error('x') }", "cannot output an Error (use its message), at result.e"],
];

for (const [code, message] of REFUSED_RESULTS) {
  test(`javascriptChamber() refuses a result: ${message}`, () => {
    assert.deepEqual(errorOf(run(code)), { name: "TypeError", message, traceback: `TypeError: ${message}` });
  });
}

test("javascriptChamber() refuses a result of more levels than a reader can go down", () => {
  const { message } = errorOf(run("let a = 1; for (let i = 0; i < 1001; i++) a = [a]; return a"));
  assert.match(message, /^cannot output more than 1000 levels, at result\[0\]/);
  assert.equal(run("let a = 1; for (let i = 0; i < 1000; i++) a = [a]; return a").end.kind, "completed");
});

test("javascriptChamber() gives an error's name, message, and a traceback of the user's own lines", () => {
  const code = "function inner(x) {\n  return x.y.z\n}\nawait null\n  inner({})";
  assert.deepEqual(errorOf(run(code, { filename: "reshape.js" })), {
    name: "TypeError",
    message: "cannot read property 'z' of undefined",
    traceback: "TypeError: cannot read property 'z' of undefined\n    at inner (reshape.js:2:10)\n    at <anonymous> (reshape.js:5:3)",
    line: 2,
    column: 10,
  });
});

test("javascriptChamber() numbers the code's first line 1, also with CRLF and with what stands before an error", () => {
  assert.equal(errorOf(run("null.x")).line, 1);
  assert.equal(errorOf(run("\r\n\r\nnull.x")).line, 3);
});

test("javascriptChamber() shows no frame of ours where our code called the user's", () => {
  const { traceback } = errorOf(run("return { get a() { throw new Error('getter') } }"));
  assert.equal(traceback, "Error: getter\n    at get a (step.js:1:30)\n    at stringify (native)");
  assert.equal(errorOf(run("console.log('%j', { toJSON() { null.x } })")).traceback.includes("glovebox"), false);
});

const SYNTAX: readonly (readonly [code: string, message: string, line: number, column: number | undefined])[] = [
  ["let a = 1;\n  foo(;", "unexpected token in expression: ';'", 2, 7],
  ["let s = `abc", "unexpected end of string", 1, 9],
  ["if (a)", "unexpected end of the code", 1, undefined],
  ["function f() {\n  return 1\n", "unexpected end of the code", 3, undefined],
  ["const a = 1;\nimport fs from 'node:fs';", "import and export are not available: a step has no modules", 2, 8],
  ["  export default 1", "import and export are not available: a step has no modules", 1, 3],
];

for (const [code, message, line, column] of SYNTAX) {
  test(`javascriptChamber() places a syntax error: ${JSON.stringify(code)}`, () => {
    const place = column === undefined ? `${line}` : `${line}:${column}`;
    assert.deepEqual(errorOf(run(code)), {
      name: "SyntaxError",
      message,
      traceback: `SyntaxError: ${message}\n    at step.js:${place}`,
      line,
      ...(column === undefined ? {} : { column }),
    });
  });
}

test("javascriptChamber() has no modules", () => {
  assert.equal(errorOf(run('return await import("node:fs")')).message, "could not load module 'node:fs'");
  assert.equal(errorOf(run('return require("fs")')).message, "require is not defined");
});

test("javascriptChamber() tells what was thrown when it is no error", () => {
  assert.deepEqual(errorOf(run('throw "boom"')), { name: "string", message: "boom", traceback: "Uncaught 'boom'" });
  assert.deepEqual(errorOf(run("throw { code: 5 }")), { name: "Object", message: "{ code: 5 }", traceback: "Uncaught { code: 5 }" });
  assert.deepEqual(errorOf(run("throw undefined")), { name: "undefined", message: "undefined", traceback: "Uncaught undefined" });
});

test("javascriptChamber() keeps name, message and traceback apart, whatever is in them", () => {
  const { name, message, traceback } = errorOf(run("throw Object.assign(new Error('a\\0b\\0'), { name: 'N\\0' })"));
  assert.deepEqual([name, message, traceback.split("\n")[0]], ["N\ufffd", "a\ufffdb\ufffd", "N\0: a\0b\0"]);
});

test("javascriptChamber() shows an error's cause", () => {
  const { traceback } = errorOf(run('throw new Error("outer", { cause: new TypeError("inner") })'));
  assert.match(traceback, /^Error: outer\n {4}at .*\ncaused by TypeError: inner\n {4}at /);
});

test("javascriptChamber() describes errors that resist it", () => {
  const nasty =
    "const e = new Error('x'); for (const n of ['name', 'message', 'stack', 'cause']) Object.defineProperty(e, n, { get() { throw e } }); throw e";
  assert.deepEqual(errorOf(run(nasty)), { name: "Error", message: "", traceback: "Error" });
  assert.equal(errorOf(run("throw new Proxy({}, { get() { throw 1 }, getPrototypeOf() { throw 2 } })")).name, "Object");
  assert.equal(errorOf(run("throw Object.assign(new Error('long'.repeat(1e6)), { name: 'N'.repeat(1e6) })")).message.length, 4000);
});

test("javascriptChamber() fails code that waits for what never comes", () => {
  const { message } = errorOf(run("await new Promise(() => {})"));
  assert.equal(message, "the code waits for a promise that is never settled");
});

test("javascriptChamber() fails code that left a rejected promise unheard, and only then", () => {
  assert.equal(errorOf(run("Promise.reject(new Error('unheard')); return 1")).message, "unheard");
  assert.equal(errorOf(run("await new Promise(async () => { throw new Error('inside') })")).message, "inside");
  assert.equal(run("const p = Promise.reject(1); await null; p.catch(() => {}); return 2").output, 2);
  assert.equal(run("for (let i = 0; i < 5000; i++) { const p = Promise.reject(i); p.catch(() => {}) } return 3").output, 3);
  assert.equal(errorOf(run("Promise.reject(new Error('other')); throw new Error('own')")).message, "own");
});

test("javascriptChamber() does all that is left to do before it ends", () => {
  const { output, log } = run("(async () => { for (let i = 0; i < 3; i++) { await null; console.log(i) } })(); return 'ended'");
  assert.equal(output, "ended");
  assert.deepEqual(
    log.map((entry) => entry.message),
    ["0", "1", "2"],
  );
});

test("javascriptChamber() logs what console prints, by level", () => {
  const { log } = run(
    'console.debug("d"); console.log("l", 1); console.info("i"); console.warn("w"); console.error("e"); console.trace("t")',
  );
  assert.deepEqual(log, [
    { level: "debug", message: "d" },
    { level: "info", message: "l 1" },
    { level: "info", message: "i" },
    { level: "warning", message: "w" },
    { level: "error", message: "e" },
    { level: "debug", message: "t" },
  ]);
});

const PRINTED: readonly (readonly [expression: string, text: string])[] = [
  ["'text', ''", "text "],
  ["", ""],
  ["{ a: 1, 'b c': [1, 'x'], [Symbol('s')]: null }", "{ a: 1, 'b c': [ 1, 'x' ], [Symbol(s)]: null }"],
  ["[1, , 3], [], {}", "[ 1, <empty>, 3 ] [] {}"],
  ["-0, 1n, NaN, undefined, null, true, Symbol('s')", "-0 1n NaN undefined null true Symbol(s)"],
  ["[\"it's\", 'a\\nb']", '[ "it\'s", "a\\nb" ]'],
  ["function f() {}, () => {}, class A {}", "[Function: f] [Function (anonymous)] [class: A]"],
  ["new Map([['a', { b: 1 }]]), new Set([1, 2])", "Map(1) { 'a' => { b: 1 } } Set(2) { 1, 2 }"],
  ["new (class Point { x = 1 })()", "Point { x: 1 }"],
  ["Object.create(null)", "[Object: null prototype] {}"],
  ["new Uint8Array([1, 2]), new Date(0), /a/g, Promise.resolve(1)", "Uint8Array(2) [ 1, 2 ] 1970-01-01T00:00:00.000Z /a/g Promise {}"],
  ["{ get a() { throw 1 }, set b(x) {} }", "{ a: [Getter], b: [Setter] }"],
  ["(() => { const o = { p: {} }; o.p.o = o; return o })()", "{ p: { o: [Circular] } }"],
  ["{ a: { b: { c: { d: { e: 1 } } } } }", "{ a: { b: { c: { d: [Object] } } } }"],
  ["'%s is %d, %i%%, %j and %o', 'Bo', '4.5', 7.9, { a: 1 }, [1], 'more'", 'Bo is 4.5, 7%, {"a":1} and [ 1 ] more'],
  ["'100%', 'a%'", "100% a%"],
  ["Array.from({ length: 102 }, () => 1).length, new Array(101).fill(7)", /^102 \[\n( {2}7,\n){100} {2}... 1 more\n\]$/.source],
];

for (const [expression, text] of PRINTED) {
  test(`javascriptChamber() prints console.log(${expression})`, () => {
    const [entry] = run(`console.log(${expression})`).log;
    if (text.startsWith("^")) assert.match(entry?.message ?? "", new RegExp(text));
    else assert.equal(entry?.message ?? "", text);
  });
}

test("javascriptChamber() has the attempt's clock, the time zone UTC, and the attempt's randomness", () => {
  const code = "return [Date.now(), new Date().getTimezoneOffset(), new Date(2020, 0, 1).toISOString(), Math.random(), Math.random()]";
  const first = run(code, { seed: 7 }).output as number[];
  assert.deepEqual(first.slice(0, 3), [1_700_000_000_123, 0, "2020-01-01T00:00:00.000Z"]);
  assert.deepEqual(run(code, { seed: 7 }).output, first);
  assert.notDeepEqual(run(code, { seed: 8 }).output, first);
});

test("javascriptChamber() reports the memory at its largest", () => {
  const small = run("return 1").memory.peakBytes;
  const large = run("return new Uint8Array(8 * 2 ** 20).length").memory.peakBytes;
  assert.equal(small % 65_536, 0);
  assert.ok(large >= small + 7 * 2 ** 20 && large <= small + 9 * 2 ** 20, `${small} and ${large}`);
});
