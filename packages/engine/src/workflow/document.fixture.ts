import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import fc from "fast-check";
import type { Problem } from "./document.ts";
import { problemsAsJson, renderProblems } from "./render.ts";
import type { Source } from "./source.ts";
import { showable } from "./text.ts";

// For tests: documents as somebody might write them who knows too little, or too much.

const ROOT = new URL("../../../../", import.meta.url);

/** The YAML of files of the repository: all of one, or the blocks of a Markdown file. */
export function documentsIn(pattern: string): readonly string[] {
  return globSync(pattern, { cwd: ROOT })
    .sort()
    .flatMap((file) => {
      const text = readFileSync(new URL(file, ROOT), "utf8");
      return file.endsWith(".md") ? [...text.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, block = ""]) => block) : [text];
    });
}

const PIECES = [
  "[",
  "]",
  "{",
  "}",
  ":",
  ": ",
  "- ",
  "\n",
  "  ",
  "\t",
  "&a ",
  "*a",
  "!!",
  "|",
  ">",
  '"',
  "'",
  "${{",
  "}}",
  "steps",
  "inputs.",
  "null",
  "~",
  "<<: ",
  "1e999",
  "---\n",
  "\u0000",
  "\uD83D",
  "__proto__",
  "#",
  "\\",
  "? ",
  "&",
  "*",
  "!a ",
  "%YAML 1.1\n",
  "...\n",
  "\r\n",
  "\r",
  "\u0085",
  "\u2028",
  "\uFEFF",
  "\u202E",
  "|2-\n",
  ">+\n",
  "0x1F",
  ".inf",
  "-0",
  "1e-400",
  "9007199254740993",
  "${{ secrets.A }}",
  "${{ steps.a.output }}",
  "constructor",
  "@",
  "`",
];

/** What YAML, references and this product's readers stumble over. */
const piece: fc.Arbitrary<string> = fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...PIECES) }, fc.string({ maxLength: 5 }));

/** Where, what goes there (so many characters, or the word), and what comes in its place: another text, or a part or a word of the same. */
const change = fc.record({
  at: fc.nat(),
  less: fc.oneof(fc.constant(0), fc.constant("word" as const), fc.constant("word" as const), fc.nat(20), fc.nat(300)),
  more: fc.oneof(piece, fc.nat(), fc.tuple(fc.nat(), fc.nat(200))),
});

/** One of the documents, changed in a few places. */
export function changed(documents: readonly string[]): fc.Arbitrary<string> {
  return fc.tuple(fc.constantFrom(...documents), fc.array(change, { maxLength: 5 })).map(([document, changes]) => {
    let text = document;
    for (const { at, less, more } of changes) {
      const [word, from] = less === "word" ? wordAt(text, at) : ["", at % (text.length + 1)];
      const put = typeof more === "string" ? more : typeof more === "number" ? wordAt(text, more)[0] : partOf(text, more);
      text = text.slice(0, from) + put + text.slice(from + (less === "word" ? word.length : less));
    }
    return text;
  });
}

function wordAt(text: string, at: number): readonly [word: string, start: number] {
  const words = [...text.matchAll(/[\w-]+/g)];
  const match = words[at % Math.max(1, words.length)];
  return match ? [match[0], match.index] : ["", 0];
}

function partOf(text: string, [from, length]: readonly [number, number]): string {
  return text.slice(from % (text.length + 1)).slice(0, length);
}

/** Any text: of characters, or of what YAML is made of. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: "binary", maxLength: 200 }),
  fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join("")),
);

/** Long runs of a few pieces, up to 64 KiB, bare and within a document: what takes more than its length is found out by them. */
export function runs(before: readonly (readonly [before: string, after: string])[]): fc.Arbitrary<string> {
  const length = fc.integer({ min: 2 ** 12, max: 2 ** 16 });
  return fc
    .tuple(fc.array(piece, { minLength: 1, maxLength: 4 }), fc.constantFrom(...before), length)
    .map(([pieces, [front, end], length]) => {
      const run = pieces.join("") || " ";
      return front + run.repeat(Math.floor((length - front.length - end.length) / run.length)) + end;
    });
}

/** Each has a place inside of the text, they are in the order of the file, and nothing in them is obeyed by a terminal. */
export function checkProblems(problems: readonly Problem[], source: Source): void {
  const lines = source.text.split("\n").length;
  for (const { place, message, hint = "" } of problems) {
    const { line, column, length } = place;
    assert.ok(line >= 1 && line <= lines, `line ${line} of ${lines}`);
    const { length: width } = source.line(line);
    assert.ok(column >= 1 && column <= width + 1, `column ${column} of ${width}`);
    // What stands at the end of a line is shown there.
    assert.ok(length >= 0 && column - 1 + length <= Math.max(width, column), `${length} from column ${column} of ${width}`);
    assert.ok(message !== "" && message.length < 2_000 && hint.length < 200, message);
  }
  assert.deepEqual(
    problems,
    problems.toSorted((a, b) => a.place.line - b.place.line || a.place.column - b.place.column),
  );
  const shown = renderProblems(problems, source);
  assert.equal(showable(shown.replaceAll("\n", " ")), shown.replaceAll("\n", " "));
  assert.equal(problemsAsJson(problems, source).length, problems.length);
}
