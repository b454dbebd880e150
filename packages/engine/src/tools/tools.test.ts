import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Json } from "@glovebox/sandbox";
import { argumentProblems } from "./arguments.ts";
import { csv } from "./csv.ts";
import { type Folder, openFolder } from "./folder.ts";
import { readText } from "./read_text.ts";
import { BUILTIN_TOOLS, toolsByName } from "./registry.ts";
import type { Tool, ToolContext } from "./tool.ts";
import { writeText } from "./write_text.ts";

let path: string;
let folder: Folder;

before(async () => {
  path = await mkdtemp(join(tmpdir(), "glovebox-tools-"));
  folder = await openFolder(path);
});

after(() => rm(path, { recursive: true, force: true }));

function call(tool: Tool, args: Record<string, Json>, given: Partial<ToolContext> = {}): Promise<Json> {
  return tool.invoke(args, { folder, signal: new AbortController().signal, idempotencyKey: "k", log: () => {}, ...given });
}

async function parsed(content: string | Uint8Array, args: Record<string, Json> = {}): Promise<Json> {
  await writeFile(join(path, "data.csv"), content);
  return call(csv, { file: "data.csv", ...args });
}

test("csv turns columns of numbers into numbers and leaves codes as text", async () => {
  assert.deepEqual(await parsed("zip,amount,share,id\n007,12,-0.5,9007199254740993\n10115,,1e3,1\n"), {
    columns: ["zip", "amount", "share", "id"],
    rows: [
      { zip: "007", amount: 12, share: -0.5, id: "9007199254740993" },
      { zip: "10115", amount: null, share: 1000, id: "1" },
    ],
  });
  assert.deepEqual(await parsed("a\n1\n", { numbers: false }), { columns: ["a"], rows: [{ a: "1" }] });
});

test("csv reads quotes, line breaks in them, other delimiters, a byte order mark and empty files", async () => {
  assert.deepEqual(await parsed('\ufeffa;b\r\n"x;""y""\n";z\r\n', { delimiter: ";" }), {
    columns: ["a", "b"],
    rows: [{ a: 'x;"y"\n', b: "z" }],
  });
  assert.deepEqual(await parsed(""), { columns: [], rows: [] });
  assert.deepEqual(await parsed("a,b\n"), { columns: ["a", "b"], rows: [] });
});

test("csv keeps a column called __proto__ as a column", async () => {
  const { rows } = (await parsed("__proto__,b\n1,2\n")) as { rows: object[] };
  assert.deepEqual(Object.keys(rows[0] ?? {}), ["__proto__", "b"]);
  assert.equal(Object.getPrototypeOf(rows[0]), Object.prototype);
});

test("csv refuses what is no table, with the line", async () => {
  await assert.rejects(parsed("a,b\n1,2\n1,2,3\n"), { name: "ToolError", message: /^Cannot read "data.csv" as CSV: .*line 3/ });
  await assert.rejects(parsed('a,b\n"1,2\n'), { name: "ToolError", message: /as CSV: .*[Qq]uote/ });
  await assert.rejects(parsed("a,b,a\n"), { name: "ToolError", message: /two columns are called "a"/ });
  await assert.rejects(parsed(`a\n"${"x".repeat(1_100_000)}"\n`), { name: "ToolError", message: /as CSV: .*1000000/ });
  await assert.rejects(parsed(Uint8Array.of(0x61, 0x0a, 0xff)), { name: "ToolError", message: /it is not UTF-8/ });
  await assert.rejects(parsed("a\n", { delimiter: "::" }), { name: "ToolError", message: /not one character/ });
});

test("csv stops when its signal is aborted", async () => {
  await writeFile(join(path, "data.csv"), "a\n1\n2\n");
  await assert.rejects(call(csv, { file: "data.csv" }, { signal: AbortSignal.abort() }), { name: "AbortError" });
});

test("write_text writes what read_text reads", async () => {
  assert.deepEqual(await call(writeText, { file: "out/é.txt", text: "naïve\n" }), { file: "out/é.txt", bytes: 7 });
  assert.equal(await readFile(join(path, "out/é.txt"), "utf8"), "naïve\n");
  assert.deepEqual(await call(readText, { file: "out/é.txt" }), { text: "naïve\n", bytes: 7 });
});

test("tools that need the folder refuse to work without one", async () => {
  for (const tool of BUILTIN_TOOLS) {
    await assert.rejects(call(tool, { file: "x", text: "" }, { folder: undefined }), { name: "ToolError", message: /no folder was named/ });
  }
});

test("argumentProblems() tells what is missing, unknown and of another type", () => {
  assert.deepEqual(argumentProblems(csv, { file: "x", numbers: true }), []);
  assert.deepEqual(argumentProblems(csv, { file: 7, delimeter: ",", numbers: null }), [
    'argument "file" must be a string, and is a number',
    'argument "numbers" must be true or false, and is null',
    'there is no argument "delimeter"',
  ]);
  assert.deepEqual(argumentProblems(writeText, { file: [] }), [
    'argument "file" must be a string, and is a list',
    'argument "text" is missing',
  ]);
});

test("toolsByName() refuses two tools of one name", () => {
  assert.equal(toolsByName(BUILTIN_TOOLS).get("csv"), csv);
  assert.throws(() => toolsByName([csv, csv]), { code: "TOOL_INVALID" });
});
