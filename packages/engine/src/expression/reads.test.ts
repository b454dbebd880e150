import assert from "node:assert/strict";
import { test } from "node:test";
import { readsOf } from "./reads.ts";

function shown(expression: string): string[] {
  return readsOf(expression).map(
    (read) => `${[read.root, ...read.path].join("/")} ${expression.slice(read.offset, read.offset + read.length)}`,
  );
}

test("readsOf() finds names, optional chains, quoted keys and indexes", () => {
  assert.deepEqual(shown("inputs.total > steps?.a.output['b c'] [ 0 ] . d"), [
    "inputs/total inputs.total",
    "steps/a/output/b c/0/d steps?.a.output['b c'] [ 0 ] . d",
  ]);
});

test("readsOf() reads inside template holes and not inside strings, comments and regular expressions", () => {
  assert.deepEqual(shown("`steps.no ${steps.a.status}` + 'steps.b' + /steps.c/.source // steps.d"), ["steps/a/status steps.a.status"]);
});

test("readsOf() leaves properties and longer names alone", () => {
  assert.deepEqual(shown("x.steps.a + mysteps.b + steps$.c + rerun.id"), []);
});

test("readsOf() keeps what is written out before a computed key", () => {
  assert.deepEqual(shown("steps[inputs.which].output"), ["steps steps", "inputs/which inputs.which"]);
});
