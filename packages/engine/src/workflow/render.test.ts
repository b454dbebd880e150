import assert from "node:assert/strict";
import { test } from "node:test";
import type { Problem } from "./document.ts";
import { problemsAsJson, renderProblem, renderProblems } from "./render.ts";
import { Source } from "./source.ts";

function problemAt(source: Source, piece: string, hint?: string): Problem {
  const start = source.text.indexOf(piece);
  const place = source.place({ start, end: start + piece.length });
  return { severity: "error", code: "wrong-type", message: "that is wrong", place, ...(hint === undefined ? {} : { hint }) };
}

function shown(text: string, piece: string): string[] {
  const source = new Source("w.yaml", text);
  return renderProblem(problemAt(source, piece), source).split("\n").slice(1);
}

test("renderProblem() points at the place, and suggests", () => {
  const source = new Source("examples/report.yaml", `${"\n".repeat(13)}    depends_on: [reed]\n`);
  const problem: Problem = {
    ...problemAt(source, "reed", "read"),
    code: "unknown-dependency",
    message: `step "totals" depends on "reed", which does not exist`,
  };
  assert.equal(
    renderProblem(problem, source),
    [
      `examples/report.yaml:14:18: error: step "totals" depends on "reed", which does not exist [unknown-dependency]`,
      "   14 |     depends_on: [reed]",
      "      |                  ^~~~",
      '      = did you mean "read"?',
    ].join("\n"),
  );
});

test("renderProblem() keeps the caret under its place behind tabs, wide and combining characters", () => {
  assert.deepEqual(shown("a:\tb\n", "b"), ["    1 | a:\tb", "      |   \t^"]);
  assert.deepEqual(shown("日本: [😀]\n", "😀"), ["    1 | 日本: [😀]", "      |        ^~"]);
  assert.deepEqual(shown("e\u0301: x\n", "x"), ["    1 | e\u0301: x", "      |    ^"]);
});

test("renderProblem() cuts a long line around its place", () => {
  const [line = "", marks = ""] = shown(`${"a ".repeat(50_000)}HERE${" b".repeat(50_000)}\n`, "HERE");
  assert.ok(line.length < 140 && marks.length < 140);
  assert.equal(line.slice(marks.indexOf("^"), marks.indexOf("^") + 4), "HERE");
  const [emoji = "", under = ""] = shown(`${"😀".repeat(1_000)}HERE\n`, "HERE");
  assert.ok(emoji.includes("HERE") && under.endsWith("^~~~"));
  const [whole = "", tildes = ""] = shown(`"${"x".repeat(5_000)}"\n`, `"${"x".repeat(5_000)}"`);
  assert.ok(whole.length < 140 && tildes.length < 140);
});

test("renderProblem() marks the first line of a place over several", () => {
  assert.deepEqual(shown("a:\n  b: 1\n  c: 2\n", "b: 1\n  c: 2"), ["    2 |   b: 1", "      |   ^~~~"]);
});

test("renderProblem() stays in line with numbers of more digits", () => {
  const [line = "", marks = ""] = shown(`${"\n".repeat(123_456)}x: y\n`, "y");
  assert.deepEqual([line, marks], ["123457 | x: y", "       |    ^"]);
});

test("renderProblems() ends each with a line's end", () => {
  const source = new Source("w.yaml", "a: b\n");
  const problem = problemAt(source, "b");
  assert.equal(renderProblems([problem, problem], source), `${renderProblem(problem, source)}\n`.repeat(2));
  assert.equal(renderProblems([], source), "");
});

test("problemsAsJson() has the place flat", () => {
  const source = new Source("w.yaml", "a: b\n");
  assert.deepEqual(problemsAsJson([problemAt(source, "b", "c")], source), [
    { file: "w.yaml", line: 1, column: 4, length: 1, severity: "error", code: "wrong-type", message: "that is wrong", hint: "c" },
  ]);
});

test("Source finds places at the ends of lines and of the text", () => {
  const source = new Source("w.yaml", "ab\r\ncd");
  assert.deepEqual(source.place({ start: 4, end: 6 }), { line: 2, column: 1, length: 2 });
  assert.deepEqual(source.place({ start: 6, end: 6 }), { line: 2, column: 3, length: 1 });
  assert.deepEqual(source.place({ start: 0, end: 6 }), { line: 1, column: 1, length: 2 });
  assert.equal(source.line(1), "ab");
  assert.equal(source.line(3), "");
});
