import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { LIMIT_CAPS } from "../packages/sandbox/src/limits.ts";
import { STACK_BYTES, STACK_UNIT_BYTES } from "../packages/sandbox/src/wasm/meter-layout.ts";
import { ALLOWED, slot } from "../packages/sandbox/src/wasm/opcodes.ts";
import { IMPORT_WEIGHT, WEIGHT } from "../packages/sandbox/src/wasm/weights.ts";

const page = readFileSync(new URL("fuel.md", import.meta.url), "utf8");

test("fuel.md has the cost of every instruction that does not cost 1", () => {
  const rows = [...page.matchAll(/^\| ((?:`[^`]+` ?)+) \| (\d+) \|$/gm)];
  const said = new Map(rows.flatMap(([, names = "", cost]) => [...names.matchAll(/`([^`]+)`/g)].map(([, name]) => [name, Number(cost)])));
  const is = new Map(
    [...ALLOWED].map(([opcode, name]) => [name, WEIGHT[slot(opcode)] as number]).filter(([, weight]) => weight !== 1) as [string, number][],
  );
  assert.deepEqual([...said].sort(), [...is].sort());
});

test("fuel.md says the numbers that hold", () => {
  assert.ok(page.includes(`up to ${LIMIT_CAPS.fuel.toLocaleString("en")}.`));
  assert.ok(page.includes(`costs ${IMPORT_WEIGHT} more`));
  assert.ok(page.includes(`${STACK_BYTES / 2 ** 20} MiB of frames`));
  assert.ok(page.includes(`every ${STACK_UNIT_BYTES} bytes of its frame`));
});
