import assert from "node:assert/strict";
import { test } from "node:test";
import { loadWorkflow } from "./load.ts";
import { renderProblems } from "./render.ts";
import { DOCUMENT_BYTES_MAX } from "./source.ts";

function codesOf(text: string): string[] {
  return [...new Set(loadWorkflow(text, { file: "w.yaml" }).problems.map(({ code }) => code))];
}

const STEP = `{ id: a, type: tool, tool: csv }`;
const MiB = 2 ** 20;

test("loadWorkflow() refuses a document by its size, in characters or in bytes", () => {
  const large = [
    "x".repeat(100 * MiB),
    `a: "${"x".repeat(100 * MiB)}"`,
    "\n".repeat(DOCUMENT_BYTES_MAX + 1),
    "ä".repeat(DOCUMENT_BYTES_MAX / 2 + 1),
  ];
  for (const text of large) {
    const { problems, source } = loadWorkflow(text, { file: "w.yaml" });
    assert.equal(renderProblems(problems, source), "w.yaml:1:1: error: the document is larger than 1048576 bytes [document-too-large]\n");
  }
  const comment = `steps: [${STEP}]\n# `;
  assert.deepEqual(codesOf(comment + "x".repeat(DOCUMENT_BYTES_MAX - comment.length)), []);
});

const TOO_DEEP = {
  "flow lists": "[".repeat(100_000),
  "closed flow lists": "[".repeat(100_000) + "]".repeat(100_000),
  "flow mappings": "{a: ".repeat(100_000),
  "block lists": "- ".repeat(100_000),
  "block mappings": Array.from({ length: 1_000 }, (_, depth) => `${" ".repeat(depth)}a:\n`).join(""),
  "explicit keys": "? ".repeat(100_000),
  "aliases of aliases": `a0: &a0 [1]\n${Array.from({ length: 200 }, (_, depth) => `a${depth + 1}: &a${depth + 1} [*a${depth}]\n`).join("")}`,
};
for (const [title, text] of Object.entries(TOO_DEEP)) {
  test(`loadWorkflow() refuses ${title} nested too deeply`, () => {
    const { problems } = loadWorkflow(text, { file: "w.yaml" });
    assert.match(problems[0]?.message ?? "", /nested deeper than 100 levels/);
  });
}

/** Long runs of each; what they have in common is that a careless reader needs minutes or gigabytes for some of them. */
const RUN = 2 ** 15;
const PIECES_OF_RUNS = [
  "a,",
  "- a\n",
  "a: 1\n",
  "? a\n",
  "#\n",
  " #x\n",
  "\n",
  " ",
  "\t",
  "\r\n",
  "\r",
  "&a ",
  "*a ",
  "!a ",
  "---\n",
  "...\n",
  "%A b\n",
  '"',
  "'",
  "]",
  "}",
  ",",
  ":",
  "|\n",
  ">\n",
  "@",
  "`",
  "a b\nc: d: e\n",
  '"a" "b"\n',
  "a:\n\tb\n",
  "&a a: *a\n",
  "<<: 1\n",
  "${{ ",
  "${{ ( }}",
  "\\",
  "1",
  "_1",
];
for (const piece of PIECES_OF_RUNS) {
  test(`loadWorkflow() comes to an end on long runs of ${JSON.stringify(piece)}, bare and in a list, a text and a template`, () => {
    const fill = (before: string, after = ""): string =>
      before + piece.repeat(Math.floor((RUN - before.length - after.length) / piece.length)) + after;
    for (const text of [
      fill(""),
      fill("steps: [", "]"),
      fill('steps: [{ id: a, type: tool, tool: csv, with: { x: "', '" } }]'),
      fill("steps:\n - id: a\n   when: |\n     "),
    ]) {
      const { problems, workflow } = loadWorkflow(text, { file: "w.yaml" });
      assert.equal(
        workflow === undefined,
        problems.some(({ severity }) => severity === "error"),
      );
    }
  });
}

test("loadWorkflow() refuses a billion laughs quickly, however they are spread", () => {
  const laughs = (levels: number): string => {
    const lines = ['l0: &l0 ["lol"]'];
    for (let level = 1; level < levels; level += 1)
      lines.push(
        `l${level}: &l${level} [${Array(9)
          .fill(`*l${level - 1}`)
          .join(", ")}]`,
      );
    return lines.join("\n");
  };
  assert.deepEqual(codesOf(laughs(10)), ["yaml-alias"]);
  assert.deepEqual(codesOf(`a: &a ["x"]\nb: [${"*a,".repeat(20_000)}]`), ["yaml-alias"]);
});

