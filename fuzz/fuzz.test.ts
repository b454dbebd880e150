import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../scripts/setup.js";
import { casesIn, countOf } from "./round.ts";
import { subjectsOf } from "./subjects.ts";

function node(args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  // Within a test, Node's runner runs no other.
  const { NODE_TEST_CONTEXT: _, GLOVEBOX_SEED: __, GLOVEBOX_ROUNDS: ___, ...inherited } = process.env;
  return spawnSync(process.execPath, args, { cwd: ROOT, env: { ...inherited, ...environment }, encoding: "utf8" });
}

const WRONG = ["--test", "--test-reporter=spec", join(ROOT, "fuzz/small.fixture.ts")];

test("property() shows the smallest case that does not hold, and what finds it again", () => {
  const { stdout, status } = node(WRONG);
  assert.equal(status, 1);
  assert.match(stdout, /does not hold for case \d+, made smaller \d+ times:\s+5001,\s+false\s/);
  const [, seed, rounds] = /again: GLOVEBOX_SEED=(\d+) GLOVEBOX_ROUNDS=(\d+) npm test -- fuzz\/small\.fixture\.ts/.exec(stdout) ?? [];
  assert.ok(seed && rounds);
  const again = node(WRONG, { GLOVEBOX_SEED: seed, GLOVEBOX_ROUNDS: rounds }).stdout;
  assert.match(again, new RegExp(`does not hold for case ${rounds}, .*\\s+5001,\\s+false\\s`));
  assert.ok(again.includes(countOf(Number(seed), Number(rounds))));
  assert.match(node(WRONG, { GLOVEBOX_SEED: "x" }).stdout, /GLOVEBOX_SEED is "x", not a whole number/);
});

test("runBatch() counts the cases of a file, and says what did not hold", () => {
  const batch = (file: string, rounds: number) =>
    JSON.parse(node(["fuzz/batch.fixture.ts", file, String(rounds)]).stdout) as { cases: number; failed: boolean; lines: string[] };
  const right = batch("packages/engine/src/expression/scope.property.test.ts", 30);
  assert.deepEqual(right, { cases: 30, failed: false, lines: [] });
  const wrong = batch("fuzz/small.fixture.ts", 1_000);
  assert.ok(wrong.failed && wrong.cases > 0 && wrong.cases < 1_000);
  assert.match(wrong.lines.join("\n"), /FAIL fuzz\/small\.fixture\.ts.*\n.*does not hold for case/);
  assert.equal(batch("fuzz/round.ts", 10).failed, true, "a file without properties");
});

test("main.ts fuzzes for the time that it is given, and names what it does not know", () => {
  const right = node(["fuzz/main.ts", "scope", "--seconds", "1"]);
  assert.match(right.stdout, /^ok {3}all else: \d+ cases from \d+ seeds in \d+ s\n$/);
  assert.equal(right.status, 0);
  for (const args of [["nothing-of-that-name"], ["--seconds", "0"], ["a", "b"]]) assert.equal(node(["fuzz/main.ts", ...args]).status, 2);
});

test("subjectsOf() gives every file with properties to one subject, and part of them by name or by path", () => {
  const all = subjectsOf(ROOT, "");
  const files = all.flatMap((subject) => subject.files);
  assert.equal(new Set(files).size, files.length);
  assert.equal(all.length, 6);
  const [frames, ...others] = subjectsOf(ROOT, "frames");
  assert.deepEqual([frames?.name, others], ["frames between cell and parent", []]);
  assert.ok(frames?.files.every((file) => file.startsWith("packages/sandbox/src/cell/")));
  assert.deepEqual(
    subjectsOf(ROOT, "host/url").map(({ files }) => files),
    [["packages/sandbox/src/host/url.property.test.ts"]],
  );
});

test("casesIn() reads what countOf() says, and no other line", () => {
  assert.equal(casesIn(countOf(5, 17)), 17);
  assert.equal(casesIn("17 cases"), undefined);
});
