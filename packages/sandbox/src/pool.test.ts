import assert from "node:assert/strict";
import { test } from "node:test";
import type { GuestReport } from "./outcome.ts";
import { Sandbox } from "./sandbox.ts";

/** Many times what one turn and a few starts of cells let through. */
const RUNS_MAX = 20_000;

test("Pool gives a key its turn, although another one always has guests waiting, for the one cell there is", async () => {
  await using sandbox = new Sandbox({ home: "thread", cells: 1, warm: "javascript" });
  const run = (key: string): Promise<GuestReport> =>
    sandbox.run({ guest: { kind: "javascript", code: "return inputs" }, input: key, isolationKey: key });
  let others = 0;
  let over = false;
  const busy = Array.from({ length: 50 }, async () => {
    while (!over && others++ < RUNS_MAX) assert.equal((await run("busy")).outcome.kind, "completed");
  });
  await run("busy");
  for (const key of ["a", "b", "a"]) assert.deepEqual((await run(key)).outcome, { kind: "completed", output: key });
  over = true;
  await Promise.all(busy);
  assert.ok(others < RUNS_MAX, "the others were served only when nobody else was waiting");
});

test("Pool serves those of one key in the order in which they came", async () => {
  await using sandbox = new Sandbox({ home: "thread", cells: 1, warm: "javascript" });
  const ended: string[] = [];
  const run = async (key: string, n: number): Promise<void> => {
    await sandbox.run({ guest: { kind: "javascript", code: "return 0" }, isolationKey: key });
    ended.push(`${key}${n}`);
  };
  await Promise.all(["a", "b", "c"].flatMap((key) => Array.from({ length: 20 }, (_, n) => run(key, n))));
  for (const key of ["a", "b", "c"]) {
    const own = ended.filter((name) => name.startsWith(key));
    assert.deepEqual(
      own,
      own.toSorted((x, y) => Number(x.slice(1)) - Number(y.slice(1))),
      "in the order in which they came",
    );
  }
  assert.equal(ended.length, 60);
});
