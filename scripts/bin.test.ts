import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { isSuitable, pinnedNode } from "../packages/cli/bin/pinned.js";
import { ROOT } from "./setup.js";

const LAUNCH = JSON.stringify(new URL("../packages/cli/bin/launch.js", import.meta.url).href);

/** A process that launches `program` and does as it does. */
function launcher(program: string) {
  const source = `import { endLike, launch } from ${LAUNCH}; endLike(await launch(process.execPath, ["-e", ${JSON.stringify(program)}]));`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", source], { stdio: ["ignore", "pipe", "inherit"], detached: true });
  child.stdout.setEncoding("utf8");
  return child;
}

test("pinnedNode() is the version that package.json pins for every platform", () => {
  const { optionalDependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const versions = new Set(Object.values(optionalDependencies));
  assert.equal(versions.size, 1);
  const node = pinnedNode();
  assert.ok(node !== undefined);
  assert.equal(execFileSync(node, ["--version"], { encoding: "utf8" }).trim(), `v${[...versions][0]}`);
  assert.equal(pinnedNode("sunos", "x64"), undefined);
});

test("the tests run on the pinned Node", () => {
  assert.equal(process.execPath, pinnedNode());
});

test("isSuitable() compares major versions as numbers", () => {
  assert.deepEqual(["9.0.0", "20.20.2", "23.11.1", "24.0.0", "26.10.0", "100.0.0"].map(isSuitable), [
    false,
    false,
    false,
    true,
    true,
    true,
  ]);
});

test("launch() and endLike() pass the output and the exit code on", async () => {
  const child = launcher("console.log('out'); process.exit(7)");
  const [[text], [code]] = await Promise.all([once(child.stdout, "data"), once(child, "exit")]);
  assert.deepEqual([text, code], ["out\n", 7]);
});

test("launch() forwards a signal, and endLike() ends by the one that ended the program", {
  skip: process.platform === "win32",
}, async () => {
  const child = launcher("setInterval(() => {}, 1000); console.log('ready')");
  await once(child.stdout, "data");
  child.kill("SIGTERM");
  assert.deepEqual(await once(child, "exit"), [null, "SIGTERM"]);
});

test("launch() lets the program decide what a signal means", { skip: process.platform === "win32" }, async () => {
  const child = launcher("setInterval(() => {}, 1000); process.on('SIGINT', () => process.exit(130)); console.log('ready')");
  await once(child.stdout, "data");
  // It is the leader of a session without a terminal, so nobody but the launcher passes this on.
  child.kill("SIGINT");
  assert.deepEqual(await once(child, "exit"), [130, null]);
});

test("launch() rejects for what can't be started", async () => {
  const { launch } = await import("../packages/cli/bin/launch.js");
  await assert.rejects(launch(join(ROOT, "no-such-program"), []), { code: "ENOENT" });
});
