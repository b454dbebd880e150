import assert from "node:assert/strict";
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { innermost } from "./cell/innermost.ts";
import { GloveboxError } from "./error.ts";
import type { Json } from "./json.ts";
import type { GuestReport } from "./outcome.ts";
import type { Request } from "./request.ts";
import { findRuntimes } from "./runtimes/installed.ts";
import { Sandbox } from "./sandbox.ts";
import { assemble } from "./wasm/assemble.ts";

const HANDLER = assemble('(module (memory (export "memory") 1) (func (export "handle") (result i32) (i32.const 0)))');
const ECHO_WHO = "globalThis.seen = (globalThis.seen ?? 0) + 1; return globalThis.seen";

function javascript(code: string, rest: Partial<Request> = {}): Request {
  return { guest: { kind: "javascript", code }, isolationKey: "a", ...rest };
}

function python(code: string, rest: Partial<Request> = {}): Request {
  return { guest: { kind: "python", code }, isolationKey: "a", ...rest };
}

function output({ outcome }: GuestReport): Json {
  assert.equal(outcome.kind, "completed", JSON.stringify(outcome));
  return (outcome as { output: Json }).output;
}

for (const home of ["process", "thread"] as const) {
  describe(`Sandbox with ${home} cells`, () => {
    const sandbox = new Sandbox({ home, cells: 2 });
    after(() => sandbox[Symbol.asyncDispose]());

    test("run() gives the output, the log and what it cost", async () => {
      const { outcome, usage, log } = await sandbox.run(python("print('hello')\nreturn inputs['n'] * 2", { input: { n: 21 } }));
      assert.deepEqual(outcome, { kind: "completed", output: 42 });
      assert.deepEqual(log, [{ level: "info", message: "hello" }]);
      assert.deepEqual([usage.inputBytes, usage.outputBytes, usage.logBytes, usage.hostCalls["log"]], [8, 2, 6, 1]);
      assert.ok(usage.wallMs > 0 && usage.cpuMs > 0 && usage.instantiateMs > 0 && usage.peakMemoryBytes >= 30 * 2 ** 20);
      assert.equal(usage.growthsDenied, 0);
    });

    test("run() serves every kind of guest", async () => {
      const buffer = { kind: "schema", schema: { type: "object", required: ["n"] } } as const;
      const reports = await Promise.all([
        sandbox.run(python("return 1")),
        sandbox.run(javascript("return await Promise.resolve(2)")),
        sandbox.run({ guest: { kind: "typescript", code: "const n: number = 3;\nreturn n" }, isolationKey: "a" }),
        sandbox.run({ guest: buffer, input: { n: 1 }, isolationKey: "a" }),
      ]);
      assert.deepEqual(reports.map(output), [1, 2, 3, { problems: [] }]);
    });

    test("run() gives each guest an instance of its own, in order or at once", async () => {
      const reports = await Promise.all(
        Array.from({ length: 20 }, (_, n) => sandbox.run(javascript(`${ECHO_WHO} * 100 + inputs.n`, { input: { n } }))),
      );
      assert.deepEqual(
        reports.map(output),
        Array.from({ length: 20 }, (_, n) => 100 + n),
      );
    });

    test("run() ends a guest that exceeds a limit, and serves the next", async () => {
      const cases: [string, Request][] = [
        ["cpu", python("while True: pass", { limits: { cpuMs: 100 } })],
        ["cpu", javascript("while (true);", { limits: { cpuMs: 100 } })],
        ["wall", python("import time\ntime.sleep(60)", { limits: { wallMs: 100 } })],
        ["memory", python("x = []\nwhile True: x.append(bytes(10**6))")],
        ["memory", javascript("const x = []; while (true) x.push(new Uint8Array(1e6).fill(1))")],
        ["stack", python("def f(): f()\nf()")],
        ["stack", javascript("const f = () => f() + 1; f()")],
        ["output", python("return 'x' * 10**5", { limits: { outputBytes: 1000 } })],
        ["output", javascript("return 'x'.repeat(1e5)", { limits: { outputBytes: 1000 } })],
        ["log", python("while True: print('x' * 100)", { limits: { logBytes: 1000 } })],
        ["lines", python("import sys\nsys.stdout.write('x\\n' * 20_000)")],
        ["lines", python("for n in range(50): print(n)", { hostLimits: { logLinesPerSecond: 5 } })],
        ["log", python("import sys\nsys.stdout.write(('x' * 100 + '\\n') * 10**5)")],
        ["log", javascript("while (true) console.log('x'.repeat(100))", { limits: { logBytes: 1000 } })],
      ];
      for (const [limit, request] of cases) {
        const report = await sandbox.run(request);
        const { outcome } = report;
        assert.equal(outcome.kind === "exhausted" && outcome.limit, limit, `${limit}: ${JSON.stringify(outcome)}`);
        if (limit === "log") assert.equal(report.log[0]?.message, "x".repeat(100));
        assert.equal(output(await sandbox.run(python("return 1"))), 1);
        assert.equal(output(await sandbox.run(javascript("return 1"))), 1);
      }
    });

    test("run() shows a denied growth that the guest survived", async () => {
      const { outcome, usage } = await sandbox.run(python("try: bytes(200 * 2**20)\nexcept MemoryError: return 'survived'"));
      assert.deepEqual(outcome, { kind: "completed", output: "survived" });
      assert.ok(usage.growthsDenied > 0);
    });

    test("run() is cancelled by its signal: before, while waiting and while running", async () => {
      assert.equal((await sandbox.run(python("return 1", { signal: AbortSignal.abort() }))).outcome.kind, "cancelled");
      const controller = new AbortController();
      const loops = Array.from({ length: 4 }, () => sandbox.run(python("while True: pass", { signal: controller.signal })));
      setTimeout(() => controller.abort(), 300);
      assert.deepEqual(
        (await Promise.all(loops)).map((report) => report.outcome.kind),
        Array(4).fill("cancelled"),
      );
      assert.equal(output(await sandbox.run(python("return 1"))), 1);
    });

    test("run() is cancelled while it waits for a cell that stays busy", async () => {
      const busy = new AbortController();
      const loops = [0, 1].map(() => sandbox.run(python("while True: pass", { signal: busy.signal })));
      const waiting = await sandbox.run(python("return 1", { signal: AbortSignal.timeout(100) }));
      assert.equal(waiting.outcome.kind, "cancelled");
      busy.abort();
      await Promise.all(loops);
    });

    test("run() does not charge a guest for the opening of its runtime", async () => {
      await using cold = new Sandbox({ home, cells: 1, spare: 0, warm: "none" });
      const { outcome, usage } = await cold.run(javascript("return 1", { limits: { cpuMs: 1000 } }));
      assert.equal(outcome.kind, "completed");
      const next = await cold.run(javascript("return 1"));
      assert.ok(usage.cpuMs < next.usage.cpuMs + 25, `${usage.cpuMs} ms against ${next.usage.cpuMs} ms`);
    });

    test("run() refuses a request that is wrong, with its code, before anything runs", async () => {
      const cases: [string, Partial<Request>][] = [
        ["REQUEST_INVALID", { isolationKey: "" }],
        ["LIMIT_INVALID", { limits: { cpuMs: 0 } }],
        ["LIMIT_INVALID", { limits: { cpuMs: 1.5 } }],
        ["LIMIT_INVALID", { limits: { patience: 1 } as never }],
        ["LIMIT_INVALID", { limits: { toString: 1 } as never }],
        ["LIMIT_ABOVE_CAP", { limits: { memoryBytes: 2 ** 40 } }],
        ["INPUT_TOO_LARGE", { input: "x".repeat(100), limits: { inputBytes: 50 } }],
        ["REQUEST_INVALID", { input: new Uint8Array(1) }],
        ["REQUEST_INVALID", { randomSeed: new Uint8Array(1) }],
        ["REQUEST_INVALID", { guest: { kind: "module", bytes: HANDLER, stdout: "text" } }],
        ["MODULE_REFUSED", { guest: { kind: "module", bytes: new Uint8Array(4) } }],
      ];
      for (const [code, wrong] of cases) {
        await assert.rejects(
          sandbox.run(python("return 1", wrong)),
          (error) => error instanceof GloveboxError && error.code === code,
          code,
        );
      }
    });
  });
}

