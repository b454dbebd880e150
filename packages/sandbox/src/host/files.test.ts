import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { linkSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { GloveboxError } from "../error.ts";
import { checkFileGrants, readGrantedFiles } from "./files.ts";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "glovebox-files-")));
after(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string | Uint8Array = "content"): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

async function refused(path: string, why: RegExp, bytesMax = 1000): Promise<void> {
  await assert.rejects(
    readGrantedFiles([{ name: "f", path }], bytesMax),
    (error) => error instanceof GloveboxError && error.code === "GRANT_FILE_REFUSED" && why.test(error.message),
    path,
  );
}

test("readGrantedFiles() reads plain files, under the names that they are given", async () => {
  const files = await readGrantedFiles(
    [
      { name: "one", path: file("a", "x") },
      { name: "empty", path: file("b", "") },
    ],
    1000,
  );
  assert.deepEqual(
    files.map(({ name, content }) => [name, Buffer.from(content).toString()]),
    [
      ["one", "x"],
      ["empty", ""],
    ],
  );
});

test("readGrantedFiles() refuses links, wherever they are in the path", async () => {
  const target = file("target");
  symlinkSync(target, join(folder, "link"));
  await refused(join(folder, "link"), /it is a link/);
  symlinkSync("/etc/passwd", join(folder, "away"));
  await refused(join(folder, "away"), /it is a link/);
  symlinkSync(join(folder, "loop"), join(folder, "loop"));
  await refused(join(folder, "loop"), /it is a link/);
  mkdirSync(join(folder, "real"));
  file("real/inside");
  symlinkSync(join(folder, "real"), join(folder, "linked"));
  await refused(join(folder, "linked/inside"), /leads through a link/);
  await refused(`${folder}/real/../real/inside`, /shortest form/);
  linkSync(target, join(folder, "hard"));
  await refused(join(folder, "hard"), /several names/);
});

test("readGrantedFiles() refuses what is no plain file, without waiting for it", async () => {
  execFileSync("mkfifo", [join(folder, "pipe")]);
  await refused(join(folder, "pipe"), /no plain file/);
  await refused("/dev/zero", /no plain file/);
  await refused("/dev/tty", /no plain file|can't be opened/);
  await refused(folder, /no plain file/);
  const server = createServer().listen(join(folder, "socket"));
  await new Promise((resolve) => server.once("listening", resolve));
  await refused(join(folder, "socket"), /can't be opened/);
  await new Promise((resolve) => server.close(resolve));
  await refused(join(folder, "gone"), /it is not there/);
});

test("readGrantedFiles() bounds all files together, also one that says that it is empty", async () => {
  const path = file("sized", Buffer.alloc(1000));
  assert.equal((await readGrantedFiles([{ name: "f", path }], 1000))[0]?.content.length, 1000);
  await refused(path, /1000 bytes, and 999 are left/, 999);
  await assert.rejects(
    readGrantedFiles(
      [
        { name: "a", path },
        { name: "b", path },
      ],
      1999,
    ),
    /999 are left/,
  );
  if (process.platform === "linux") await refused(`/proc/${process.pid}/maps`, /more than the 100 bytes/, 100); // its size is told as 0
});

test("checkFileGrants() refuses names that are more than one segment, and two of one name", () => {
  for (const name of ["", ".", "..", "a/b", "/a", "a\\b", "a\0b", "a\nb", "x".repeat(300)]) {
    assert.throws(() => checkFileGrants([{ name, path: "/a" }]), /is no name for a file/, JSON.stringify(name));
  }
  assert.throws(() => checkFileGrants([{ name: "a", path: "relative" }]), /not absolute/);
  assert.throws(
    () =>
      checkFileGrants([
        { name: "\u00e9", path: "/a" },
        { name: "e\u0301", path: "/b" },
      ]),
    /two files/,
  );
  assert.throws(() => checkFileGrants(Array.from({ length: 300 }, (_, n) => ({ name: `${n}`, path: "/a" }))), /300 files/);
});
