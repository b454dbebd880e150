import type { SandboxOptions } from "@glovebox/sandbox";

/** What a document's guests will most likely need. */
export interface Guess {
  /** Steps that run in a cell, about. */
  readonly guests: number;
  /** The runtime to have ready when the first of them comes. */
  readonly warm: NonNullable<SandboxOptions["warm"]>;
}

/**
 * Guesses from a document's text, so that cells can start while it is parsed. A wrong guess costs some milliseconds and
 * nothing else. Linear in the size of the text.
 */
export function guessGuests(text: string): Guess {
  const languages = new Set(captures(text, /\blanguage["']?\s*:\s*["']?(python|javascript|typescript)\b/g));
  const types = captures(text, /\b(?:type|backend)["']?\s*:\s*["']?(code|condition|wasm)\b/g);
  // In a document of nodes, code is Python unless it says otherwise.
  if (types.includes("code") && languages.size === 0) languages.add("python");
  return { guests: types.length, warm: warmest(languages, hasExpressions(text)) };
}

/** Whether a document holds expressions, which are parsed in a cell: as good as certain where it is true. */
export function hasExpressions(text: string): boolean {
  return /\btype["']?\s*:\s*["']?condition\b/.test(text) || /\bwhen["']?\s*:/.test(text);
}

/** Python takes longest to start, so it comes first wherever there is any. */
function warmest(languages: ReadonlySet<string>, expressions: boolean): Guess["warm"] {
  if (languages.has("python")) return "python";
  if (expressions || languages.has("javascript")) return "javascript";
  return languages.has("typescript") ? "typescript" : "none";
}

function captures(text: string, pattern: RegExp): string[] {
  return Array.from(text.matchAll(pattern), (match) => match[1] ?? "");
}