test("loadWorkflow() reads aliases within their bounds", () => {
  const { workflow } = loadWorkflow(
    `steps:\n  - { id: a, type: tool, tool: csv, with: &args { file: x } }\n  - { id: b, type: tool, tool: csv, with: *args }\n`,
    { file: "w.yaml" },
  );
  const [a, b] = workflow?.steps ?? [];
  assert.deepEqual(a?.type === "tool" && { ...(a.with as object) }, { file: "x" });
  assert.deepEqual(b?.type === "tool" && { ...(b.with as object) }, { file: "x" });
});

test("loadWorkflow() refuses control characters at their places, and shows none", () => {
  const { problems, source } = loadWorkflow("steps: \u0000[]\n# \u001b]0;title\u0007\n", { file: "w\u001b[31m.yaml" });
  assert.equal(
    renderProblems(problems, source),
    [
      "w\\u{1b}[31m.yaml:1:8: error: the character U+0000 may not stand in a document; in double quotes it can be escaped [control-character]",
      "    1 | steps: \uFFFD[]",
      "      |        ^",
      "w\\u{1b}[31m.yaml:2:3: error: the character U+001B may not stand in a document; in double quotes it can be escaped [control-character]",
      "    2 | # \uFFFD]0;title\uFFFD",
      "      |   ^",
      "w\\u{1b}[31m.yaml:2:12: error: the character U+0007 may not stand in a document; in double quotes it can be escaped [control-character]",
      "    2 | # \uFFFD]0;title\uFFFD",
      "      |            ^",
      "",
    ].join("\n"),
  );
  assert.deepEqual(codesOf("a: \uD800"), ["control-character"]);
  assert.deepEqual(codesOf("a: \uFEFF"), ["control-character"]);
});

test("loadWorkflow() warns of characters that change the direction of text", () => {
  const { workflow, problems, source } = loadWorkflow(`steps: [${STEP}] # \u202Eevil\u2066`, { file: "w.yaml" });
  assert.ok(workflow);
  assert.deepEqual(
    problems.map(({ code, place }) => [code, place.column]),
    [
      ["bidi-control", 45],
      ["bidi-control", 50],
    ],
  );
  assert.ok(!renderProblems(problems, source).includes("\u202E"));
});

test("loadWorkflow() reads a byte order mark, CRLF and JSON, with the same places", () => {
  const text = `steps:\n  - id: a\n    type: code\n    language: python\n    code: |\n      x = 1\n      return x\n`;
  const places = [text, `\uFEFF${text}`, text.replaceAll("\n", "\r\n"), `\uFEFF${text.replaceAll("\n", "\r\n")}`].map((form) => {
    const [step] = loadWorkflow(form, { file: "w.yaml" }).workflow?.steps ?? [];
    return step?.type === "code" ? [step.place, step.codeLine, step.code] : undefined;
  });
  for (const place of places) assert.deepEqual(place, [{ line: 2, column: 9, length: 1 }, 6, "x = 1\nreturn x\n"]);
  const json = JSON.stringify({ steps: [{ id: "a", type: "tool", tool: "csv", with: { file: "a\u0000b" } }] });
  const [step] = loadWorkflow(json, { file: "w.json" }).workflow?.steps ?? [];
  assert.deepEqual(step?.type === "tool" && { ...(step.with as object) }, { file: "a\u0000b" });
});

test("loadWorkflow() takes keys and ids that are names of every object for ordinary ones", () => {
  const text = `inputs: { properties: { __proto__: {} } }\nsteps:\n  - { id: __proto__, type: tool, tool: csv, with: { __proto__: 1, constructor: "\${{ inputs.__proto__ }}" } }\n  - { id: toString, type: tool, tool: csv, depends_on: [__proto__] }\n  - { id: constructor, type: tool, tool: csv, with: { x: "\${{ steps.toString.output }}" } }\n`;
  const { workflow, problems } = loadWorkflow(text, { file: "w.yaml" });
  assert.deepEqual(problems, []);
  const [first, , third] = workflow?.steps ?? [];
  assert.deepEqual(first?.type === "tool" && Object.keys(first.with as object), ["__proto__", "constructor"]);
  assert.deepEqual(third?.dependsOn, ["toString"]);
  assert.equal(({} as Record<string, unknown>)["1"], undefined);
});
