import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { openKeys, readKeys } from "./key.ts";

const MODES = { skip: process.platform === "win32" ? "Windows has no such modes" : false };

function emptyFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "glovebox-key-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

function modeOf(path: string): string {
  return (statSync(path).mode & 0o777).toString(8);
}

test("openKeys() makes a key of 32 bytes once, and derives the same from it again", (t) => {
  const data = join(emptyFolder(t), "not", "yet", "there");
  assert.throws(() => readKeys("\0"), { code: "RECORD_PLACE_REFUSED" });
  const made = openKeys(data);
  assert.equal(readFileSync(join(data, "key")).length, 32);
  assert.deepEqual(readdirSync(data), ["key"]);
  assert.deepEqual(openKeys(data), made);
  assert.deepEqual(readKeys(data), made);
  assert.notDeepEqual(made.mac, made.transcript);
  assert.match(made.id, /^[0-9a-f]{16}$/);
  assert.notDeepEqual(openKeys(emptyFolder(t)), made);
});

test("readKeys() makes nothing", (t) => {
  const folder = emptyFolder(t);
  assert.equal(readKeys(join(folder, "data")), undefined);
  assert.deepEqual(readdirSync(folder), []);
});

test("openKeys() makes a key and directories that are their user's alone, whatever the umask", MODES, (t) => {
  const folder = emptyFolder(t);
  const program = `import { openKeys } from ${JSON.stringify(new URL("key.ts", import.meta.url).href)};
    process.umask(0);
    openKeys(${JSON.stringify(join(folder, "data/glovebox"))});`;
  execFileSync(process.execPath, ["--input-type=module", "-e", program]);
  assert.deepEqual([modeOf(join(folder, "data")), modeOf(join(folder, "data/glovebox"))], ["700", "700"]);
  assert.equal(modeOf(join(folder, "data/glovebox/key")), "600");
});

test("openKeys() makes one key, however many processes come at once", async (t) => {
  const data = join(emptyFolder(t), "data");
  const program = `import { openKeys } from ${JSON.stringify(new URL("key.ts", import.meta.url).href)};
    console.log(openKeys(${JSON.stringify(data)}).id);`;
  const run = promisify(execFile);
  const ids = await Promise.all(Array.from({ length: 4 }, () => run(process.execPath, ["--input-type=module", "-e", program])));
  assert.equal(new Set(ids.map(({ stdout }) => stdout)).size, 1);
  assert.deepEqual(readdirSync(data), ["key"]);
});

test("openKeys() comes back from where a directory is there and none can be made in it", {
  skip: process.platform === "linux" ? false : "only Linux has such a directory everywhere",
}, async () => {
  const program = `import { openKeys } from ${JSON.stringify(new URL("key.ts", import.meta.url).href)};
    openKeys("/proc/glovebox/data");`;
  // In a process of its own: what does not come back can't be stopped from inside.
  const opened = promisify(execFile)(process.execPath, ["--input-type=module", "-e", program], { timeout: 60_000, killSignal: "SIGKILL" });
  await assert.rejects(opened, { killed: false, stderr: /RECORD_PLACE_REFUSED/ });
});

test("openKeys() refuses a key or a directory that others can read or write, or that is a link, or is no key", MODES, (t) => {
  const refused = (data: string, why: RegExp): void => {
    for (const open of [openKeys, readKeys]) {
      assert.throws(
        () => open(data),
        (error: NodeJS.ErrnoException) => error.code === "RECORD_PLACE_REFUSED" && why.test(error.message),
      );
    }
  };
  const data = emptyFolder(t);
  const key = join(data, "key");
  openKeys(data);
  for (const mode of [0o640, 0o604, 0o620, 0o602]) {
    chmodSync(key, mode);
    refused(data, /others may read or write it \(its mode is 06\d\d\): chmod go-rwx it/);
  }
  chmodSync(key, 0o600);
  writeFileSync(key, Buffer.alloc(31));
  refused(data, /a key has 32 bytes, and this is none/);
  writeFileSync(key, Buffer.alloc(33));
  refused(data, /a key has 32 bytes/);
  unlinkSync(key);
  writeFileSync(join(data, "elsewhere"), Buffer.alloc(32), { mode: 0o600 });
  symlinkSync(join(data, "elsewhere"), key);
  refused(data, /it is a link/);
  unlinkSync(key);
  mkdirSync(key);
  refused(data, /it is (?:no plain file|a directory)/);

  const open = emptyFolder(t);
  chmodSync(open, 0o750);
  assert.throws(() => openKeys(open), { code: "RECORD_PLACE_REFUSED", message: /others may read or write it \(its mode is 0750\)/ });
  chmodSync(open, 0o700);
  const link = join(emptyFolder(t), "link");
  symlinkSync(open, link);
  assert.throws(() => openKeys(link), { code: "RECORD_PLACE_REFUSED", message: /it is a link, or no directory/ });
  assert.deepEqual(readdirSync(open), []);
  writeFileSync(join(open, "file"), "");
  assert.throws(() => openKeys(join(open, "file", "data")), { code: "RECORD_PLACE_REFUSED", message: /it is no directory/ });
});
