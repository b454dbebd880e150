import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { homedir, tmpdir, userInfo } from "node:os";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { GuestMemory } from "../../guest/memory.ts";
import { KIND, readExports, readImports, readSections } from "../../wasm/binary.ts";
import { captureJavaScript, type JavaScriptVariant } from "./capture.ts";
import { javascriptImports } from "./imports.ts";

const VARIANTS: readonly JavaScriptVariant[] = ["javascript", "typescript", "schema", "syntax"];

function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

for (const variant of VARIANTS) {
  test(`captureJavaScript("${variant}") gives the same bytes whatever the folder, time zone, home and language`, async () => {
    const script = `
      import { createHash } from "node:crypto";
      import { captureJavaScript } from ${JSON.stringify(new URL("capture.ts", import.meta.url).href)};
      process.stdout.write(createHash("sha256").update(await captureJavaScript("${variant}")).digest("hex"));`;
    const { stdout, stderr } = spawnSync(process.execPath, ["--no-warnings", "--input-type=module", "-e", script], {
      cwd: tmpdir(),
      env: { TZ: "Pacific/Chatham", HOME: "/nowhere", LANG: "tr_TR.UTF-8" },
      encoding: "utf8",
    });
    assert.equal(stdout, digest(await captureJavaScript(variant)), stderr);
  });

  test(`captureJavaScript("${variant}") leaves nothing of the building machine in the module`, async () => {
    const bytes = Buffer.from(await captureJavaScript(variant));
    const repository = fileURLToPath(new URL("../../../../..", import.meta.url));
    for (const trace of [repository, process.execPath, homedir(), userInfo().username.repeat(2), "node_modules"]) {
      assert.equal(bytes.includes(trace), false, trace);
    }
  });
}

test("captureJavaScript() gives a module that imports what imports.ts lists, and a memory", async () => {
  const wasm = await captureJavaScript("javascript");
  const memory = new GuestMemory(new WebAssembly.Memory({ initial: 1 }));
  const listed = javascriptImports({ memory, engine: undefined, context: 0, out: 0, attempt: undefined, unhandled: new Map() });
  const names = Object.entries(listed).flatMap(([module, fields]) => Object.keys(fields).map((field) => `${module}.${field}`));
  const imported = readImports(wasm, readSections(wasm));
  assert.deepEqual(
    imported
      .filter((entry) => entry.kind === "function")
      .map((entry) => `${entry.module}.${entry.field}`)
      .sort(),
    names.sort(),
  );
  assert.deepEqual(
    imported.filter((entry) => entry.kind !== "function").map((entry) => entry.kind),
    ["memory"],
  );
});

test("captureJavaScript() gives a module that exports no way to run byte code", async () => {
  const wasm = await captureJavaScript("javascript");
  const functions = readExports(wasm, readSections(wasm)).filter((entry) => entry.kind === KIND.function);
  assert.deepEqual(
    functions.filter(({ field }) => /bytecode|ReadObject|WriteObject|compile/i.test(field)),
    [],
  );
});
