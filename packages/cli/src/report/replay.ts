import type { Difference, ReplayedGuest } from "@glovebox/engine/records";
import { duration, plural, size } from "./amount.ts";
import type { Paint, Style } from "./paint.ts";
import { shownLine } from "./shown.ts";

const NAME_COLUMNS = 60;
const WORDS_COLUMNS = 400;

const MARKS: Readonly<Record<ReplayedGuest["verdict"]["kind"], readonly [mark: string, style: Style, words: string]>> = {
  same: ["✓", "green", "the same"],
  different: ["✗", "red", "different"],
  not_comparable: ["~", "yellow", "can't be compared"],
  not_run: ["–", "dim", "not run again"],
};

/** What came of one guest that was run again: a line, and a line for each difference. */
export function replayedLines({ entry, verdict, usage, otherRuntime }: ReplayedGuest, paint: Paint): string[] {
  const [mark, style, words] = MARKS[verdict.kind];
  const whose = entry.step === null ? "the run itself" : `${shownLine(entry.step, NAME_COLUMNS)} #${entry.attempt}`;
  const kind = entry.guest.kind === "module" ? entry.guest.file.name : entry.guest.kind;
  const why = "why" in verdict ? `: ${shownLine(verdict.why, WORDS_COLUMNS)}` : "";
  const costs = usage === undefined ? "" : `  CPU ${duration(usage.cpuMs)}  ${size(usage.peakMemoryBytes)}`;
  const secrets = verdict.kind === "not_run" ? (verdict.secrets ?? []) : [];
  return [
    `  ${paint(style, mark)} ${whose}  ${entry.purpose} (${shownLine(kind, NAME_COLUMNS)})  ${paint(style, words)}${why}${costs}`,
    ...(verdict.kind === "different" ? verdict.differences.map((difference) => `      ${differenceLine(difference)}`) : []),
    ...(secrets.length === 0
      ? []
      : [`      = to tell it again: ${secrets.map((name) => `--secret ${shownLine(name, NAME_COLUMNS)}`).join(" ")}`]),
    ...(otherRuntime === true ? [`      ${paint("yellow", "!")} its runtime is another one than it was then`] : []),
  ];
}

function differenceLine({ what, recorded, replayed }: Difference): string {
  const values =
    recorded === undefined && replayed === undefined ? "another number" : `${recorded ?? "nothing"} then, ${replayed ?? "nothing"} now`;
  return shownLine(`${what}: ${values}`, WORDS_COLUMNS);
}

/** How many of each. */
export function replaySummary(guests: readonly ReplayedGuest[]): string {
  const counts = (["same", "different", "not_comparable", "not_run"] as const)
    .map((kind) => [guests.filter(({ verdict }) => verdict.kind === kind).length, MARKS[kind][2]] as const)
    .filter(([number]) => number > 0)
    .map(([number, words]) => `${number} ${words}`);
  return `${plural(guests.length, "guest")}: ${counts.length === 0 ? "nothing to run again" : counts.join(", ")}`;
}
