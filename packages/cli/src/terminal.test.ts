import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { BIN, EXAMPLES, folderWith, glovebox, gloveboxOnTerminal, WITH_TERMINAL } from "./command.fixture.ts";

const ESC = "\u001b";
const SLOW = "steps: [{ id: slow, type: code, language: python, code: 'import time; time.sleep(0.6); return 1' }]";

test("on a terminal, run shows its steps in place while they go on, and erases them for the result", WITH_TERMINAL, async (t) => {
  const cwd = folderWith(t, { "slow.yaml": SLOW });
  const { code, stdout } = await gloveboxOnTerminal(["run", "slow.yaml"], { cwd, env: { NO_COLOR: "1" } });
  assert.equal(code, 0);
  assert.match(stdout, /0 of 1 step, \d+ ms\r\n {2}▸ slow +\d+ ms\r\n/);
  const erased = stdout.lastIndexOf(`${ESC}[J`);
  const result = stdout.indexOf("slow.yaml: succeeded");
  assert.ok(erased > 0 && result > erased, "the lines are gone before the result is written");
  assert.doesNotMatch(stdout.slice(result), /▸/);
});

test("on a terminal there are colours, and with NO_COLOR there are none", WITH_TERMINAL, async () => {
  const args = ["run", "text-pipeline.yaml", "a b"];
  const colours = new RegExp(`${ESC}\\[\\d+m`);
  assert.match((await gloveboxOnTerminal(args, { cwd: EXAMPLES })).stdout, colours);
  assert.doesNotMatch((await gloveboxOnTerminal(args, { cwd: EXAMPLES, env: { NO_COLOR: "1" } })).stdout, colours);
  assert.match((await gloveboxOnTerminal(args, { cwd: EXAMPLES, env: { NO_COLOR: "" } })).stdout, colours);
});

test("without a terminal, run is quiet until its end and writes no control sequence", async (t) => {
  const cwd = folderWith(t, { "slow.yaml": SLOW });
  const { stdout, stderr } = await glovebox(["run", "slow.yaml"], { cwd });
  assert.equal(stderr, "");
  assert.equal(stdout.includes(ESC), false);
});

test("on a terminal, what is long is cut and what is not shown is counted; a file gets all of it", WITH_TERMINAL, async () => {
  const args = ["exec", "--python", "return '\\n'.join(str(n) for n in range(1000))"];
  const shown = (await gloveboxOnTerminal(args)).stdout.trimEnd().split("\r\n");
  assert.equal(shown.length, 41);
  assert.equal(shown.at(-1), "… 960 more lines (--json has all)");
  assert.equal((await glovebox(args)).stdout.trimEnd().split("\n").length, 1000);
});

test("a reader that goes away early is no failure", { skip: process.platform === "win32" ? "needs a POSIX shell" : false }, () => {
  const line = `"$0" "$1" exec --python 'return "x" * 3_000_000' | head -c 10; echo " \${PIPESTATUS[0]}"`;
  const { stdout, stderr } = spawnSync("bash", ["-c", line, process.execPath, BIN], { encoding: "utf8" });
  assert.equal(stderr, "");
  assert.equal(stdout, "xxxxxxxxxx 0\n");
});
