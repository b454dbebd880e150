import assert from "node:assert/strict";
import { test } from "node:test";
import { bareExpression, parseReference, parseTemplate } from "./reference.ts";

test("parseReference() reads names, indexes, quoted keys and ids with dashes", () => {
  assert.deepEqual(parseReference(" steps.a.output.b[0] "), { root: "steps", path: ["a", "output", "b", 0] });
  assert.deepEqual(parseReference("steps.fetch-rows.status"), { root: "steps", path: ["fetch-rows", "status"] });
  assert.deepEqual(parseReference(`inputs["first name"]['x y']`), { root: "inputs", path: ["first name", "x y"] });
  assert.deepEqual(parseReference("steps.__proto__.output"), { root: "steps", path: ["__proto__", "output"] });
  assert.deepEqual(parseReference("inputs"), { root: "inputs", path: [] });
  assert.deepEqual(parseReference('inputs[""]'), { root: "inputs", path: [""] });
});

test("parseReference() takes anything more for an expression", () => {
  const more = [
    "inputs.a + 1",
    "inputs?.a",
    "inputs.a()",
    "steps.a.output-1",
    "other.a",
    "inputsx",
    "inputs.",
    "inputs[01]",
    "inputs[a]",
    "",
    "1",
  ];
  for (const source of more) assert.equal(parseReference(source), undefined, source);
});

test("parseTemplate() keeps text, references and expressions apart, with their offsets", () => {
  assert.deepEqual(parseTemplate("${{ inputs.a }}"), {
    parts: [{ kind: "reference", reference: { root: "inputs", path: ["a"] }, source: " inputs.a ", offset: 3 }],
  });
  assert.deepEqual(parseTemplate("n = ${{inputs.n+1}}!"), {
    parts: [
      { kind: "text", text: "n = " },
      { kind: "expression", source: "inputs.n+1", offset: 7 },
      { kind: "text", text: "!" },
    ],
  });
  assert.deepEqual(parseTemplate("{{ x }} $ {"), { parts: [{ kind: "text", text: "{{ x }} $ {" }] });
  assert.deepEqual(parseTemplate(""), { parts: [] });
});

test("parseTemplate() finds the end behind nested braces and literals that hold braces", () => {
  for (const source of ["({a: {b: 1}})", '"}}"', "`}}${ {a: `}}`} }`", "/}}[/'}]/.test('}}')", "1 /* }} */ / 2", "'it\\'s }}'"]) {
    assert.deepEqual(parseTemplate(`\${{${source}}}.`).parts, [
      { kind: "expression", source, offset: 3 },
      { kind: "text", text: "." },
    ]);
  }
});

test("parseTemplate() ends an expression whose brackets don't match at the next braces", () => {
  assert.deepEqual(
    parseTemplate("${{ ( }} ${{ inputs.a }}").parts.map((part) => part.kind),
    ["expression", "text", "reference"],
  );
});

test("parseTemplate() says where a template is never closed", () => {
  assert.deepEqual(parseTemplate("a ${{ inputs.a"), { parts: [{ kind: "text", text: "a ${{ inputs.a" }], unclosedAt: 2 });
});

test("parseTemplate() is linear on a megabyte of opened expressions", () => {
  for (const piece of ["${{ ( }}", "${{ ' }}", "${{", "${{ ` }}", "${{ /* }}", "${{ ${ }}"]) {
    const { parts } = parseTemplate(piece.repeat(2 ** 20 / piece.length));
    assert.ok(parts.length > 0);
  }
});

test("bareExpression() unwraps one template and nothing else", () => {
  assert.deepEqual(bareExpression(" ${{ inputs.a > 1 }} "), { source: " inputs.a > 1 ", offset: 4 });
  assert.deepEqual(bareExpression("inputs.a > 1"), { source: "inputs.a > 1", offset: 0 });
  assert.deepEqual(bareExpression("${{ a }} + ${{ b }}"), { source: "${{ a }} + ${{ b }}", offset: 0 });
});
