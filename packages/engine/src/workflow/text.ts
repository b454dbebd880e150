/** Characters of a document's text that one message shows. */
const SHOWN_MAX = 80;

/** Control characters, lone surrogates, and characters that reorder or hide what stands around them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
const UNSHOWABLE = /[\u0000-\u001F\u007F-\u009F\u061C\u200B-\u200F\u2028-\u202E\u2060-\u2069\uFEFF\uFFF9-\uFFFB\uFFFE\uFFFF\p{Cs}]/gu;

/** A document's text in quotes, for a message: cut, and with nothing in it that a terminal or a reader's eye would obey. */
export function quoted(text: string): string {
  const cut = text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
  return `"${escaped(cut)}"`;
}

/** The text with what can't be shown written as `\u{...}`. */
export function escaped(text: string): string {
  return text.replace(UNSHOWABLE, (char) =>
    char === "\n" ? "\\n" : char === "\t" ? "\\t" : `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

/** The text, one character for one, with what can't be shown replaced; tabs stay. */
export function showable(text: string): string {
  return text.replace(UNSHOWABLE, (char) => (char === "\t" ? char : "\uFFFD"));
}

/**
 * Of `candidates` the one that `text` was most likely meant to be, if any is close: at most a third of its letters differ, or one begins
 * with the other. Where a text has one or two letters only capitals may differ: there everything is close to everything.
 * Ties go to the first. Costs at most some milliseconds: names beyond 64 characters and candidates beyond 2,000 are not looked at.
 */
export function nearest(text: string, candidates: Iterable<string>): string | undefined {
  if (text.length > 64) return undefined;
  const wanted = text.toLowerCase();
  let best: string | undefined;
  let bestDistance = (text.length < 3 ? 0 : Math.max(1, Math.floor(text.length / 3))) + 1;
  let looked = 0;
  for (const candidate of candidates) {
    looked += 1;
    if (looked > 2_000) break;
    if (candidate.length > 64 || candidate === text) continue;
    const distance = distanceOf(wanted, candidate.toLowerCase(), bestDistance);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function distanceOf(a: string, b: string, most: number): number {
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  if (short.length >= 3 && short !== long && long.startsWith(short)) return 1;
  return long.length - short.length >= most ? most : editDistance(a, b);
}

/** Edits between two texts: letters put in, left out, replaced, or two neighbours swapped. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      let cost = Math.min((previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, (previous[column - 1] ?? 0) + (same ? 0 : 1));
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        cost = Math.min(cost, (before[column - 2] ?? 0) + 1);
      }
      current.push(cost);
    }
    before = previous;
    previous = current;
  }
  return previous[b.length] ?? 0;
}
