import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type Cell, findCell } from "./cell-process.ts";
import { folderWith, glovebox, gloveboxOnTerminal, WITH_TERMINAL } from "./command.fixture.ts";

const ON_LINUX = { skip: process.platform === "linux" ? false : "cells of other processes can be looked at on Linux only" };

const ENDLESS = `
name: endless
steps:
  - { id: begin, type: tool, tool: write_text, with: { file: begun, text: x } }
  - { id: spin, type: code, language: python, depends_on: [begin], code: "while True: pass" }
  - { id: after, type: code, language: python, depends_on: [spin], code: "return 1" }
outputs: { bytes: "\${{ steps.begin.output.bytes }}" }
`;

/** Starts the endless workflow, and signals it once its guest is running. */
async function interrupted(t: TestContext, args: readonly string[], signal: NodeJS.Signals) {
  const cwd = folderWith(t, { "endless.yaml": ENDLESS });
  let cell: Cell | undefined;
  const watch = async (processId: number) => {
    while (!existsSync(join(cwd, "begun"))) await delay(10);
    // The cell was started before the first step, and its guest is entered some milliseconds after it.
    await delay(300);
    cell = findCell(processId);
    process.kill(processId, signal);
  };
  const ended = await glovebox(["run", "endless.yaml", "--folder", ".", ...args], { cwd, onStart: (processId) => void watch(processId) });
  assert.ok(cell !== undefined, "a cell was running");
  return { ...ended, cell };
}

/** Whether it still runs. Where nobody collects orphans, one that has ended stays listed as a zombie. */
function exists({ processId }: Cell): boolean {
  try {
    return !/^State:\s*[ZX]/m.test(readFileSync(`/proc/${processId}/status`, "utf8"));
  } catch {
    return false;
  }
}

/** Whether it is gone, or goes in the next moments: the kernel takes a killed process apart after its parent was told. */
async function ends(cell: Cell): Promise<boolean> {
  for (let tries = 0; exists(cell) && tries < 100; tries++) await delay(20);
  return !exists(cell);
}

test("Ctrl-C ends a run cleanly: what was reached is shown, the exit code is 130, and no cell is left", ON_LINUX, async (t) => {
  const { code, stdout, cell } = await interrupted(t, [], "SIGINT");
  assert.equal(code, 130);
  assert.equal(await ends(cell), true);
  assert.match(stdout, /^endless\.yaml: cancelled in /);
  assert.match(stdout, /^ {2}✓ begin /m);
  assert.match(stdout, /^ {2}■ spin .* interrupted$/m);
  assert.match(stdout, /^ {2}■ after +interrupted$/m);
  assert.match(stdout, /^bytes: 1$/m);
});

test("SIGTERM ends a run in the same way, as JSON too", ON_LINUX, async (t) => {
  const { code, stdout, cell } = await interrupted(t, ["--json"], "SIGTERM");
  assert.equal(code, 143);
  assert.equal(await ends(cell), true);
  const { state, cause, steps } = JSON.parse(stdout);
  assert.deepEqual([state, cause], ["cancelled", { kind: "interrupted" }]);
  assert.deepEqual(
    steps.map(({ id, state: stepState }: { id: string; state: string }) => [id, stepState]),
    [
      ["begin", "succeeded"],
      ["spin", "cancelled"],
      ["after", "cancelled"],
    ],
  );
});

test("Ctrl-C typed on a terminal reaches the command only, and leaves nothing on the screen but the result", WITH_TERMINAL, async (t) => {
  const cwd = folderWith(t, { "endless.yaml": ENDLESS });
  const begun = async () => {
    while (!existsSync(join(cwd, "begun"))) await delay(10);
    await delay(500);
  };
  const options = { cwd, env: { NO_COLOR: "1" }, typed: { keys: "\u0003", after: begun() } };
  const { code, stdout } = await gloveboxOnTerminal(["run", "endless.yaml", "--folder", "."], options);
  assert.equal(code, 130);
  const [rest = ""] = stdout.split("\u001b[J").slice(-1);
  assert.match(rest.replace("\u001b[?7l", "").replace("\u001b[?7h", ""), /^endless\.yaml: cancelled in /);
});

test("a command that is killed leaves no cell behind, though its guest never ends", ON_LINUX, async (t) => {
  const { signal, cell } = await interrupted(t, [], "SIGKILL");
  assert.equal(signal, "SIGKILL");
  assert.equal(await ends(cell), true);
});

test("a run that ended by itself leaves no cell behind", ON_LINUX, async (t) => {
  const cwd = folderWith(t, { "sleep.yaml": "steps: [{ id: a, type: code, language: python, code: 'import time; time.sleep(1)' }]" });
  let cell: Cell | undefined;
  const watch = async (processId: number) => {
    for (; cell === undefined; cell = findCell(processId)) await delay(10);
  };
  const { code } = await glovebox(["run", "sleep.yaml"], { cwd, onStart: (processId) => void watch(processId) });
  assert.equal(code, 0);
  assert.ok(cell !== undefined);
  assert.equal(await ends(cell), true);
});
