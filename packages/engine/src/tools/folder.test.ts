import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Folder, openFolder } from "./folder.ts";

let base: string;
let folder: Folder;

before(async () => {
  base = await realpath(await mkdtemp(join(tmpdir(), "glovebox-folder-")));
  await mkdir(join(base, "open/inner"), { recursive: true });
  await mkdir(join(base, "open-not"));
  await mkdir(join(base, "secret"));
  await writeFile(join(base, "secret/key"), "secret");
  await writeFile(join(base, "open-not/key"), "secret");
  await writeFile(join(base, "open/inner/a.txt"), "hello");
  await symlink(join(base, "secret"), join(base, "open/out"));
  await symlink(join(base, "secret/key"), join(base, "open/key"));
  await symlink("inner/a.txt", join(base, "open/near"));
  await symlink(join(base, "open/nothing"), join(base, "open/dangling"));
  await symlink(join(base, "secret/new"), join(base, "open/dangling-out"));
  folder = await openFolder(join(base, "open"));
});

after(() => rm(base, { recursive: true, force: true }));

function refuses(work: Promise<unknown>, message: RegExp): Promise<void> {
  return assert.rejects(work, { name: "ToolError", message });
}

test("Folder.read() reads files inside, by relative and absolute paths and through links that stay inside", async () => {
  for (const path of ["inner/a.txt", "./inner/../inner/a.txt", "near", join(base, "open/inner/a.txt")]) {
    assert.equal(Buffer.from(await folder.read(path)).toString(), "hello", path);
  }
});

test("Folder.read() refuses every way out", async () => {
  const outside = /lies outside of the folder/;
  for (const path of [
    "../secret/key",
    "inner/../../secret/key",
    "out/key",
    "key",
    join(base, "secret/key"),
    "/etc/passwd",
    "../open-not/key",
    "../nothing",
    "/nothing",
    "inner/../..",
  ]) {
    await refuses(folder.read(path), outside);
  }
});

test("Folder.read() says plainly why a path can't be read", async () => {
  await refuses(folder.read("nothing"), /^Cannot read "nothing": it does not exist$/);
  await refuses(folder.read("inner"), /it is a folder|it is not a file/);
  await refuses(folder.read(""), /the path is empty/);
  await refuses(folder.read("a\0b"), /a path has no NUL/);
  await refuses(folder.read("inner/a.txt/b"), /a part of the path is not a folder/);
  await refuses(folder.read("x".repeat(5_000)), /the path is too long/);
});

test("Folder.read() does not wait for the writer of a pipe", { skip: process.platform === "win32" && "no named pipes" }, async () => {
  execFileSync("mkfifo", [join(base, "open/pipe")]);
  await refuses(folder.read("pipe"), /it is not a file/);
});

test("Folder.read() refuses a file above its bound, and takes one at it", async () => {
  await refuses(folder.read("near", { bytesMax: 4 }), /it has 5 bytes, and 4 are allowed/);
  assert.equal((await folder.read("near", { bytesMax: 5 })).byteLength, 5);
});

test("Folder.read() holds its bound for a file whose size says nothing", {
  skip: process.platform !== "linux" && "needs /proc",
}, async () => {
  const proc = await openFolder("/proc/self");
  assert.ok((await proc.read("status")).byteLength > 100);
  await refuses(proc.read("status", { bytesMax: 50 }), /it has more than 50 bytes/);
});

test("Folder.write() makes the folders on the way and leaves nothing but the file", async () => {
  assert.deepEqual(await folder.write("new/deep/b.txt", "ä"), { path: "new/deep/b.txt", bytes: 2 });
  assert.equal(await readFile(join(base, "open/new/deep/b.txt"), "utf8"), "ä");
  await folder.write("new/deep/b.txt", "again");
  assert.deepEqual(await readdir(join(base, "open/new/deep")), ["b.txt"]);
  assert.equal(await readFile(join(base, "open/new/deep/b.txt"), "utf8"), "again");
});

test("Folder.write() refuses every way out", async () => {
  for (const path of ["../secret/key", "out/new", "/tmp/x", "../open-not/x", "out/deep/new"]) {
    await refuses(folder.write(path, "x"), /lies outside of the folder/);
  }
  await refuses(folder.write("dangling/x", "x"), /a link that leads nowhere is in its way/);
  await refuses(folder.write("dangling-out/x", "x"), /lies outside|a link that leads nowhere is in its way/);
  await refuses(folder.write(".", "x"), /it is the folder itself/);
  await refuses(folder.write("inner", "x"), /what is there is not a file/);
  assert.deepEqual(await readdir(join(base, "secret")), ["key"]);
  assert.equal(await readFile(join(base, "secret/key"), "utf8"), "secret");
});

test("Folder.write() replaces a link in the file's place and does not follow it", async () => {
  await folder.write("key", "mine");
  await folder.write("dangling-out", "mine");
  assert.equal(await readFile(join(base, "open/key"), "utf8"), "mine");
  assert.equal(await readFile(join(base, "secret/key"), "utf8"), "secret");
  assert.deepEqual(await readdir(join(base, "secret")), ["key"]);
});

test("Folder.list() tells what is there and follows no link", async () => {
  const listed = (await folder.list(".")).map(({ name, kind }) => `${name} ${kind}`);
  assert.ok(listed.includes("out link") && listed.includes("inner folder"));
  await refuses(folder.list("out"), /lies outside/);
  await refuses(folder.list("inner/a.txt"), /a part of the path is not a folder/);
});

test("openFolder() refuses what is no folder", async () => {
  await assert.rejects(openFolder(join(base, "nowhere")), { code: "FOLDER_INVALID", message: /it does not exist/ });
  await assert.rejects(openFolder(join(base, "secret/key")), { code: "FOLDER_INVALID", message: /it is not a folder/ });
});
