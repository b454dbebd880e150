import assert from "node:assert/strict";
import { test } from "node:test";
import { glovebox } from "./command.fixture.ts";

const COMMANDS = ["run", "validate", "inspect", "exec", "runs", "show", "replay", "doctor", "completion"];

test("--help lists every command, and every command's own help has examples", async () => {
  const { code, stdout } = await glovebox(["--help"]);
  assert.equal(code, 0);
  for (const command of COMMANDS) {
    assert.match(stdout, new RegExp(`^  ${command} `, "m"));
    const help = await glovebox([command, "--help"]);
    assert.equal(help.code, 0);
    assert.match(help.stdout, new RegExp(`^Usage: glovebox ${command}(?:.*\\n)*Examples?:\\n(?:.*\\n)*? +.*glovebox ${command}\\b`, "m"));
  }
});

test("an unknown command is refused with a suggestion, and none at all with the help", async () => {
  const unknown = await glovebox(["exce", "--python", "1"]);
  assert.equal(unknown.code, 2);
  assert.equal(unknown.stderr, "error: unknown command 'exce'\n(Did you mean exec?)\n(try \"glovebox --help\")\n");
  const none = await glovebox([]);
  assert.equal(none.code, 2);
  assert.match(none.stderr, /^Usage: glovebox /);
});

test("what belongs together only in part is refused", async () => {
  const both = await glovebox(["exec", "--python", "1", "--module", "a.wasm"]);
  assert.equal(both.code, 2);
  assert.match(both.stderr, /'--python <code\|file>' cannot be used with option '--module <file>'/);
  const neither = await glovebox(["exec"]);
  assert.equal(neither.code, 2);
  assert.match(neither.stderr, /^error: Cannot run a guest: none was given/);
});

test("--version is the package's, and help COMMAND is COMMAND --help", async () => {
  assert.deepEqual(await glovebox(["--version"]), { code: 0, signal: null, stdout: "0.1.0\n", stderr: "" });
  assert.equal((await glovebox(["help", "run"])).stdout, (await glovebox(["run", "--help"])).stdout);
});
