import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Sandbox } from "../sandbox.ts";

/** Processes whose command line names the program of process cells, of the given parent or session. */
function cellsOf(parent: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((id) => {
      try {
        const parentId = Number(readFileSync(`/proc/${id}/stat`, "utf8").split(") ")[1]?.split(" ")[1]);
        return parentId === parent && readFileSync(`/proc/${id}/cmdline`, "utf8").includes("process-cell.mjs");
      } catch {
        return false; // ended meanwhile
      }
    });
}

/** Processes of a group, those aside that have ended and that nobody asked about. */
function membersOf(group: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((id) => {
      try {
        const [state, , own] = (readFileSync(`/proc/${id}/stat`, "utf8").split(") ")[1] ?? "").split(" ");
        return Number(own) === group && state !== "Z";
      } catch {
        return false; // ended meanwhile
      }
    });
}

function isAlive(id: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${id}/status`, "utf8"));
  } catch {
    return false;
  }
}

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    if (condition()) return;
    await sleep(20);
  }
  assert.fail(`never: ${what}`);
}

const linuxOnly = process.platform === "linux" ? {} : { skip: "reads /proc" };

describe("a process cell", linuxOnly, () => {
  test("does not outlive a parent that was killed, though its guest loops", async () => {
    const parent = spawn(process.execPath, [fileURLToPath(new URL("process.orphan-parent.ts", import.meta.url))], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await new Promise((resolve) => parent.stdout.once("data", resolve)); // says that its guest has been entered
    const cells = cellsOf(parent.pid as number);
    assert.equal(cells.length, 1);
    const ended = once(parent, "close");
    parent.kill("SIGKILL");
    await ended;
    await until(() => !cells.some(isAlive), "the cell ended after its parent was killed");
  });

  test("is gone, and nothing else is left, when its sandbox is disposed of while guests run", async () => {
    await sleep(50); // those of the tests before close on the next turn of the loop
    const handlesBefore = process.getActiveResourcesInfo().sort();
    const sandbox = new Sandbox({ home: "process", cells: 2, spare: 2 });
    const runBoth = (code: string) =>
      Promise.all(["a", "b"].map((isolationKey) => sandbox.run({ guest: { kind: "python", code }, isolationKey })));
    await runBoth("return 1");
    const running = runBoth("while True: pass");
    const cells = cellsOf(process.pid);
    assert.equal(cells.length, 2);
    await sandbox[Symbol.asyncDispose]();
    assert.deepEqual(
      (await running).map((report) => report.outcome.kind),
      ["cancelled", "cancelled"],
    );
    assert.deepEqual(cells.filter(isAlive), []);
    assert.deepEqual(cellsOf(process.pid), []);
    await sleep(50); // streams close on the next turn of the loop
    assert.deepEqual(process.getActiveResourcesInfo().sort(), handlesBefore);
  });

  test("leaves nothing where it is killed at any moment of its start", async () => {
    const groups: number[] = [];
    for (let ms = 0; ms < 24; ms++) {
      const sandbox = new Sandbox({ home: "process", cells: 1 });
      // Looked at once: a process that is becoming another program can't be told for a moment.
      let started: readonly number[] = [];
      await until(() => {
        started = cellsOf(process.pid);
        return started.length > 0;
      }, "a cell started");
      groups.push(...started);
      await sleep(ms);
      await sandbox[Symbol.asyncDispose]();
    }
    assert.equal(groups.length, 24);
    await until(() => groups.every((group) => membersOf(group).length === 0), "all that had been started ended");
  });

  test("has an empty environment, few descriptors, no core dumps, and is first in line for the out-of-memory killer", async () => {
    process.env["GLOVEBOX_TEST_CANARY"] = "canary";
    await using sandbox = new Sandbox({ home: "process", cells: 1 });
    await sandbox.run({ guest: { kind: "python", code: "" }, isolationKey: "a" });
    const [cell] = cellsOf(process.pid) as [number];
    assert.equal(readFileSync(`/proc/${cell}/environ`, "utf8").includes("canary"), false);
    const limits = readFileSync(`/proc/${cell}/limits`, "utf8");
    assert.match(limits, /Max core file size +0 +0 /);
    assert.match(limits, /Max open files +64 +64 /);
    assert.match(limits, /Max cpu time +7200 +7200 /);
    assert.equal(readFileSync(`/proc/${cell}/oom_score_adj`, "utf8").trim(), "1000");
    assert.match(readFileSync(`/proc/${cell}/status`, "utf8"), /NoNewPrivs:\s+1/);
    delete process.env["GLOVEBOX_TEST_CANARY"];
  });
});
