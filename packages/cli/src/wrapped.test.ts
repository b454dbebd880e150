import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { ROOT } from "./command.fixture.ts";

const PAGE = readFileSync(join(ROOT, "docs/isolation.md"), "utf8");
const shell = (line: string) => {
  const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env["PATH"]}` };
  return spawnSync("/bin/sh", ["-c", line], { cwd: ROOT, env, encoding: "utf8" });
};
const works = shell("bwrap --unshare-all --ro-bind / / --proc /proc true").status === 0;

test("everything runs inside of bubblewrap as the page says, cells wrapped once more", {
  skip: works ? false : "bwrap does not work here",
}, () => {
  const [, command = ""] = /```sh\n(bwrap [\s\S]*?)```/.exec(PAGE) ?? [];
  const run = shell(command);
  assert.equal(run.status, 0, run.stdout + run.stderr);
  assert.match(shell(command.replace(/glovebox\.js run .*/, "glovebox.js doctor")).stdout, /^ {2}✓ isolation +bubblewrap: /m);
});