describe("Sandbox's pool", () => {
  /** The process of the cell in which a guest ran, by what it left in its own accounting: children of this process. */
  const children = () => readFileSync(`/proc/self/task/${process.pid}/children`, "utf8").trim().split(" ").filter(Boolean);
  const cellOf = ([outermost]: readonly string[]) => innermost(Number(outermost));
  const linuxOnly = process.platform === "linux" ? {} : { skip: "reads /proc" };

  test("never shares a cell between two keys", linuxOnly, async () => {
    await using sandbox = new Sandbox({ cells: 1, spare: 1, warm: "none" });
    await sandbox.run(javascript("return 1", { isolationKey: "a" }));
    const first = children();
    await sandbox.run(javascript("return 1", { isolationKey: "a" }));
    assert.deepEqual(children(), first);
    await sandbox.run(javascript("return 1", { isolationKey: "b" }));
    assert.equal(
      children().some((id) => first.includes(id)),
      false,
    );
  });

  test("makes room by ending the cell that was used longest ago", linuxOnly, async () => {
    await using sandbox = new Sandbox({ cells: 3, spare: 0, warm: "none" });
    const run = (isolationKey: string) => sandbox.run(javascript("return 1", { isolationKey }));
    await run("a");
    const [first] = children();
    await run("b");
    const second = children().find((id) => id !== first);
    await run("c");
    await run("a");
    await run("d");
    const left = children();
    assert.deepEqual([left.includes(first ?? ""), left.includes(second ?? "")], [true, false]);
  });

  test("keeps one user's guests of several kinds in one cell, and the spare one for others", linuxOnly, async () => {
    await using sandbox = new Sandbox({ cells: 3, spare: 1 });
    assert.equal(output(await sandbox.run(python("return 1"))), 1);
    await sandbox.run(javascript("return 1"));
    // The spare cell is ready at some time during this.
    for (let n = 0; n < 30; n++) {
      await sandbox.run(python("import time\ntime.sleep(0.05)"));
      await sandbox.run(javascript("return 1"));
    }
    assert.equal(children().length, 2);
  });

  test("replaces a cell after so many attempts", linuxOnly, async () => {
    await using sandbox = new Sandbox({ cells: 1, spare: 0, warm: "none", recycleAfter: 3 });
    const seen: string[] = [];
    for (let n = 0; n < 6; n++) {
      const run = sandbox.run(javascript("return 1"));
      const report = await run;
      assert.equal(output(report), 1);
      seen.push(children().join());
    }
    assert.equal(new Set(seen.filter(Boolean)).size, 2, seen.join(" "));
  });

  test("reports a runtime that can't be opened, and leaves no cell", async (t) => {
    const { folder, manifest } = findRuntimes();
    const spoilt = mkdtempSync(join(tmpdir(), "glovebox-spoilt-"));
    t.after(() => rmSync(spoilt, { recursive: true, force: true }));
    cpSync(folder, spoilt, { recursive: true });
    appendFileSync(join(spoilt, manifest.runtimes.javascript.wasm.file), "x");
    await using sandbox = new Sandbox({ cells: 1, spare: 0, warm: "none", runtimes: spoilt });
    const failed = (error: unknown) => error instanceof GloveboxError && error.code === "CELL_START_FAILED";
    await assert.rejects(sandbox.run(javascript("return 1")), failed);
    await assert.rejects(sandbox.run(javascript("return 1")), failed);
    assert.equal(output(await sandbox.run(python("return 1"))), 1);
    await using warm = new Sandbox({ cells: 1, warm: "javascript", runtimes: spoilt });
    await assert.rejects(warm.run(javascript("return 1")), failed);
  });

  test("has its cell back from a guest whose runtime could not be metered", async (t) => {
    const { folder } = findRuntimes();
    const spoilt = mkdtempSync(join(tmpdir(), "glovebox-spoilt-"));
    t.after(() => rmSync(spoilt, { recursive: true, force: true }));
    cpSync(folder, spoilt, { recursive: true, filter: (file) => !file.includes("-metered.") });
    mkdirSync(join(spoilt, "javascript-metered.wasm", "in the way"), { recursive: true });
    await using sandbox = new Sandbox({ cells: 1, spare: 0, warm: "none", runtimes: spoilt });
    for (let n = 0; n < 2; n++) await assert.rejects(sandbox.run(javascript("return 1", { limits: { fuel: 1e6 } })));
    assert.equal(output(await sandbox.run(javascript("return 1", { signal: AbortSignal.timeout(20_000) }))), 1);
  });

  test("serves more requests than it has cells, in their order", async () => {
    await using sandbox = new Sandbox({ cells: 1, warm: "none" });
    const order: number[] = [];
    await Promise.all(
      [0, 1, 2, 3, 4].map((n) => sandbox.run(javascript(`return ${n}`)).then((report) => order.push(output(report) as number))),
    );
    assert.deepEqual(order, [0, 1, 2, 3, 4]);
  });

  test("does not keep its process alive when idle, and refuses after it was closed", async () => {
    const sandbox = new Sandbox({ cells: 1, warm: "none" });
    await sandbox.run(javascript("return 1"));
    await sandbox[Symbol.asyncDispose]();
    await assert.rejects(sandbox.run(javascript("return 1")), (error) => error instanceof GloveboxError && error.code === "SANDBOX_CLOSED");
  });

  test("lets go of the memory of guests that have ended: of the next one's limit nothing is theirs", linuxOnly, async () => {
    await using sandbox = new Sandbox({ cells: 1, spare: 0, warm: "none" });
    const MiB = 2 ** 20;
    const resident = () => Number(readFileSync(`/proc/${cellOf(children())}/statm`, "utf8").split(" ")[1]) / 256;
    const rests = async (mibMax: number, what: string) => {
      let seen = resident();
      // What is given back to the system goes in the background.
      for (let looks = 0; looks < 200 && seen > mibMax; looks++) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        seen = resident();
      }
      assert.ok(seen <= mibMax, `the cell holds ${seen} MiB after ${what}`);
    };
    const hogs: [string, Request][] = [
      [
        "Python",
        python("x = []\ntry:\n  while True: x.append(bytes(10**6))\nexcept MemoryError: x = None", { limits: { memoryBytes: 256 * MiB } }),
      ],
      [
        "JavaScript",
        javascript("const x = []; try { for (;;) x.push(new Uint8Array(1e6).fill(1)) } catch {}", { limits: { memoryBytes: 256 * MiB } }),
      ],
    ];
    for (const [what, hog] of hogs) {
      await sandbox.run({ ...hog, limits: { memoryBytes: MiB } });
      const before = resident();
      assert.equal((await sandbox.run(hog)).outcome.kind, "completed");
      await rests(before + 160, what);
    }
    const before = resident();
    for (let n = 0; n < 24; n++) {
      const bytes = assemble(`(module (memory (export "memory") 1000) (data (i32.const 0) "${n}")
        (func (export "_start") (memory.fill (i32.const 0) (i32.const 1) (i32.const 65000000))))`);
      const { outcome } = await sandbox.run({ guest: { kind: "module", bytes }, isolationKey: "a" });
      assert.equal(outcome.kind, "completed", `module ${n}: ${JSON.stringify(outcome)}`);
    }
    await rests(before + 240, "24 modules of 64 MB");
  });

  test("bounds memory as measured from outside of the cell", linuxOnly, async () => {
    await using sandbox = new Sandbox({ cells: 1, spare: 0 });
    await sandbox.run(python("return 1"));
    const resident = () => Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${children()[0]}/status`, "utf8"))?.[1]) / 1024;
    const before = resident();
    const hog = "x = []\ntry:\n  while True: x.append(bytes(2**20))\nexcept MemoryError: return len(x)";
    const held = output(await sandbox.run(python(hog, { limits: { memoryBytes: 64 * 2 ** 20 } }))) as number;
    assert.ok(held >= 40 && held <= 64 + 16, `the guest held ${held} MiB`);
    assert.ok(resident() - before < 64 + 48, `the cell grew by ${resident() - before} MiB`);
  });
});
