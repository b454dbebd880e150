import assert from "node:assert/strict";
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import type { Json } from "@glovebox/sandbox";
import { type Folder, openFolder } from "./folder.ts";
import { readDisk } from "./packages/disk.ts";
import { packages } from "./packages.ts";

let base: string;
let folder: Folder;

before(async () => {
  base = await realpath(await mkdtemp(join(tmpdir(), "glovebox-packages-")));
  await mkdir(join(base, "open"));
  await write("secret/package.json", { name: "secret", version: "1.0.0" });
  await write("secret/key", "x".repeat(5_000));
  folder = await openFolder(join(base, "open"));
});

after(() => rm(base, { recursive: true, force: true }));

async function write(path: string, content: string | object): Promise<void> {
  const file = join(base, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, typeof content === "string" ? content : JSON.stringify(content));
}

interface Row {
  readonly path: string;
  readonly [key: string]: Json;
}

interface Report {
  readonly project: Json;
  readonly own: readonly Row[];
  readonly packages: readonly Row[];
  readonly files: readonly [number, string, number][];
  readonly files_left_out: Json;
  readonly other: Json;
  readonly links: number;
  readonly unreadable: number;
}

async function read(project: string, args: { readonly files_max?: number } = {}): Promise<Report> {
  const { signal } = new AbortController();
  const result = await packages.invoke({ project, ...args }, { folder, signal, idempotencyKey: "key", log: () => {} });
  return JSON.parse(JSON.stringify(result)) as Report;
}

function refuses(work: Promise<unknown>, message: RegExp): Promise<void> {
  return assert.rejects(work, { name: "ToolError", message });
}

function lockOf(entries: Record<string, object>): object {
  return { name: "demo", lockfileVersion: 3, packages: { "": { name: "demo", version: "0.1.0" }, ...entries } };
}

