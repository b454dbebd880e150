import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { pinnedNode } from "../packages/cli/bin/pinned.js";
import { ALL_ROWS } from "./main.ts";

const run = promisify(execFile);

// The one that this folder's package.json names. Where there is none for this platform, the repository's own is found.
const node = pinnedNode(process.platform, process.arch, import.meta.url);
const version = node === undefined ? "" : (await run(node, ["--version"])).stdout.trim();
const skip = version.startsWith("v24.") ? false : `no Node 24 is installed as a package on ${process.platform}-${process.arch}`;

test("every attack of the audit is contained on Node 24, in process cells and thread cells", { skip }, async () => {
  const { stdout } = await run(node as string, [join(import.meta.dirname, "main.ts")]).catch((error) => {
    throw new Error(`the audit ended with ${error.code ?? error.signal}:\n${error.stdout}${error.stderr}`);
  });
  const [, on, contained, notBuilt, through] = /^Node (\S+): (\d+) contained, (\d+) not built, (\d+) got through$/m.exec(stdout) ?? [];
  assert.deepEqual([on, Number(through)], [version, 0], stdout);
  assert.equal(Number(contained) + Number(notBuilt), 2 * ALL_ROWS.length, stdout);
});
