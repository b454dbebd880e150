import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Sandbox } from "@glovebox/sandbox";
import { PREVIEW1 } from "../../packages/sandbox/src/wasm/preview1.ts";
import { readCases, runCase } from "../../scripts/wasi-suite.ts";
import { build, isSameCompiler, missingCompiler, PROGRAMS } from "./build.js";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const RUNNER = fileURLToPath(new URL("../../scripts/run-wasi-tests.ts", import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), "glovebox-wasi-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

for (const home of ["process", "thread"] as const) {
  describe(`WASI preview 1 in ${home} cells`, () => {
    const sandbox = new Sandbox({ home, cells: 1, spare: 0, warm: "none" });
    after(() => sandbox[Symbol.asyncDispose]());
    for (const wasiCase of readCases(HERE)) {
      test(`${wasiCase.name} does what is expected`, async () => {
        assert.deepEqual(await runCase(sandbox, wasiCase), []);
      });
    }
  });
}

test("every program is a case, and together they import every function of preview 1", async () => {
  const cases = readCases(HERE).map(({ name }) => name);
  for (const name of PROGRAMS.keys()) assert.ok(cases.includes(name), `${name}: node_modules/.bin/node guests/wasi/build.js ${name}`);
  const imported = new Set<string>();
  for (const name of PROGRAMS.keys()) {
    const module = await WebAssembly.compile(readFileSync(join(HERE, `${name}.wasm`)));
    for (const entry of WebAssembly.Module.imports(module)) imported.add(entry.name);
  }
  assert.deepEqual(
    Object.keys(PREVIEW1).filter((name) => !imported.has(name)),
    [],
  );
});

for (const name of PROGRAMS.keys()) {
  test(`${name}.wasm is what its source compiles to`, { skip: missingCompiler(name) ?? false }, async () => {
    const output = join(scratch, `${name}.wasm`);
    build(name, output);
    if (isSameCompiler(name)) {
      const same = readFileSync(output).equals(readFileSync(join(HERE, `${name}.wasm`)));
      assert.ok(same, `compile it again: node_modules/.bin/node guests/wasi/build.js ${name}`);
      return;
    }
    await using sandbox = new Sandbox({ home: "thread", cells: 1, spare: 0, warm: "none" });
    const found = readCases(HERE).find((wasiCase) => wasiCase.name === name);
    assert.deepEqual(found && (await runCase(sandbox, { ...found, module: output })), []);
  });
}

test("run-wasi-tests.ts prints a table, and fails with a case that fails", () => {
  const folder = join(scratch, "cases");
  cpSync(join(HERE, "output.wasm"), join(folder, "good.wasm"));
  cpSync(join(HERE, "output.json"), join(folder, "good.json"));
  const run = () => spawnSync(process.execPath, [RUNNER, folder], { encoding: "utf8" });
  const good = run();
  assert.deepEqual([good.status, good.stdout], [0, "good  passed\n1 passed, 0 failed\n"], good.stderr);

  cpSync(join(HERE, "output.wasm"), join(folder, "bad.wasm"));
  writeFileSync(join(folder, "bad.json"), '{ "exit_code": 32, "stdout": "nothing" }');
  cpSync(join(HERE, "output.wasm"), join(folder, "worse.wasm"));
  writeFileSync(join(folder, "worse.json"), '{ "dirs": ["missing"] }');
  writeFileSync(join(folder, "worst.wasm"), "no module");
  const bad = run();
  assert.equal(bad.status, 1);
  assert.match(bad.stdout, /^bad +FAILED {2}exited with 33, not 32; standard output is "to standard output", not "nothing";/m);
  assert.match(bad.stdout, /^worse +FAILED {2}.*missing/m);
  assert.match(bad.stdout, /^worst +FAILED {2}Cannot load module/m);
  assert.match(bad.stdout, /^1 passed, 3 failed$/m);

  writeFileSync(join(folder, "bad.json"), '{ "operations": [{ "type": "connect" }] }');
  const unreadable = run().stdout;
  assert.match(unreadable, /^bad +FAILED {2}.*an operation "connect"/m);
  assert.match(unreadable, /^1 passed, 3 failed$/m, "the other cases run all the same");

  for (const name of readdirSync(folder)) rmSync(join(folder, name));
  assert.equal(run().status, 1, "no case at all is no success");
});

test("run-wasi-tests.ts runs the suites for preview 1 below a folder, with the directories and operations of each", () => {
  const folder = join(scratch, "suites");
  for (const suite of ["c/wasm32-wasip1", "rust/wasm32-wasip1", "rust/wasm32-wasip3"]) {
    cpSync(join(HERE, "output.wasm"), join(folder, suite, "output.wasm"));
    writeFileSync(join(folder, suite, "manifest.json"), '{ "name": "some tests" }');
  }
  cpSync(join(HERE, "output.json"), join(folder, "c/wasm32-wasip1/output.json"));
  cpSync(join(HERE, "output.wasm"), join(folder, "c/target/no-suite.wasm"));
  const operations = [
    { type: "run" },
    { type: "read", payload: "to stan" },
    { type: "read", id: "stdout", payload: "dard " },
    { type: "wait", exit_code: 33 },
  ];
  writeFileSync(join(folder, "rust/wasm32-wasip1/output.json"), JSON.stringify({ operations, proposals: [], world: "wasi:cli/command" }));
  const run = () => spawnSync(process.execPath, [RUNNER, folder], { encoding: "utf8" });
  const good = run();
  const lines = ["c/wasm32-wasip1/output     passed", "rust/wasm32-wasip1/output  passed", "2 passed, 0 failed", ""];
  assert.deepEqual([good.status, good.stdout], [0, lines.join("\n")], good.stderr);

  operations.splice(2, 1, { type: "read", payload: "ding" });
  writeFileSync(join(folder, "rust/wasm32-wasip1/output.json"), JSON.stringify({ operations }));
  assert.match(run().stdout, /^rust\/wasm32-wasip1\/output +FAILED {2}standard output is "to standard output", not "to standing";/m);
});
