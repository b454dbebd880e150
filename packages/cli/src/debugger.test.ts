import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { folderWith, glovebox } from "./command.fixture.ts";

const BRIEF = `
steps:
  - { id: begin, type: tool, tool: write_text, with: { file: begun, text: x } }
  - { id: wait, type: code, language: python, depends_on: [begin], code: "import time; time.sleep(1)" }
`;

test("SIGUSR1, at which Node opens a debugger, is nothing to the command", {
  skip: process.platform === "win32" ? "no such signal" : false,
}, async (t) => {
  const cwd = folderWith(t, { "brief.yaml": BRIEF });
  const signal = async (processId: number) => {
    while (!existsSync(join(cwd, "begun"))) await delay(10);
    process.kill(processId, "SIGUSR1");
  };
  const { code, stderr } = await glovebox(["run", "brief.yaml", "--folder", "."], { cwd, onStart: (processId) => void signal(processId) });
  assert.equal(code, 0, stderr);
  assert.doesNotMatch(stderr, /[Dd]ebugger/);
});
