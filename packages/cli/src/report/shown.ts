import { type Json, neutralise } from "@glovebox/sandbox";
import { plural } from "./amount.ts";

/** How much of one text a reader gets. A terminal is read by a person, a file by whoever wants all of it. */
export interface Room {
  readonly lines: number;
  readonly columns: number;
}

const TERMINAL_LINES = 40;
const TERMINAL_COLUMNS = 400;

export function roomOf(stream: { readonly isTTY?: boolean }): Room {
  return stream.isTTY === true ? { lines: TERMINAL_LINES, columns: TERMINAL_COLUMNS } : { lines: Infinity, columns: Infinity };
}

/** The lines of a text that anyone may have written: nothing in it drives a terminal, and what exceeds the room is counted. */
export function shownLines(text: string, room: Room): string[] {
  const lines = neutralise(text).replace(/\n$/, "").split("\n");
  const kept = lines.slice(0, room.lines).map((line) => cutLine(line, room.columns));
  if (lines.length > kept.length) kept.push(`… ${plural(lines.length - kept.length, "more line")} (--json has all)`);
  return kept;
}

/** The end of a traceback says what went wrong and its beginning where, so the middle is what is left out. */
export function shownTraceback(text: string, room: Room): string[] {
  const lines = neutralise(text).replace(/\n$/, "").split("\n");
  const cut = lines.length > room.lines;
  const kept = cut
    ? [...lines.slice(0, 10), `… ${plural(lines.length - room.lines, "more line")}`, ...lines.slice(10 - room.lines)]
    : lines;
  return kept.map((line) => cutLine(line, room.columns));
}

/** On one line, whatever it holds. */
export function shownLine(text: string, columns: number): string {
  return cutLine(neutralise(text).replaceAll("\n", "\\n").replaceAll("\t", "\\t"), columns);
}

/** Text as it is, anything else as JSON: on one line where it fits. */
export function shownValue(value: Json, room: Room): string[] {
  if (typeof value === "string") return shownLines(value, room);
  const compact = spaced(value);
  return compact.length <= 100 ? shownLines(compact, room) : shownLines(JSON.stringify(value, undefined, 2), room);
}

/** JSON for a program. The same data, and no character in it that a terminal obeys. */
export function printedJson(value: unknown): string {
  // What `neutralise` replaces stands inside of strings only, where what it puts in its place is JSON's own escape.
  return `${neutralise(JSON.stringify(value, undefined, 2))}\n`;
}

function spaced(value: Json): string {
  // Indented by one and joined again: strings hold no line end of their own in JSON.
  return JSON.stringify(value, undefined, 1)
    .replace(/([[{])\n +/g, "$1 ")
    .replace(/\n +([^\]} ])/g, " $1")
    .replace(/\n *([\]}])/g, " $1");
}

function cutLine(line: string, columns: number): string {
  return line.length <= columns ? line : `${line.slice(0, columns - 1)}…`;
}
