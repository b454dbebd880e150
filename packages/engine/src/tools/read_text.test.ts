import assert from "node:assert/strict";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Json } from "@glovebox/sandbox";
import { type Folder, openFolder } from "./folder.ts";
import { readText } from "./read_text.ts";

let path: string;
let folder: Folder;

before(async () => {
  path = await mkdtemp(join(tmpdir(), "glovebox-read-"));
  await writeFile(join(path, "there.txt"), "text");
  await symlink(join(path, "nowhere"), join(path, "dangling.txt"));
  await symlink("/etc/hosts", join(path, "out.txt"));
  folder = await openFolder(path);
});

after(() => rm(path, { recursive: true, force: true }));

function read(file: string): Promise<Json> {
  return readText.invoke({ file, missing: "else" }, { folder, signal: new AbortController().signal, idempotencyKey: "k", log: () => {} });
}

test("read_text goes on with what it was given where there is no such file", async () => {
  assert.deepEqual(await read("there.txt"), { text: "text", bytes: 4 });
  assert.deepEqual(await read("not-there.txt"), { text: "else", bytes: 0 });
  assert.deepEqual(await read("not-there/at-all.txt"), { text: "else", bytes: 0 });
  assert.deepEqual(await read("dangling.txt"), { text: "else", bytes: 0 });
});

test("read_text with something to go on with still refuses what lies outside, and what is no file", async () => {
  for (const [file, why] of [
    ["../there.txt", /lies outside/],
    ["../not-there.txt", /lies outside/],
    ["out.txt", /lies outside/],
    [".", /it is a folder|it is not a file/],
    ["", /the path is empty/],
    ["there.txt/below", /a part of the path is not a folder/],
  ] as const) {
    await assert.rejects(read(file), { name: "ToolError", message: why }, file);
  }
});
