import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { glovebox } from "./command.fixture.ts";

/** What bash offers for a line whose last word is being completed. */
function offered(script: string, ...words: string[]): string[] {
  const program = `${script}\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _glovebox; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, status } = spawnSync("bash", ["-c", program, "bash", ...words], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  return stdout.split("\n").filter((word) => word !== "");
}

test("completion bash completes commands, and the options of each", async () => {
  const { code, stdout } = await glovebox(["completion", "bash"]);
  assert.equal(code, 0);
  assert.deepEqual(offered(stdout, "glovebox", "").sort(), [
    "completion",
    "doctor",
    "exec",
    "explain",
    "inspect",
    "replay",
    "run",
    "runs",
    "show",
    "validate",
  ]);
  assert.deepEqual(offered(stdout, "glovebox", "va"), ["validate"]);
  assert.deepEqual(offered(stdout, "glovebox", "run", "a.yaml", "--in"), ["--input", "--input-file"]);
  assert.deepEqual(offered(stdout, "glovebox", "exec", "--ty"), ["--typescript"]);
});

test("completion zsh and fish name every command; another shell is refused", async () => {
  const zsh = await glovebox(["completion", "zsh"]);
  assert.match(zsh.stdout, /^#compdef glovebox\n/);
  const fish = await glovebox(["completion", "fish"]);
  for (const command of ["run", "validate", "exec", "doctor"]) {
    assert.match(zsh.stdout, new RegExp(`^ {4}'${command}:`, "m"));
    assert.match(fish.stdout, new RegExp(`-a ${command} -d '`));
  }
  const other = await glovebox(["completion", "tcsh"]);
  assert.deepEqual([other.code, other.stdout], [2, ""]);
});