test("packages reads the lock file, every manifest, and what each package weighs without those nested in it", async () => {
  await write(
    "open/whole/package-lock.json",
    lockOf({
      "": { name: "demo", version: "0.1.0", workspaces: ["libs/*"], dependencies: { a: "^1" }, devDependencies: { "@s/b": "^2" } },
      "libs/own": { name: "own", version: "0.0.1", dependencies: { c: "^1", demo: "*" }, optionalDependencies: { d: "*" } },
      "node_modules/own": { resolved: "libs/own", link: true },
      "node_modules/a": { version: "1.0.0", license: "MIT", dependencies: { c: "^2", own: "*" }, peerDependencies: { nobody: "*" } },
      "node_modules/a/node_modules/c": { version: "2.0.0", license: "ISC" },
      "node_modules/@s/b": { version: "2.0.0", dev: true, dependencies: { c: "^1" } },
      "node_modules/c": { version: "1.0.0", license: "MIT" },
      "node_modules/d": { version: "4.0.0", optional: true, os: ["plan9"] },
    }),
  );
  const modules = "open/whole/node_modules";
  const manifests: Record<string, object> = {
    "a/package.json": { name: "a", version: "1.0.0", license: "MIT" },
    "a/node_modules/c/package.json": { name: "c", version: "2.0.1", license: { type: "ISC" } },
    "@s/b/package.json": { name: "@s/b", version: "2.0.0", licenses: [{ type: "MIT" }, { type: "GPL-2.0" }] },
    "c/package.json": { name: "c", version: "1.0.0" },
    "stray/package.json": { name: "stray", version: "9.0.0", license: "  " },
  };
  for (const [path, manifest] of Object.entries(manifests)) await write(`${modules}/${path}`, manifest);
  await write(`${modules}/a/lib/deep/index.js`, "x".repeat(1_000));
  await write(`${modules}/a/test/node_modules/fixture/package.json`, { name: "fixture" });
  await write(`${modules}/stray/LICENCE.md`, "y".repeat(50));
  await write(`${modules}/.package-lock.json`, "z".repeat(70));
  await symlink(join(base, "open/whole/libs/own"), join(base, modules, "own"));

  const { project, own, packages: rows, files, ...rest } = await read("whole");
  assert.deepEqual(project, { name: "demo", version: "0.1.0", lockfile_version: 3 });
  assert.deepEqual(
    own.map(({ path, dependencies, dev_dependencies }) => [path, dependencies, dev_dependencies]),
    [
      ["", ["node_modules/a", "node_modules/@s/b"], ["node_modules/@s/b"]],
      ["libs/own", ["node_modules/c", "node_modules/d"], []],
    ],
  );
  const bytesOf = (path: string): number => JSON.stringify(manifests[path]).length;
  const fixture = JSON.stringify({ name: "fixture" }).length;
  const common = { licence_file: null, direct: false, dev: false, optional: false, locked: true, installed: true, readable: true };
  assert.deepEqual(rows, [
    {
      ...common,
      ...{ path: "node_modules/@s/b", name: "@s/b", version: "2.0.0", locked_version: "2.0.0", licence: "(MIT OR GPL-2.0)" },
      ...{ bytes: bytesOf("@s/b/package.json"), files: 1, direct: true, dev: true, dependencies: ["node_modules/c"] },
    },
    {
      ...common,
      ...{ path: "node_modules/a", name: "a", version: "1.0.0", locked_version: "1.0.0", licence: "MIT", direct: true },
      ...{ bytes: bytesOf("a/package.json") + 1_000 + fixture, files: 3, dependencies: ["node_modules/a/node_modules/c", "libs/own"] },
    },
    {
      ...common,
      ...{ path: "node_modules/a/node_modules/c", name: "c", version: "2.0.1", locked_version: "2.0.0", licence: "ISC" },
      ...{ bytes: bytesOf("a/node_modules/c/package.json"), files: 1, dependencies: [] },
    },
    {
      ...common,
      ...{ path: "node_modules/c", name: "c", version: "1.0.0", locked_version: "1.0.0", licence: "MIT", direct: true },
      ...{ bytes: bytesOf("c/package.json"), files: 1, dependencies: [] },
    },
    {
      ...common,
      ...{ path: "node_modules/d", name: "d", version: "4.0.0", locked_version: "4.0.0", licence: null, direct: true },
      ...{ bytes: 0, files: 0, optional: true, installed: false, dependencies: [] },
    },
    {
      ...common,
      ...{ path: "node_modules/stray", name: "stray", version: "9.0.0", locked_version: null, licence: null, licence_file: "LICENCE.md" },
      ...{ bytes: bytesOf("stray/package.json") + 50, files: 2, locked: false, dependencies: [] },
    },
  ]);
  assert.deepEqual(files[0], [1, "lib/deep/index.js", 1_000]);
  assert.deepEqual(
    files.filter(([, path]) => path.includes("node_modules")),
    [[1, "test/node_modules/fixture/package.json", fixture]],
  );
  assert.deepEqual(rest, { files_left_out: { files: 0, bytes: 0 }, other: { files: 1, bytes: 70 }, links: 1, unreadable: 0 });
});

test("packages lists no more files than it is told to, the largest first, and counts the others", async () => {
  await write("open/many/package-lock.json", lockOf({ "node_modules/a": { version: "1.0.0" } }));
  for (let size = 1; size <= 9; size++) await write(`open/many/node_modules/a/${size}`, "x".repeat(size));
  const { files, files_left_out } = await read("many", { files_max: 3 });
  assert.deepEqual(
    files.map(([, name]) => name),
    ["9", "8", "7"],
  );
  assert.deepEqual(files_left_out, { files: 6, bytes: 21 });
  await refuses(read("many", { files_max: 50_001 }), /must be from 0 to 50000/);
  await refuses(read("many", { files_max: -1 }), /must be from 0 to 50000/);
});

