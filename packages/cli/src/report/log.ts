import type { StepResult } from "@glovebox/engine";
import type { LogEntry } from "@glovebox/sandbox";
import { plural } from "./amount.ts";
import type { Paint, Style } from "./paint.ts";
import { type Room, shownLines } from "./shown.ts";

const STYLES: Readonly<Partial<Record<LogEntry["level"], Style>>> = { debug: "dim", warning: "yellow", error: "red" };

/** What the guests and tools of a run printed and logged, step by step. */
export function runLogLines(steps: readonly StepResult[], room: Room, paint: Paint): string[] {
  return steps.flatMap(({ id, attempts }) => {
    const entries = attempts.flatMap(({ log }) => log);
    return logLines(entries, room, paint).map((line) => `${paint("dim", `${id} |`)} ${line}`);
  });
}

export function logLines(entries: readonly LogEntry[], room: Room, paint: Paint): string[] {
  const kept = entries.slice(0, room.lines);
  const lines = kept.map(({ level, message }) => {
    const [line = ""] = shownLines(message.replaceAll("\n", "\\n"), room);
    const style = STYLES[level];
    return style === undefined ? line : paint(style, line);
  });
  if (entries.length > kept.length) lines.push(`… ${plural(entries.length - kept.length, "more line")} (--json has all)`);
  return lines;
}
