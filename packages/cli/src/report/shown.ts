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
  if (roomLeft(value, LINE_MAX) > 0) {
    const line = spaced(value);
    if (line.length <= LINE_MAX) return shownLines(line, room);
  }
  return shownLines(roomLeft(value, LINES_MAX) > 0 ? [...laidOut(value, "\n", LEVELS_MAX)].join("") : JSON.stringify(value), room);
}

const LINE_MAX = 100;
/** Characters and values of what a person is shown over several lines. */
const LINES_MAX = 2 ** 20;
/** Characters and values of what is laid out whole: 500 levels deep a single digit is indented by 1000 spaces. */
const LAID_OUT_MAX = 64 * 1024;
/** Levels of something larger of which each member is laid out by itself. What is larger and deeper is on one line. */
const LEVELS_MAX = 16;
const GATHERED_MAX = 64 * 1024;

/** JSON for a program. The same data, and no character in it that a terminal obeys. */
export function printedJson(value: object): string {
  return [...jsonPieces(value)].join("");
}

/** As {@link printedJson}, in pieces: all of it may be more than one string can hold. */
export function* jsonPieces(value: object): Generator<string> {
  let gathered = "";
  for (const piece of laidOut(value, "\n", LEVELS_MAX)) {
    gathered += piece;
    if (gathered.length < GATHERED_MAX) continue;
    // What `neutralise` replaces stands inside of strings only, where what it puts in its place is JSON's own escape.
    yield neutralise(gathered);
    gathered = "";
  }
  yield `${neutralise(gathered)}\n`;
}

/** @param lineEnd the end of a line, and the indentation of the one on which the value begins */
function* laidOut(value: unknown, lineEnd: string, levels: number): Generator<string> {
  if (typeof value !== "object" || value === null) yield JSON.stringify(value) ?? "null";
  else if (roomLeft(value, LAID_OUT_MAX) > 0) yield JSON.stringify(value, undefined, 2).replaceAll("\n", lineEnd);
  else if (levels === 0) yield JSON.stringify(value);
  else {
    const isList = Array.isArray(value);
    const members = isList
      ? value.map((item: unknown) => ["", item] as const)
      : Object.entries(value).filter(([, item]) => item !== undefined);
    const within = `${lineEnd}  `;
    for (const [at, [key, item]] of members.entries()) {
      yield `${at === 0 ? (isList ? "[" : "{") : ","}${within}${isList ? "" : `${JSON.stringify(key)}: `}`;
      yield* laidOut(item, within, levels - 1);
    }
    yield `${lineEnd}${isList ? "]" : "}"}`;
  }
}

/** What is left of a number of characters and values; not more than that is looked at. */
function roomLeft(value: unknown, room: number): number {
  if (typeof value === "string") return room - 1 - value.length;
  if (typeof value !== "object" || value === null) return room - 1;
  let left = room - 1;
  for (const key in value) {
    if (left <= 0) break;
    left = roomLeft((value as Record<string, unknown>)[key], Array.isArray(value) ? left : left - key.length);
  }
  return left;
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
