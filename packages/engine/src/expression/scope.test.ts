import assert from "node:assert/strict";
import { test } from "node:test";
import { scopeFor } from "./program.ts";
import { parseReference } from "./reference.ts";
import { lookUp, type Scope } from "./scope.ts";
import { expressionsIn, Filling, Unresolved } from "./template.ts";

const scope: Scope = {
  inputs: { list: [1, { deep: "x" }], empty: null, "with space": true, __proto__: null },
  steps: new Map([
    ["done", { status: "succeeded" as const, output: { rows: [7] } }],
    ["my-step", { status: "succeeded" as const, output: "dashed" }],
    ["gone", { status: "skipped" as const, output: null }],
  ]),
  run: { id: "r", inputs: { list: [] } },
};

function look(source: string) {
  const reference = parseReference(source);
  assert.ok(reference, source);
  return lookUp(reference, scope);
}

test("lookUp() finds own keys and indexes, and keeps types", () => {
  assert.deepEqual(look("inputs.list[1].deep"), { found: true, value: "x" });
  assert.deepEqual(look("inputs['with space']"), { found: true, value: true });
  assert.deepEqual(look("steps.done.output.rows"), { found: true, value: [7] });
  assert.deepEqual(look("steps.my-step.output"), { found: true, value: "dashed" });
  assert.deepEqual(look("steps.gone.status"), { found: true, value: "skipped" });
  assert.deepEqual(look("run.id"), { found: true, value: "r" });
  assert.deepEqual(look("inputs.empty"), { found: true, value: null });
});

test("lookUp() gives null for the output of a step that did not succeed, and for all below it", () => {
  assert.deepEqual(look("steps.gone.output"), { found: true, value: null });
  assert.deepEqual(look("steps.gone.output.rows[3].x"), { found: true, value: null });
});

test("lookUp() finds nothing that is inherited, and says where the path ends", () => {
  const message = (source: string): string => {
    const result = look(source);
    assert.ok(!result.found, source);
    return `${result.last} ${result.message}`;
  };
  assert.equal(message("inputs.list[7]"), "true inputs.list is a list of 2 and has no 7");
  assert.equal(message("inputs.list.length"), 'true inputs.list is a list of 2 and has no "length"');
  assert.equal(message("inputs.a.b"), 'false inputs is an object and has no "a"');
  assert.equal(message("inputs.empty.b"), 'true inputs.empty is null and has no "b"');
  assert.equal(message("inputs.constructor"), 'true inputs is an object and has no "constructor"');
  assert.equal(message("run.id.length"), 'true run.id is a string and has no "length"');
  assert.equal(message("steps.none.output"), 'false there is no step "none" before this one');
  assert.equal(message("steps"), "false `steps` needs the id of a step, as in steps.read.output");
  assert.equal(message("item"), "false `item` exists only inside of a loop");
  assert.equal(message("secrets.KEY"), "false there is no such secret here");
});

test("fill() keeps the type of a string that is one reference, and joins all else as text", () => {
  const values = new Map([[" 1 + 1 ", 2]]);
  const template = { a: ["${{ inputs.list }}", "${{ 1 + 1 }}", "${{ inputs.empty }}|${{ inputs.list }}|${{ 1 + 1 }}"], "${{ x }}": 7 };
  assert.deepEqual(new Filling(scope, values).fill(template), { a: [[1, { deep: "x" }], 2, 'null|[1,{"deep":"x"}]|2'], "${{ x }}": 7 });
  assert.equal(new Filling(scope, values).fill(""), "");
  assert.throws(() => new Filling(scope, values).fill("${{ inputs.nothing }}"), Unresolved);
});

test("fill() does not fill what it has filled in", () => {
  const evil: Scope = { ...scope, inputs: { evil: "${{ run.id }}" } };
  assert.deepEqual(new Filling(evil, new Map()).fill({ x: "${{ inputs.evil }}", y: "<${{ inputs.evil }}>" }), {
    x: "${{ run.id }}",
    y: "<${{ run.id }}>",
  });
});

test("fill() keeps a key called __proto__ a key", () => {
  const filled = new Filling(scope, new Map()).fill(JSON.parse('{"__proto__": "${{ run.id }}"}'));
  assert.deepEqual(JSON.stringify(filled), '{"__proto__":"r"}');
  assert.equal(Object.getPrototypeOf(filled), Object.prototype);
});

test("expressionsIn() finds each expression once and no plain reference", () => {
  assert.deepEqual(expressionsIn(["${{ a() }} ${{ inputs.x }}", { k: "${{ a() }}", l: "${{ b }}" }, 7, null]), [" a() ", " b "]);
});

test("scopeFor() hands over what is read and nothing else", () => {
  assert.deepEqual(scopeFor(["steps.gone.status + 1", "steps.done.output.rows.length"], scope), {
    inputs: null,
    steps: { gone: { status: "skipped" }, done: { status: "succeeded", output: { rows: [7] } } },
    run: { id: "r" },
  });
  const all = scopeFor(["steps[inputs.which] + run.inputs.list.length"], scope) as { inputs: object; steps: object; run: object };
  assert.deepEqual(Object.keys(all.steps), ["done", "my-step", "gone"]);
  assert.deepEqual([all.inputs, all.run], [scope.inputs, scope.run]);
  assert.deepEqual(scopeFor(["steps.none.output + 1"], scope), { inputs: null, steps: {}, run: { id: "r" } });
});

test("fill() refuses what comes to too much, over all templates of one filling, before it is put together", () => {
  const large = { ...scope, inputs: { text: "x".repeat(2 ** 20), list: Array(2 ** 19).fill(0) } };
  const refused = { code: "INPUT_TOO_LARGE" };
  for (const name of ["text", "list"]) {
    const one = `\${{ inputs.${name} }}`;
    assert.throws(() => new Filling(large, new Map()).fill(one.repeat(100_000)), refused);
    assert.throws(() => new Filling(large, new Map()).fill(Array(100_000).fill(one)), refused);
    const filling = new Filling(large, new Map());
    assert.equal((filling.fill(`<${one}>`.repeat(40)) as string).length > 40 * 2 ** 20, true);
    assert.throws(() => filling.fill(`<${one}>`.repeat(40)), refused);
  }
});
