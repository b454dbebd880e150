import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { GloveboxError } from "../error.ts";
import { digest } from "./store.ts";

const require = createRequire(import.meta.url);

/** SHA-256 of the files of pinned packages that runtimes are made from. A package that was tampered with builds nothing. */
const PACKAGE_FILES: Readonly<Record<string, string>> = {
  "pyodide/pyodide.asm.wasm": "cc36e3cab04fdfc9a63ff13eb52eae2b911bf46c025cc7b281f394bd3de1d5e6",
  "pyodide/pyodide.asm.mjs": "f7cdc8ece80678ceb712f8e65ebe6d3a83203a180c399865f49612a051693635",
  "pyodide/pyodide.mjs": "6f1d60f7bf529beb300f0f47983c921d3982363640ba20af0e38efdddbc66109",
  "pyodide/python_stdlib.zip": "fa1957e5777068fc4f7437f96d860ae2fbe9c19732ba06c84e004ec16dd7dd7a",
  "quickjs-wasi/quickjs.wasm": "d4c9375f2b1ca4dc95f72c8aa2982a7a9951ac8011490d79c6582df732b4bbd9",
};

/**
 * One digest of everything that the frozen runtimes depend on.
 *
 * @throws GloveboxError `RUNTIME_CORRUPT` if a package's file isn't the one that was pinned
 */
export function inputsDigest(): string {
  const parts = [process.version];
  for (const [path, expected] of Object.entries(PACKAGE_FILES)) {
    const actual = digest(readFileSync(packageFile(path)));
    if (actual !== expected) {
      throw new GloveboxError("RUNTIME_CORRUPT", `Cannot build runtimes from ${path}: its digest is ${actual}, not the pinned ${expected}`);
    }
    parts.push(actual);
  }
  for (const name of [
    "sucrase",
    "acorn",
    "ajv",
    "ajv-formats",
    "fast-uri",
    "fast-deep-equal",
    "json-schema-traverse",
    "lines-and-columns",
    "esbuild",
  ])
    parts.push((require(`${name}/package.json`) as { version: string }).version);
  const source = fileURLToPath(new URL("..", import.meta.url));
  for (const name of readdirSync(source, { recursive: true, encoding: "utf8" }).sort()) {
    if (/\.(ts|py|js)$/.test(name) && !name.includes(".test.")) parts.push(name, digest(readFileSync(join(source, name))));
  }
  return digest(new TextEncoder().encode(parts.join("\n")));
}

function packageFile(path: string): string {
  const [name, ...rest] = path.split("/") as [string, ...string[]];
  return join(dirname(require.resolve(`${name}/package.json`)), ...rest);
}
