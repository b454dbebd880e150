import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { PAGE_BYTES, readImports, readSections } from "../wasm/binary.ts";
import { FrozenInstance, memoryOf } from "./frozen.ts";
import { findRuntimes } from "./installed.ts";

const { folder, manifest } = findRuntimes();

/** An instance of a runtime whose imports do nothing: what is looked at is the state that it starts with. */
function instantiate(name: keyof typeof manifest.runtimes, growthPages = 16): FrozenInstance {
  const wasm = new Uint8Array(readFileSync(join(folder, manifest.runtimes[name].wasm.file)));
  const module = new WebAssembly.Module(wasm);
  const imports: WebAssembly.Imports = {};
  for (const entry of WebAssembly.Module.imports(module)) {
    if (entry.kind !== "function") continue;
    const into = imports[entry.module] ?? {};
    into[entry.name] = () => 0;
    imports[entry.module] = into;
  }
  const memory = readImports(wasm, readSections(wasm)).find((entry) => entry.kind === "memory");
  assert.ok(memory?.kind === "memory");
  return new FrozenInstance(module, imports, memoryOf(memory.limits.minimum * PAGE_BYTES, growthPages * PAGE_BYTES));
}

const digestOf = ({ memory }: FrozenInstance) => createHash("sha256").update(new Uint8Array(memory.buffer)).digest("hex");

for (const name of ["python", "javascript", "typescript", "schema", "syntax"] as const) {
  describe(`FrozenInstance of ${name}`, () => {
    const frozen = instantiate(name);
    const exports = Object.entries(frozen.instance.exports);
    const mutableGlobals = exports.filter(([field]) => field.startsWith("global:")) as [string, WebAssembly.Global][];

    test("reset() puts all of memory and every mutable global back", () => {
      const before = digestOf(frozen);
      const values = mutableGlobals.map(([, global]) => global.value as number);
      assert.ok(values.length > 0);
      new Uint8Array(frozen.memory.buffer).fill(0xa5);
      for (const [, global] of mutableGlobals) global.value = 0x5a5a5a5a;
      assert.equal(frozen.reset(), true);
      assert.equal(digestOf(frozen), before);
      assert.deepEqual(
        mutableGlobals.map(([, global]) => global.value as number),
        values,
      );
    });

    test("reset() refuses an instance whose memory grew", () => {
      const grown = instantiate(name);
      grown.memory.grow(1);
      assert.equal(grown.reset(), false);
    });

    test("reset() refuses an instance a table of which grew", () => {
      const grown = instantiate(name);
      const tables = Object.values(grown.instance.exports).filter((value) => value instanceof WebAssembly.Table);
      assert.ok(tables.length > 0);
      const growable = tables.filter((table) => {
        try {
          table.grow(1);
          return true;
        } catch {
          return false; // has its length as its maximum
        }
      });
      assert.equal(grown.reset(), growable.length === 0);
    });

    test("has memory that does not grow beyond its maximum", () => {
      const bounded = instantiate(name, 2);
      bounded.memory.grow(2);
      assert.throws(() => bounded.memory.grow(1), RangeError);
    });
  });
}
