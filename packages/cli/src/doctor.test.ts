import assert from "node:assert/strict";
import { test } from "node:test";
import type { Cell } from "./cell-process.ts";
import { glovebox } from "./command.fixture.ts";
import { isolationFindings, levelFinding } from "./isolation.ts";

const CELL: Cell = {
  processId: 2,
  status: new Map([
    ["NoNewPrivs", "1"],
    ["Seccomp", "2"],
    ["Uid", "65534\t65534\t65534\t65534"],
  ]),
  commandLine: ["node", "--permission", "process-cell.mjs"],
  environment: [],
  cpuTold: true,
  ownNamespaces: ["pid", "net"],
};

test("doctor runs a guest in every runtime and looks at the cell", async () => {
  const { code, stdout, stderr } = await glovebox(["doctor"]);
  assert.equal(stderr, "");
  for (const runtime of ["Python", "JavaScript", "TypeScript", "JSON Schema"])
    assert.match(stdout, new RegExp(`^ {2}✓ ${runtime} .* works`, "m"));
  assert.match(stdout, /^ {2}✓ permission model /m);
  assert.match(stdout, /^ {2}[✓!] isolation +(bubblewrap|unshare|none): /m);
  assert.equal(code, 0, stdout);
});

test("isolationFindings() calls nothing good that is missing", () => {
  const statesOf = (cell: Partial<Cell>) =>
    new Map(isolationFindings({ ...CELL, ...cell }, "linux").map(({ what, state }) => [what, state]));
  assert.deepEqual(new Set(statesOf({}).values()), new Set(["good"]));
  assert.equal(statesOf({ status: new Map([...CELL.status, ["NoNewPrivs", "0"]]) }).get("privileges"), "weak");
  assert.equal(statesOf({ status: new Map([...CELL.status, ["Seccomp", "0"]]) }).get("system calls"), "weak");
  assert.equal(statesOf({ status: new Map([...CELL.status, ["Uid", "0\t0\t0\t0"]]) }).get("user"), "weak");
  assert.equal(statesOf({ status: new Map([...CELL.status, ["Uid", `1\t${process.getuid?.()}\t1\t1`]]) }).get("user"), "weak");
  const yours = new Map([...CELL.status, ["Uid", `0\t${process.getuid?.()}\t0\t0`]]);
  assert.equal(statesOf({ status: yours, ownNamespaces: ["user", "mnt"] }).get("user"), "good");
  assert.equal(statesOf({ ownNamespaces: [] }).get("namespaces"), "weak");
  assert.equal(statesOf({ cpuTold: false }).get("CPU accounting"), "weak");
  assert.equal(statesOf({ commandLine: ["node", "process-cell.mjs"] }).get("permission model"), "broken");
  assert.equal(statesOf({ environment: ["PWD", "AWS_SECRET_ACCESS_KEY"] }).get("environment"), "broken");
});

test("levelFinding() names the level, and why it is no stronger one", () => {
  assert.deepEqual(levelFinding("bubblewrap", []).state, "good");
  const weak = levelFinding("none", ["bwrap is not installed", "unshare: Operation not permitted"]);
  assert.equal(weak.state, "weak");
  assert.match(weak.says, /^none: .*; bwrap is not installed; unshare: Operation not permitted/);
});

test("isolationFindings() calls weak what a kernel does not tell", () => {
  const states = isolationFindings({ ...CELL, status: new Map() }, "linux").map(({ what, state }) => [what, state]);
  assert.deepEqual(
    states.filter(([, state]) => state === "weak").map(([what]) => what),
    ["privileges", "user", "system calls"],
  );
  assert.deepEqual(new Set(isolationFindings(undefined, "darwin").map(({ state }) => state)), new Set(["weak"]));
});
