import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { Sandbox } from "@glovebox/sandbox";
import { build, MODULES, missingCompiler } from "./build.js";

const folder = mkdtempSync(join(tmpdir(), "glovebox-build-"));
const sandbox = new Sandbox({ cells: 1, spare: 0, warm: "none" });
after(async () => {
  await sandbox[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** The compiler that made the committed files: others make other bytes of the same meaning. */
const CLANG = "clang version 14.";

const INPUTS: Readonly<Record<string, readonly string[]>> = {
  "hello_world/hello_world.wasm": ["", "hello", "\u{1F9E4}".repeat(50_000)],
  "hello_world/hello_world_buffer.wasm": ["", "hello", "a\0b", "x".repeat(200_000)],
  "shout/shout.wasm": ["", "Hello, wörld"],
  "word_count/word_count.wasm": ["two words", 'tab\tand\nlines "ü" \\', ""],
};

async function outcomes(bytes: Uint8Array, name: string) {
  const found = [];
  for (const input of INPUTS[name] ?? []) {
    const { outcome } = await sandbox.run({ guest: { kind: "module", bytes, name }, input, isolationKey: "build" });
    assert.equal(outcome.kind, "completed", JSON.stringify(outcome));
    found.push(outcome);
  }
  return found;
}

for (const [name, { compiler }] of Object.entries(MODULES)) {
  if (!Object.hasOwn(INPUTS, name)) continue;
  test(`${name} is what its source compiles to`, { skip: missingCompiler(name) ?? false }, async () => {
    const output = join(folder, name.replaceAll("/", "-"));
    build(name, output);
    const built = readFileSync(output);
    const committed = readFileSync(new URL(name, import.meta.url));
    if (compiler === "asc" || execFileSync("clang", ["--version"], { encoding: "utf8" }).includes(CLANG)) {
      assert.ok(built.equals(committed), "compile it again: node_modules/.bin/node guests/modules/build.js");
    }
    assert.deepEqual(await outcomes(built, name), await outcomes(committed, name));
  });
}

test("every module of this folder that is built has inputs here", () => {
  assert.deepEqual(
    Object.keys(MODULES).filter((name) => !name.startsWith("..")),
    ["hello_world/hello_world.wasm", "hello_world/hello_world_buffer.wasm", "word_count/word_count.wasm", "shout/shout.wasm"],
  );
});
