import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "./setup.js";

interface Locked {
  readonly version?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const PACKAGES = new Map<string, Locked>(Object.entries(JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")).packages));

test("package-lock.json gives a version, a digest and a public address for every package", () => {
  const wrong = [...PACKAGES].filter(([path, { link, version, integrity, resolved }]) => {
    if (!path.includes("node_modules/") || link) return false;
    return version === undefined || integrity === undefined || !resolved?.startsWith("https://registry.npmjs.org/");
  });
  assert.ok(PACKAGES.size > 50);
  assert.deepEqual(wrong, []);
});

test("package-lock.json holds the packages of every platform", () => {
  // `npm install` leaves out what the registry does not have; `npm ci` then refuses the lock file.
  const names = new Set([...PACKAGES.keys()].map((path) => path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length)));
  const missing = [...PACKAGES.values()].flatMap((entry) =>
    Object.keys(entry.optionalDependencies ?? {}).filter((name) => !names.has(name)),
  );
  assert.deepEqual(missing, []);
});

test("package.json and those of the packages pin exact versions", () => {
  const { workspaces } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const manifests = ["package.json", ...workspaces.map((folder: string) => `${folder}/package.json`)];
  const loose = manifests.flatMap((path) => {
    const { dependencies, devDependencies, optionalDependencies } = JSON.parse(readFileSync(join(ROOT, path), "utf8"));
    const all = Object.entries<string>({ ...dependencies, ...devDependencies, ...optionalDependencies });
    return all
      .filter(([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version))
      .map(([name, version]) => `${path}: ${name} ${version}`);
  });
  assert.deepEqual(loose, []);
});
