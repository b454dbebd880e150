import assert from "node:assert/strict";
import { test } from "node:test";
import { LOCAL_PROCESSORS, optionProblems } from "./processors.ts";

function applied(name: string, text: string, options: Record<string, string> = {}): unknown {
  const processor = LOCAL_PROCESSORS.get(name);
  assert.ok(processor);
  return processor.work.apply(text, (option) => options[option] ?? "");
}

test("change_text_case_upper and _lower change all letters, of any script", () => {
  assert.equal(applied("change_text_case_upper", "straße, ærø, Ω1"), "STRASSE, ÆRØ, Ω1");
  assert.equal(applied("change_text_case_lower", "HELLO ÆRØ"), "hello ærø");
});

test("change_text_case_proper begins every word with a capital", () => {
  assert.equal(applied("change_text_case_proper", "the LORD of  o'neill's rings — éclair 3d"), "The Lord Of  O'neill's Rings — Éclair 3d");
});

test("change_text_case_title leaves joining words small, but for the first and the last", () => {
  assert.equal(applied("change_text_case_title", "THE lord of the RINGS"), "The Lord of the Rings");
  assert.equal(applied("change_text_case_title", "of what we dream of"), "Of What We Dream Of");
});

test("reverse_text keeps together what a reader sees as one character", () => {
  assert.equal(applied("reverse_text", "añb👩‍👩‍👧🇩🇪!"), "!🇩🇪👩‍👩‍👧bña");
  assert.equal(applied("reverse_text", "a\r\nb"), "b\r\na");
});

test("prefix_suffix_adder puts its options around the text, and nothing where one is missing", () => {
  assert.equal(applied("prefix_suffix_adder", "x", { prefix: "🦀 ", suffix: " ✨" }), "🦀 x ✨");
  assert.equal(applied("prefix_suffix_adder", "x", { suffix: "!" }), "x!");
});

test("token_counter counts code points, words and lines", () => {
  assert.deepEqual(applied("token_counter", "one two\n👍 three\n"), { char_count: 16, word_count: 4, line_count: 2 });
  assert.deepEqual(applied("token_counter", ""), { char_count: 0, word_count: 0, line_count: 0 });
  assert.deepEqual(applied("token_counter", "\n\nx"), { char_count: 3, word_count: 1, line_count: 3 });
});

test("word_frequency_analyzer counts words whatever their case, the most frequent first", () => {
  const facts = applied("word_frequency_analyzer", "The cat, the dog; THE constructor __proto__!") as object;
  assert.deepEqual(Object.entries(facts), [
    ["word_freq_the", 3],
    ["word_freq_cat", 1],
    ["word_freq_constructor", 1],
    ["word_freq_dog", 1],
    ["word_freq_proto", 1],
    ["total_unique_words", 5],
  ]);
});

test("optionProblems() names options that are unknown or no text", () => {
  const adder = LOCAL_PROCESSORS.get("prefix_suffix_adder");
  const upper = LOCAL_PROCESSORS.get("change_text_case_upper");
  assert.ok(adder && upper);
  assert.deepEqual(optionProblems(adder, { prefix: "a" }), []);
  assert.deepEqual(optionProblems(adder, { prefix: 1, pre: "" }), [
    'option "prefix" of processor "prefix_suffix_adder" must be text',
    'processor "prefix_suffix_adder" has no option "pre": it takes "prefix" and "suffix"',
  ]);
  assert.deepEqual(optionProblems(upper, { a: "" }), ['processor "change_text_case_upper" has no option "a": it takes none']);
});
