// Text that a guest wrote, on its way to a reader.

/** C0 but for tab and newline, DEL, C1, line and paragraph separators, and all that Unicode calls Bidi_Control: marks that reorder text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const UNSAFE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]/g;

const VISIBLE = new Map<string, string>();

function visible(character: string): string {
  const known = VISIBLE.get(character); // there are 80 of them
  if (known) return known;
  const text = `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  VISIBLE.set(character, text);
  return text;
}

/** Makes control characters visible as `\u001b`, so that text can be shown in a terminal. */
export function neutralise(text: string): string {
  return text.replace(UNSAFE, visible);
}

/** At most `max` characters, with a mark where something was cut. */
export function cut(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max)}… (${text.length - max} more characters)`;
}

/** What {@link cut} has put at the end of a text, or nothing. A text may also say so by itself. */
export function markOfCut(text: string): string {
  return /… \(\d{1,16} more characters\)$/.exec(text.slice(-40))?.[0] ?? "";
}
