import type { Json } from "@glovebox/sandbox";

/** A trusted function from text to text, or from text to facts about it. Pure. */
export interface LocalProcessor {
  readonly name: string;
  readonly description: string;
  /** Options that it takes, all of them text; one that is not given is empty. */
  readonly options: readonly string[];
  /** A transformer hands on a text of its own, an analyzer what it got. */
  readonly work:
    | { readonly kind: "transform"; apply(text: string, options: Options): string }
    | { readonly kind: "analyze"; apply(text: string): Facts };
}

/** The value of an option by its name. */
type Options = (name: string) => string;
type Facts = Readonly<Record<string, Json>>;

/** In English titles these stay small, unless they come first or last. */
const SMALL_WORDS = new Set([
  "a",
  "an",
  "and",
  "as",
  "at",
  "but",
  "by",
  "en",
  "for",
  "if",
  "in",
  "nor",
  "of",
  "off",
  "on",
  "or",
  "per",
  "so",
  "the",
  "to",
  "up",
  "via",
  "vs",
  "yet",
]);
const WORD = /[\p{L}\p{M}\p{N}]+(?:['’][\p{L}\p{M}\p{N}]+)*/gu;
/** Made when it is first needed: it takes 9 ms, which every start would pay. */
let graphemes: Intl.Segmenter | undefined;

const PROCESSORS: readonly LocalProcessor[] = [
  transformer("change_text_case_upper", "Makes all letters capitals.", (text) => text.toUpperCase()),
  transformer("change_text_case_lower", "Makes all letters small.", (text) => text.toLowerCase()),
  transformer("change_text_case_proper", "Begins every word with a capital; all other letters are small.", (text) =>
    text.replace(WORD, capitalise),
  ),
  transformer("change_text_case_title", "Like proper, but short joining words stay small unless they come first or last.", titleCase),
  transformer("reverse_text", "Turns the text around, by characters as a reader sees them (grapheme clusters).", reverse),
  {
    name: "prefix_suffix_adder",
    description: "Puts one text before and another behind.",
    options: ["prefix", "suffix"],
    work: { kind: "transform", apply: (text, option) => option("prefix") + text + option("suffix") },
  },
  analyzer("token_counter", "Counts characters (code points), words (between white space) and lines.", countTokens),
  analyzer("word_frequency_analyzer", "Counts how often each word occurs, whatever its case.", countWords),
];

export const LOCAL_PROCESSORS: ReadonlyMap<string, LocalProcessor> = new Map(PROCESSORS.map((processor) => [processor.name, processor]));

export function isAnalyzer(processor: string): boolean {
  return LOCAL_PROCESSORS.get(processor)?.work.kind === "analyze";
}

/** What is wrong with the options that a document gives to a processor: one sentence for each. */
export function optionProblems(processor: LocalProcessor, options: Readonly<Record<string, Json>>): readonly string[] {
  const problems: string[] = [];
  for (const [name, value] of Object.entries(options)) {
    if (!processor.options.includes(name)) {
      const known =
        processor.options.length === 0 ? "it takes none" : `it takes ${processor.options.map((option) => `"${option}"`).join(" and ")}`;
      problems.push(`processor "${processor.name}" has no option "${name}": ${known}`);
    } else if (typeof value !== "string") {
      problems.push(`option "${name}" of processor "${processor.name}" must be text`);
    }
  }
  return problems;
}

function transformer(name: string, description: string, apply: (text: string) => string): LocalProcessor {
  return { name, description, options: [], work: { kind: "transform", apply } };
}

function analyzer(name: string, description: string, apply: (text: string) => Facts): LocalProcessor {
  return { name, description, options: [], work: { kind: "analyze", apply } };
}

function capitalise(word: string): string {
  const [first = ""] = word;
  return first.toUpperCase() + word.slice(first.length).toLowerCase();
}

function titleCase(text: string): string {
  const words = [...text.matchAll(WORD)].map((match) => match.index);
  const [first, last] = [words[0], words.at(-1)];
  return text.replace(WORD, (word, offset: number) => {
    const small = word.toLowerCase();
    return SMALL_WORDS.has(small) && offset !== first && offset !== last ? small : capitalise(word);
  });
}

function reverse(text: string): string {
  graphemes ??= new Intl.Segmenter("en", { granularity: "grapheme" });
  return Array.from(graphemes.segment(text), ({ segment }) => segment)
    .reverse()
    .join("");
}

function countTokens(text: string): Facts {
  let characters = 0;
  for (const _ of text) characters++;
  const lines = text === "" ? 0 : text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
  return { char_count: characters, word_count: text.match(/\S+/gu)?.length ?? 0, line_count: lines };
}

/** Most frequent first, then by code points, so that the same text always gives the same record. */
function countWords(text: string): Facts {
  const counts = new Map<string, number>();
  for (const [word] of text.matchAll(WORD)) {
    const key = word.toLowerCase();
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return Object.fromEntries([
    ...sorted.map(([word, count]) => [`word_freq_${word}`, count] as const),
    ["total_unique_words", counts.size] as const,
  ]);
}
