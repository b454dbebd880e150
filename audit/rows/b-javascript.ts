import { contained, ends, gives, javascript, type Row } from "../audit.ts";

const SECTION = "B. JavaScript guest";
const row = (attack: string, code: string, expect: Row["expect"]): Row => ({
  section: SECTION,
  attack,
  run: () => javascript(code),
  expect,
});

export const JAVASCRIPT_ROWS: readonly Row[] = [
  row(
    'Function("return process")(), constructor.constructor',
    'const g = globalThis.constructor.constructor("return this")();\nreturn ["process", "require", "WebAssembly", "fetch", "Atomics", "SharedArrayBuffer", "std", "os", "scriptArgs", "performance"].filter((n) => n in g)',
    gives([]),
  ),
  row(
    'import("node:fs"), require, std and os',
    'const r = [];\nfor (const n of ["node:fs", "fs", "std", "os", "./x.js", "file:///etc/passwd"]) { try { await import(n); r.push(n) } catch {} }\ntry { require("fs"); r.push("require") } catch {}\nreturn r',
    gives([]),
  ),
  row(
    "a Proxy as the result",
    "return new Proxy({}, { ownKeys() { globalThis.leaked = 1; return ['a'] }, getOwnPropertyDescriptor() { return { value: 1, enumerable: true, configurable: true } } })",
    ends(["completed", "failed"]),
  ),
  row(
    "getters, toJSON and thenables as the result",
    "return { get a() { return 1 }, b: { toJSON() { return 2 } }, c: { then(f) { f(3) } } }",
    ends(["completed", "failed"]),
  ),
  row(
    "__proto__ and constructor.prototype in the result",
    'return JSON.parse(\'{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}}\')',
    ends("completed", /__proto__/),
  ),
  row(
    "pollution of its own Object.prototype, then host calls",
    "Object.prototype.leaked = 1; Object.prototype.toJSON = () => 'x'; Array.prototype.toJSON = () => 'y'; console.log({}); return { a: [1] }",
    ends(["completed", "failed"]),
  ),
  row(
    "unhandled and rejected promises",
    "Promise.reject(new Error('a')); (async () => { throw new Error('b') })(); return 1",
    ends("failed"),
  ),
  row("while (true) {}", "while (true) {}", ends("exhausted", /"cpu"|"wall"/)),
  row(
    "an endless chain of jobs",
    "const f = () => Promise.resolve().then(f); await f(); await new Promise(() => {})",
    ends(["exhausted", "failed"]),
  ),
  row("a regular expression that backtracks for ever", "return /(x+x+)+y/.test('x'.repeat(100))", ends("exhausted", /"cpu"|"wall"/)),
  row(
    "sort with a slow comparator",
    "Array.from({ length: 1e5 }, (_, i) => i).sort(() => { for (let i = 0; i < 1e6; i++); return 0 })",
    ends("exhausted", /"cpu"|"wall"/),
  ),
  row(
    "endless 1 MB strings",
    "const a = []; for (let i = 0; ; i++) a.push((i + 'x').repeat(5e5))",
    ends(["exhausted", "failed"], /memory/),
  ),
  row(
    "300 arrays of half a megabyte",
    "const a = []; for (let i = 0; i < 300; i++) a.push(new Uint8Array(5e5).fill(1)); return a.length",
    ends(["exhausted", "failed"], /memory/),
  ),
  row(
    "padStart(2**29), new Array(1e9).fill",
    "const r = []; try { 'a'.padStart(2 ** 29).length; r.push(1) } catch {} ; try { new Array(1e9).fill(1); r.push(2) } catch {} ; return r",
    ends(["completed", "exhausted", "failed"], /\[\]|memory|cpu/),
  ),
  row("BigInt squared for ever", "let n = 3n; for (;;) n *= n", ends(["exhausted", "failed"])),
  row("2n ** (2n ** 24n)", "return String((2n ** (2n ** 24n)) % 7n)", ends(["completed", "failed", "exhausted"])),
  row("deep recursion", "const f = (n) => f(n + 1) + 1; return f(0)", ends("exhausted", /stack/)),
  row("deep JSON.parse", "return JSON.parse('['.repeat(1e6))", ends(["exhausted", "failed"])),
  row(
    "deep JSON.stringify",
    "let x = []; for (let i = 0; i < 1e6; i++) x = [x]; return JSON.stringify(x).length",
    ends(["exhausted", "failed", "completed"]),
  ),
  row("a deep result", "let x = []; for (let i = 0; i < 1e5; i++) x = [x]; return x", ends(["exhausted", "failed"])),
  row(
    "[].concat(...3e5)",
    "return [].concat(...Array.from({ length: 3e5 }, () => [1])).length",
    ends(["completed", "failed", "exhausted"]),
  ),
  row("bytecode of the engine's own", "return typeof globalThis.bjson + typeof globalThis.std", gives("undefinedundefined")),
  row(
    "Date and Intl for the host's time zone and locale",
    "return [new Date(0).toString().includes('GMT+0000'), typeof Intl, new Date().getTimezoneOffset()]",
    gives([true, "undefined", 0]),
  ),
  row(
    "a clock finer than a millisecond",
    "const seen = new Set(); for (let i = 0; i < 2e5; i++) seen.add(Date.now() % 1); return [...seen]",
    gives([0]),
  ),
  row(
    "species, constructors and promises of vm2's kind",
    "class P extends Promise { static get [Symbol.species]() { return function (f) { f(() => {}, () => {}) } } }\nlet caught; try { await P.reject(1).then() } catch (e) { caught = e }\nconst e = (() => { try { null.x } catch (e) { return e } })();\nreturn [typeof e.constructor.constructor('return typeof process')(), e.constructor.constructor('return typeof process')()]",
    ends(["completed", "failed"], /undefined|failed/),
  ),
  row(
    "Error.prepareStackTrace for host frames",
    "Error.prepareStackTrace = (e, frames) => frames; const s = String(new Error('x').stack); return /\\/|node:|file:/.test(s)",
    ends(["completed", "failed"], /false|failed/),
  ),
  row(
    "Symbol.toStringTag, Symbol.unscopables and a global that throws",
    "Object.defineProperty(globalThis, 'result', { get() { throw new Error('no') } }); Object.defineProperty(globalThis, 'output', { get() { while (true); } })",
    contained,
  ),
  row(
    "console.log of what throws when it is shown",
    "console.log(new Proxy({}, { ownKeys() { throw 1 }, get() { throw 2 } }), { get x() { throw 3 } }); return 1",
    ends(["completed", "failed"]),
  ),
];
