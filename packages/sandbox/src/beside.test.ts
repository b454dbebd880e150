import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, describe, test } from "node:test";
import { GloveboxError } from "./error.ts";
import type { GuestReport } from "./outcome.ts";
import type { Beside, Request } from "./request.ts";
import { Sandbox } from "./sandbox.ts";

/** Writes what `inputs` says, and then, where that was not taken, that it was not. */
const WRITES = "try { glovebox.writeOutput(inputs) } catch (error) { glovebox.writeOutput([error.name, error.message]) }";

function writer(isolationKey: string, rest: Partial<Request> = {}): Request {
  return { guest: { kind: "javascript", code: WRITES }, isolationKey, ...rest };
}

/** Takes even numbers, and texts: decided by a guest. */
async function onlyEven(value: unknown, beside: Beside): Promise<string | undefined> {
  if (typeof value !== "number") return undefined;
  const { outcome } = await beside.run({ guest: { kind: "javascript", code: `return ${value} % 2 === 0` } });
  assert.equal(outcome.kind, "completed", JSON.stringify(outcome));
  return outcome.kind === "completed" && outcome.output === true ? undefined : `${value} is odd`;
}

function output({ outcome }: GuestReport) {
  assert.equal(outcome.kind, "completed", JSON.stringify(outcome));
  return outcome.kind === "completed" ? outcome.output : undefined;
}

for (const home of ["process", "thread"] as const) {
  describe(`A guest beside another, in ${home} cells,`, () => {
    const sandbox = new Sandbox({ home, cells: 1, spare: 0, warm: "none" });
    after(() => sandbox[Symbol.asyncDispose]());

    test("runs although the one that waits for it has the only cell", async () => {
      assert.equal(output(await sandbox.run(writer("a", { input: 2, acceptOutput: onlyEven }))), 2);
      assert.deepEqual(output(await sandbox.run(writer("a", { input: 3, acceptOutput: onlyEven }))), ["HostError", "3 is odd"]);
    });

    test("costs the one that waits no CPU, but wall time", async () => {
      const loops = { kind: "javascript", code: "for (;;);" } as const;
      const acceptOutput = async (_: unknown, beside: Beside) => {
        const { outcome } = await beside.run({ guest: loops, limits: { wallMs: 400 } });
        return outcome.kind === "exhausted" ? undefined : outcome.kind;
      };
      const { outcome, usage } = await sandbox.run(writer("a", { input: 1, acceptOutput, limits: { wallMs: 10_000, cpuMs: 300 } }));
      if (home === "process" && process.platform === "linux") assert.deepEqual(outcome, { kind: "completed", output: 1 });
      assert.ok(usage.wallMs >= 300, `${usage.wallMs}`);
      const ended = Promise.withResolvers<GuestReport>();
      const late = await sandbox.run(
        writer("a", {
          acceptOutput: async (_, beside) => {
            ended.resolve(await beside.run({ guest: loops, limits: { wallMs: 60_000, cpuMs: 60_000 } }));
            return undefined;
          },
          limits: { wallMs: 500 },
        }),
      );
      assert.deepEqual(late.outcome.kind === "exhausted" && late.outcome.limit, "wall");
      assert.deepEqual((await ended.promise).outcome, { kind: "cancelled" });
    });

    test("ends with the one that waits, also before it has a cell", async () => {
      const cancel = new AbortController();
      const ended = Promise.withResolvers<GuestReport>();
      const acceptOutput = async (_: unknown, beside: Beside) => {
        const running = beside.run({ guest: { kind: "javascript", code: "for (;;);" } });
        setTimeout(() => cancel.abort(), 300);
        ended.resolve(await running);
        return undefined;
      };
      const { outcome } = await sandbox.run(writer("a", { acceptOutput, signal: cancel.signal }));
      assert.deepEqual([outcome, (await ended.promise).outcome], [{ kind: "cancelled" }, { kind: "cancelled" }]);
      assert.equal(output(await sandbox.run(writer("a", { input: 4, acceptOutput: onlyEven }))), 4);
    });

    test("can't wait for one itself", async () => {
      const acceptOutput = async (_: unknown, beside: Beside) => {
        const asking = { guest: { kind: "javascript", code: WRITES }, acceptOutput: onlyEven } as const;
        await assert.rejects(beside.run(asking), (error) => error instanceof GloveboxError && error.code === "REQUEST_INVALID");
        return undefined;
      };
      assert.equal(output(await sandbox.run(writer("a", { input: 1, acceptOutput }))), 1);
    });
  });
}

describe("Sandbox's pool", () => {
  test("serves guests that all wait for others, of several keys, on any number of cells", async () => {
    for (const cells of [1, 2, 3]) {
      await using sandbox = new Sandbox({ home: "thread", cells, spare: 1, warm: "none" });
      const inputs = Array.from({ length: 8 }, (_, n) => n);
      const reports = await Promise.all(inputs.map((n) => sandbox.run(writer(`key ${n % 3}`, { input: n, acceptOutput: onlyEven }))));
      assert.deepEqual(
        reports.map(output),
        inputs.map((n) => (n % 2 === 0 ? n : ["HostError", `${n} is odd`])),
      );
    }
  });

  test("opens one cell more than it has, and no other", { skip: process.platform !== "linux" && "reads /proc" }, async () => {
    await using sandbox = new Sandbox({ cells: 2, spare: 1, warm: "none" });
    const children = () => readFileSync(`/proc/self/task/${process.pid}/children`, "utf8").trim().split(" ").filter(Boolean);
    const before = children().length;
    const seen: number[] = [];
    const acceptOutput = async (value: unknown, beside: Beside) => {
      const verdict = await onlyEven(value, beside);
      seen.push(children().length);
      return verdict;
    };
    const reports = await Promise.all(Array.from({ length: 8 }, (_, n) => sandbox.run(writer("a", { input: 2 * n, acceptOutput }))));
    assert.deepEqual(reports.map(output), [0, 2, 4, 6, 8, 10, 12, 14]);
    // The first cell was there before any was counted.
    assert.equal(Math.max(...seen) - before + 1, 3);
  });

  test("ends those that wait for others when it is closed", async () => {
    const sandbox = new Sandbox({ home: "thread", cells: 1, spare: 0, warm: "none" });
    const acceptOutput = async (_: unknown, beside: Beside) => {
      const running = beside.run({ guest: { kind: "javascript", code: "for (;;);" } });
      setTimeout(() => void sandbox[Symbol.asyncDispose](), 200);
      await running;
      return undefined;
    };
    assert.deepEqual((await sandbox.run(writer("a", { acceptOutput }))).outcome, { kind: "cancelled" });
    await sandbox[Symbol.asyncDispose]();
  });
});
