import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { givenStart, sizeOf } from "./given.ts";
import type { FileTree, Guest } from "./request.ts";

type Module = Extract<Guest, { kind: "module" }>;
const start = (rest: Partial<Module>) => givenStart({ kind: "module", bytes: new Uint8Array(), ...rest });
const file = new Uint8Array([1, 2, 3]);

test("givenStart() puts the program's name before its arguments, without the folders that it lies in", () => {
  assert.deepEqual(start({}).program, { arguments: ["module"], environment: [], stdout: "json" });
  const { program } = start({
    name: "/home/me/modules/x.wasm",
    arguments: ["", "a b"],
    environment: { A: "", "B C": "d=e" },
    stdout: "text",
  });
  assert.deepEqual(program.arguments, ["x.wasm", "", "a b"]);
  assert.deepEqual(program.environment, [
    ["A", ""],
    ["B C", "d=e"],
  ]);
  assert.equal(program.stdout, "text");
});

test("givenStart() lists what is in directories", () => {
  const { directories } = start({
    directories: [
      { name: "/data", files: { a: file, d: { b: file, e: {} } }, readOnly: true },
      { name: ".", files: JSON.parse('{ "__proto__": {}, "constructor": {} }') as FileTree },
    ],
  });
  assert.deepEqual(directories, [
    {
      name: "/data",
      readOnly: true,
      entries: [
        ["a", file],
        ["d", undefined],
        ["d/b", file],
        ["d/e", undefined],
      ],
    },
    {
      name: ".",
      readOnly: false,
      entries: [
        ["__proto__", undefined],
        ["constructor", undefined],
      ],
    },
  ]);
  assert.equal(sizeOf(directories), 6);
});

describe("givenStart() refuses", () => {
  const named = (name: string): Partial<Module> => ({ directories: [{ name: "/", files: { [name]: file } }] });
  const deep = (levels: number): FileTree => (levels === 0 ? {} : { d: deep(levels - 1) });
  const many = Object.fromEntries(Array.from({ length: 2049 }, (_, i) => [`f${i}`, file]));
  const wrong = (value: unknown) => value as never;
  const cases: Readonly<Record<string, readonly [Partial<Module>, RegExp]>> = {
    "arguments that are no texts": [{ arguments: wrong([1]) }, /an argument must be a text/],
    "arguments that are no list": [{ arguments: wrong("a") }, /must be a list/],
    "an argument with a NUL": [{ arguments: ["a\0b"] }, /without NUL/],
    "an argument that is no Unicode": [{ arguments: ["\ud800"] }, /must be a text/],
    "too many arguments": [{ arguments: Array.from({ length: 1025 }, () => "") }, /1025 arguments/],
    "arguments that are too long": [{ arguments: ["x".repeat(262_144)] }, /more than 262144 bytes/],
    "an environment that is none": [{ environment: wrong("A=1") }, /must be an object/],
    "a variable without a name": [{ environment: { "": "x" } }, /is empty/],
    "a variable with a = in its name": [{ environment: { "A=B": "x" } }, /has a = in it/],
    "a variable with a NUL": [{ environment: { A: "x\0" } }, /without NUL/],
    "a variable that is no text": [{ environment: wrong({ A: 1 }) }, /the variable "A" must be a text/],
    "another kind of output": [{ stdout: wrong("binary") }, /stdout is/],
    "directories that are no list": [{ directories: wrong({}) }, /must be a list/],
    "a directory without a name": [{ directories: [{ name: "", files: {} }] }, /no name for a directory/],
    "a directory with a NUL in its name": [{ directories: [{ name: "a\0", files: {} }] }, /no name for a directory/],
    "two directories of one name": [
      {
        directories: [
          { name: "/", files: {} },
          { name: "/", files: {} },
        ],
      },
      /two directories have the name/,
    ],
    "too many directories": [{ directories: Array.from({ length: 17 }, (_, i) => ({ name: `${i}`, files: {} })) }, /17 directories/],
    "too many files": [{ directories: [{ name: "/", files: many }] }, /more than 2048 entries/],
    "directories that are too deep": [{ directories: [{ name: "/", files: deep(40) }] }, /more than 32 deep/],
    "a file that is no bytes": [{ directories: [{ name: "/", files: wrong({ a: "text" }) }] }, /neither bytes nor files/],
    "files that are none": [{ directories: [{ name: "/", files: wrong(file) }] }, /are an object/],
    "a name that goes up": [named(".."), /no name for a file/],
    "a name with a slash": [named("a/b"), /no name for a file/],
    "a name with a backslash": [named("a\\b"), /no name for a file/],
    "an empty name": [named(""), /no name for a file/],
    "a long name": [named("x".repeat(256)), /no name for a file/],
    "a name that is not in form C": [named("e\u0301"), /no name for a file/],
  };
  for (const [what, [given, why]] of Object.entries(cases)) {
    test(what, () => assert.throws(() => start(given), { code: "REQUEST_INVALID", message: why }));
  }
});
