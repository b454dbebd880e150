/**
 * JavaScript with the inside of every literal (strings, templates, regular expressions, comments) blanked out, so that brackets and
 * names in it can be searched for as code. It has the length of what was scanned, so offsets stay true. It only finds names and
 * ends: whether the code parses is decided in a cell.
 */
export interface Mask {
  readonly code: string;
  /** Offset in `text` behind the last character that was scanned: of the closing `}}` where one was looked for and found. */
  readonly end: number;
  /** Whether `}}` was found outside of all brackets and literals. */
  readonly closed: boolean;
}

const BLANK = " ";
/** After one of these (or at the start) a slash opens a regular expression; after anything else it divides. */
const BEFORE_REGEXP = "(,=:[!&|?{};+-*%<>~^";

/** Masks `text` from `from`, up to a `}}` outside of all brackets where `untilClose` asks for that, else to the end. Linear. */
export function maskLiterals(text: string, from: number, untilClose: boolean): Mask {
  const mask: string[] = [];
  /** Open brackets; a backtick stands for a template whose text is being skipped. */
  const open: string[] = [];
  let last = "";
  let at = from;
  const blank = (to: number): void => {
    mask.push(BLANK.repeat(to - at));
    at = to;
  };
  while (at < text.length) {
    const char = text.charAt(at);
    if (open.at(-1) === "`") {
      if (char === "`") open.pop();
      if (char === "$" && text[at + 1] === "{") {
        open.push("${");
        mask.push(BLANK, "(");
        at += 2;
        last = "(";
      } else {
        blank(Math.min(text.length, at + (char === "\\" ? 2 : 1)));
        last = "`";
      }
    } else if (untilClose && open.length === 0 && char === "}" && text[at + 1] === "}") {
      return { code: mask.join(""), end: at, closed: true };
    } else if (char === '"' || char === "'") {
      blank(endOfDelimited(text, at, char));
      last = char;
    } else if (char === "/" && text[at + 1] === "/") {
      blank(endOr(text, text.indexOf("\n", at)));
    } else if (char === "/" && text[at + 1] === "*") {
      blank(endOr(text, text.indexOf("*/", at + 2), 2));
    } else if (char === "/" && (last === "" || BEFORE_REGEXP.includes(last))) {
      blank(endOfRegExp(text, at));
      last = "/";
    } else if (char === "`") {
      open.push(char);
      blank(at + 1);
    } else {
      const closesHole = char === "}" && open.at(-1) === "${";
      if ("([{".includes(char)) open.push(char);
      else if (")]}".includes(char)) open.pop();
      mask.push(closesHole ? ")" : char);
      if (char.trim() !== "") last = char;
      at += 1;
    }
  }
  return { code: mask.join(""), end: at, closed: false };
}

function endOr(text: string, found: number, length = 0): number {
  return found < 0 ? text.length : found + length;
}

function endOfDelimited(text: string, from: number, delimiter: string): number {
  for (let at = from + 1; at < text.length; at += 1) {
    const char = text[at];
    if (char === delimiter) return at + 1;
    if (char === "\\") at += 1;
    if (char === "\n") return at;
  }
  return text.length;
}

function endOfRegExp(text: string, from: number): number {
  let inClass = false;
  for (let at = from + 1; at < text.length; at += 1) {
    const char = text[at];
    if (char === "\\") at += 1;
    else if (char === "[") inClass = true;
    else if (char === "]") inClass = false;
    else if (char === "\n") return at;
    else if (char === "/" && !inClass) return at + 1;
  }
  return text.length;
}
