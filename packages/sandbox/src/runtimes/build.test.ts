import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { GloveboxError } from "../error.ts";
import { buildRuntimes } from "./build.ts";
import { findRuntimes } from "./installed.ts";
import { digest, readManifest } from "./store.ts";

const ROOT = fileURLToPath(new URL("../../../..", import.meta.url));

/** A copy of what the runtimes are built from, in a folder of its own: as another clone would have it. */
function clone(folder: string): string {
  // Real files, since a bundler asks where files really are. What only runs the build may be linked.
  const linked = /^(@|\.|node-|typescript$|assemblyscript$|binaryen$|wabt$|knip$|esbuild$)/;
  mkdirSync(join(folder, "node_modules"), { recursive: true });
  for (const name of readdirSync(join(ROOT, "node_modules"))) {
    const from = realpathSync(join(ROOT, "node_modules", name));
    const to = join(folder, "node_modules", name);
    if (!linked.test(name)) cpSync(from, to, { recursive: true });
    else if (!name.startsWith(".")) symlinkSync(from, to);
  }
  cpSync(join(ROOT, "packages/sandbox"), join(folder, "packages/sandbox"), {
    recursive: true,
    filter: (source) => !/(^|\/)(\.cache|node_modules)$/.test(source),
  });
  return join(folder, "packages/sandbox/src/runtimes/build.ts");
}

describe("buildRuntimes()", () => {
  test("makes the same bytes in another folder, under another TZ, HOME and LANG, and puts no path of the machine into them", (t) => {
    const folder = mkdtempSync(join(tmpdir(), "glovebox-clone-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const script = clone(join(folder, "some where", "deeper"));
    const home = join(folder, "home");
    mkdirSync(home);
    const { status, stderr } = spawnSync(process.execPath, ["--no-warnings", script], {
      env: { TZ: "Asia/Tokyo", HOME: home, LANG: "de_DE.UTF-8", USER: "somebody-else", GLOVEBOX_CACHE: join(folder, "cache") },
      encoding: "utf8",
    });
    assert.equal(status, 0, stderr);
    const built = readdirSync(join(folder, "cache")).filter((name) => !name.startsWith("building-"));
    assert.equal(built.length, 1);
    const there = readManifest(join(folder, "cache", built[0] as string));
    const here = findRuntimes();
    assert.deepEqual(there, here.manifest);
    const paths = [ROOT.replace(/\/$/, ""), folder, homedir() === "/" ? "/glovebox-none" : `${homedir()}/.`, "somebody-else", "Asia/Tokyo"];
    for (const name of readdirSync(here.folder).filter((file) => /\.(wasm|mjs)$/.test(file))) {
      const bytes = readFileSync(join(here.folder, name));
      for (const path of paths) assert.equal(bytes.includes(path), false, `${name} holds "${path}"`);
    }
  });

  test("builds nothing where the runtimes of the same inputs are", () => {
    let steps = 0;
    const folder = buildRuntimes({ cache: dirname(findRuntimes().folder), onProgress: () => steps++ });
    assert.equal(steps, 0);
    assert.equal(folder, findRuntimes().folder);
  });
});

describe("findRuntimes()", () => {
  const code = (expected: string) => (error: unknown) => error instanceof GloveboxError && error.code === expected;

  test("says what to do where there are none", () => {
    assert.throws(() => findRuntimes(join(tmpdir(), "glovebox-nowhere")), code("RUNTIME_MISSING"));
  });

  test("refuses a folder that others may write, and a manifest that is none", (t) => {
    const folder = mkdtempSync(join(tmpdir(), "glovebox-runtimes-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    writeFileSync(join(folder, "runtimes.json"), "{");
    assert.throws(() => findRuntimes(folder), code("RUNTIME_CORRUPT"));
    if (process.getuid === undefined) return;
    spawnSync("chmod", ["0777", folder]);
    assert.throws(() => findRuntimes(folder), code("RUNTIME_CORRUPT"));
  });

  test("names files whose digests are those of the manifest", () => {
    const { folder, manifest } = findRuntimes();
    for (const { wasm, stdlib } of Object.values(manifest.runtimes)) {
      for (const file of stdlib ? [wasm, stdlib] : [wasm])
        assert.equal(digest(new Uint8Array(readFileSync(join(folder, file.file)))), file.sha256);
    }
  });
});