test("packages follows no link: neither a package, nor a folder or manifest in one, nor a node_modules", async () => {
  await write("open/links/package-lock.json", lockOf({ "node_modules/a": { version: "1.0.0" }, "node_modules/out": { version: "1.0.0" } }));
  await write("open/links/node_modules/a/index.js", "x");
  await symlink(join(base, "secret"), join(base, "open/links/node_modules/out"));
  await symlink(join(base, "secret"), join(base, "open/links/node_modules/a/data"));
  await symlink(join(base, "secret/package.json"), join(base, "open/links/node_modules/a/package.json"));
  const { packages: rows, links } = await read("links");
  assert.deepEqual(
    rows.map(({ name, bytes, installed, readable }) => [name, bytes, installed, readable]),
    [
      ["a", 1, true, false],
      ["out", 0, false, true],
    ],
  );
  assert.equal(links, 3);
  await write("open/linked/package-lock.json", lockOf({}));
  await symlink(join(base, "open/links/node_modules"), join(base, "open/linked/node_modules"));
  assert.deepEqual((await read("linked")).packages, []);
});

test("packages looks at nothing outside of the project, whatever the lock file names", async () => {
  await write("elsewhere/node_modules/spy/package.json", { name: "spy" });
  await write("open/beside/node_modules/spy/package.json", { name: "spy" });
  await write(
    "open/hostile/package-lock.json",
    `{ "lockfileVersion": 3, "packages": { "": {}, "../../elsewhere": {}, "../beside": {}, "x/../../beside": {}, "__proto__": { "version": "1" }, "node_modules/a": { "dependencies": { "__proto__": "*", "toString": "*" } } } }`,
  );
  const { packages: rows, own } = await read("hostile");
  assert.deepEqual(
    rows.map(({ path, dependencies }) => [path, dependencies]),
    [["node_modules/a", []]],
  );
  assert.equal(own.length, 5);
  await refuses(read("../secret"), /lies outside of the folder/);
});

test("packages says plainly why a lock file can't be read", async () => {
  await mkdir(join(base, "open/none"));
  await refuses(read("none"), /package-lock\.json": it does not exist$/);
  for (const [text, why] of [
    ["{", /it is not JSON/],
    ["[]", /it is no lock file of npm/],
    [`{ "packages": {} }`, /it is no lock file of npm/],
    [`{ "lockfileVersion": 1, "dependencies": {} }`, /it is of version 1, which says too little: npm 7 or newer writes another/],
    [`{ "lockfileVersion": 3, "packages": { "node_modules/a": 7 } }`, /the entry "node_modules\/a" is not of its form/],
    [`{ "lockfileVersion": 3, "packages": { "${"a/".repeat(48)}a": {} } }`, /the entry "(?:a\/)+a" is not of its form/],
    [
      JSON.stringify(
        lockOf({ "node_modules/a": { dependencies: Object.fromEntries(Array.from({ length: 200_001 }, (_, i) => [i, "*"])) } }),
      ),
      /it has more than 200000 dependencies/,
    ],
    [" ".repeat(33 * 2 ** 20), /it has 34603008 bytes, and 33554432 are allowed/],
    [`{ "lockfileVersion": 3, "packages": { "/etc": {} } }`, /the entry "\/etc" is not of its form/],
  ] as const) {
    await write("open/broken/package-lock.json", text);
    await refuses(read("broken"), why);
  }
});

test("packages takes manifests that are not manifests for what they are", async () => {
  const manifests = {
    array: "[]",
    broken: "{",
    deep: "[".repeat(200_000),
    huge: `{ "name": "${"x".repeat(2 ** 20)}" }`,
    odd: `{ "name": 7, "version": {}, "license": [] }`,
  };
  await write("open/odd/package-lock.json", lockOf({}));
  for (const [name, text] of Object.entries(manifests)) await write(`open/odd/node_modules/${name}/package.json`, text);
  const { packages: rows } = await read("odd");
  assert.deepEqual(
    rows.map(({ name, version, licence, readable }) => [name, version, licence, readable]),
    [
      ["array", null, null, false],
      ["broken", null, null, false],
      ["deep", null, null, false],
      ["huge", null, null, false],
      ["odd", null, null, true],
    ],
  );
});

test("readDisk() stops when it is told to", async () => {
  const project = join(base, "open/whole");
  assert.ok((await readDisk(project, ["node_modules"], new AbortController().signal)).packages.size > 0);
  await assert.rejects(readDisk(project, ["node_modules"], AbortSignal.abort(new Error("over"))), /over/);
});
