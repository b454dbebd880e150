import assert from "node:assert/strict";
import { test } from "node:test";
import { watchLate } from "./late.ts";

test("watchLate() begins after a while, and ends what it began", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const seen: string[] = [];
  const watch = watchLate(1000, () => {
    seen.push("begun");
    return [{ [Symbol.dispose]: () => seen.push("ended") }];
  });
  assert.deepEqual(seen, []);
  t.mock.timers.tick(20);
  assert.deepEqual(seen, ["begun"]);
  watch[Symbol.dispose]();
  assert.deepEqual(seen, ["begun", "ended"]);
});

test("watchLate() begins nothing for what is over by then", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  watchLate(1000, () => assert.fail("begun"))[Symbol.dispose]();
  t.mock.timers.tick(2000);
});

test("watchLate() begins at once where a limit is as short as the while", () => {
  let begun = 0;
  const watch = watchLate(20, () => {
    begun++;
    return [];
  });
  watch[Symbol.dispose]();
  assert.equal(begun, 1);
});
