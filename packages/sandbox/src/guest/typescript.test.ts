import assert from "node:assert/strict";
import { test } from "node:test";
import { captureJavaScript } from "../runtimes/javascript/capture.ts";
import { enterChamber } from "./chamber.fixture.ts";
import { javascriptChamber } from "./javascript.ts";

const wasm = new Uint8Array(await captureJavaScript("typescript"));
const chamber = javascriptChamber(wasm, new WebAssembly.Module(wasm), "typescript");
const run = (code: string) => enterChamber(chamber, code, { input: { n: 41 }, filename: "step.ts" });

const RESULTS: Readonly<Record<string, readonly [code: string, result: unknown]>> = {
  "interfaces, assertions and casts": ["interface A { n: number }\nconst a: A = inputs as A;\nreturn a.n! + (<any>1)", 42],
  "generics and type aliases": [
    "type List<T> = T[];\nfunction wrap<T>(value: T): List<T> { return [value] }\nresult = wrap<number>(3)",
    [3],
  ],
  enums: ["enum Size { Small, Large = 5 }\nreturn [Size.Large, Size[0]]", [5, "Small"]],
  "parameter properties and modifiers": [
    "class Point { constructor(private readonly x: number, public y?: string) {} get double(): number { return this.x * 2 } }\nreturn new Point(4).double",
    8,
  ],
  "abstract classes, overloads and declared fields": [
    "abstract class Base { abstract f(): number; declare g: string }\nclass Own extends Base { f(): number; f(a?: number): number { return a ?? 1 } }\nreturn new Own().f()",
    1,
  ],
  "satisfies and const assertions": ["let result: { a: number } = { a: 1 as const } satisfies object", { a: 1 }],
  "types of imports": ["import type { Thing } from 'elsewhere'\nconst thing: Thing = 1 as Thing; return thing", 1],
  "await of typed promises": ["const f = async (n: number): Promise<number> => n; return await f(3)", 3],
  "plain JavaScript": ["return inputs.n < 5 || inputs.n > (4)", true],
};

for (const [what, [code, result]] of Object.entries(RESULTS)) {
  test(`javascriptChamber("typescript") strips ${what}`, () => {
    const { end, output } = run(code);
    assert.equal(end.kind, "completed", JSON.stringify(end));
    assert.deepEqual(output, result);
  });
}

test('javascriptChamber("typescript") keeps the lines of errors', () => {
  const { end } = run("interface A {\n  a: number\n}\nfunction f(this: unknown, a?: A): asserts a is A {}\n\nthrow new Error('here')");
  assert.ok(end.kind === "failed");
  assert.equal(end.error.line, 6);
  assert.match(end.error.traceback, /\n {4}at <anonymous> \(step\.ts:6:\d+\)$/);
});

// What throws stands behind the mark.
const PLACED: readonly string[] = [
  "const a: number = 1; throw new ▮Error('x')",
  "function f<T>(this: unknown, a?: T): T { if (a) { ▮null!.x } return a! }\n  f<string>('a')",
  "type A = { a: 1 }; interface B extends Array<A> { b(): void } ▮null.x",
  "const s = `${(1 as number)} ${[] as unknown[]}: a  text`; if (s !== '1 : a  text') throw s; ▮null.x",
  "enum E { A, B }\nlet e: E = E.A; let r: RegExp = / a  b /; if (r.source !== ' a  b ') throw r.source; ▮null.x",
  "class P { constructor(private readonly x: number) {} }\nnew P(1 as number); ▮null.x",
  "const text: string = `\n  two ${1 as number} lines\n`; if (text !== '\\n  two 1 lines\\n') throw text; ▮null.x",
  "declare const q: number;\n\n\tlet a = <const>[1, 2]; ▮null.x",
];

for (const marked of PLACED) {
  test(`javascriptChamber("typescript") keeps the place of what throws in ${JSON.stringify(marked)}`, () => {
    const { end } = run(marked.replace("▮", ""));
    assert.ok(end.kind === "failed" && end.error.name !== "string", JSON.stringify(end));
    const before = marked.slice(0, marked.indexOf("▮")).split("\n");
    assert.deepEqual([end.error.line, end.error.column], [before.length, (before.at(-1) ?? "").length + 1]);
  });
}

test('javascriptChamber("typescript") places syntax errors', () => {
  const { end } = run("let a: number = 1;\nconst b: = 5");
  assert.deepEqual(end, {
    kind: "failed",
    error: {
      name: "SyntaxError",
      message: "Unexpected token",
      traceback: "SyntaxError: Unexpected token\n    at step.ts:2:10",
      line: 2,
      column: 10,
    },
  });
  for (const code of ["}", "`${", "foo(", "const x = <T>("])
    assert.equal((run(code).end as { error: { name: string } }).error.name, "SyntaxError", code);
});

test('javascriptChamber("typescript") serves the next guest after one that broke the stripper', () => {
  for (const code of ["<".repeat(50_000), "a<".repeat(20_000), "(".repeat(20_000), "type A = ".repeat(5_000), "`${".repeat(20_000)]) {
    assert.notEqual(run(code).end.kind, "completed", code.slice(0, 9));
    if (chamber.spent) break; // V8's stack is small in this thread; a cell would be replaced now
  }
  const next = javascriptChamber(wasm, new WebAssembly.Module(wasm), "typescript");
  assert.equal(enterChamber(next, "return 1 as number").output, 1);
});
