import assert from "node:assert/strict";
import { test } from "node:test";
import { findCycles, printCycle } from "./graph.ts";

test("findCycles() finds none in a graph without, whatever its order and shape", () => {
  assert.deepEqual(
    findCycles(
      new Map([
        ["d", ["b", "c"]],
        ["b", ["a"]],
        ["c", ["a", "nobody"]],
        ["a", []],
      ]),
    ),
    [],
  );
});

test("findCycles() gives a shortest cycle for each set of steps that depend on each other", () => {
  const edges = new Map([
    ["self", ["self"]],
    ["a", ["b"]],
    ["b", ["c", "d"]],
    ["c", ["a"]],
    ["d", ["e"]],
    ["e", ["a"]],
    ["after", ["a"]],
    ["__proto__", ["toString"]],
    ["toString", ["__proto__"]],
  ]);
  assert.deepEqual(findCycles(edges), [
    ["self", "self"],
    ["a", "b", "c", "a"],
    ["__proto__", "toString", "__proto__"],
  ]);
});

test("findCycles() is linear: 100,000 steps in a chain, in a ring, and all on one", () => {
  const ids = Array.from({ length: 100_000 }, (_, index) => `s${index}`);
  const chain = new Map(ids.map((id, index) => [id, index === 0 ? [] : [`s${index - 1}`]]));
  assert.deepEqual(findCycles(chain), []);
  const ring = new Map(chain).set("s0", ["s99999"]);
  assert.equal(findCycles(ring)[0]?.length, 100_001);
  const pairs = new Map(ids.map((id, index) => [id, [`s${index ^ 1}`]]));
  assert.equal(findCycles(pairs).length, 50_000);
  const star = new Map(ids.map((id, index) => [id, index === 0 ? ids.slice(1) : []]));
  assert.deepEqual(findCycles(star), []);
});

test("printCycle() shows the ends of a long cycle", () => {
  assert.equal(printCycle(["a", "b", "a"]), "a -> b -> a");
  const ids = Array.from({ length: 30 }, (_, index) => `s${index}`);
  assert.equal(printCycle([...ids, "s0"]), "s0 -> s1 -> s2 -> s3 -> s4 -> s5 -> (21 more) -> s27 -> s28 -> s29 -> s0");
});
