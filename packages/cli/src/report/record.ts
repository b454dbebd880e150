import type { GuestEntry, LeftOut, RunRecord } from "@glovebox/engine/records";
import type { AuditEntry } from "@glovebox/sandbox";
import { count, duration, plural, size } from "./amount.ts";
import { logLines } from "./log.ts";
import type { Paint, Style } from "./paint.ts";
import { type Room, shownLine, shownTraceback, shownValue } from "./shown.ts";
import { type EndedStep, lineOf, type StepLine, shortly, stepLines } from "./step-line.ts";

const NAME_COLUMNS = 200;
const WORDS_COLUMNS = 300;

/** A record as a tree: the run, its steps, their attempts, the guests of each. `step`: only that one, with what went in and came out. */
export function recordLines(record: RunRecord, step: string | undefined, room: Room, paint: Paint): string[] {
  return [verificationLine(record, paint), ...headLines(record, paint), ...treeLines(record, step, room, paint)];
}

export function verificationLine({ verification, end }: RunRecord, paint: Paint): string {
  if (verification.state !== "verified") return `${paint("red", "✗ not verified:")} ${shownLine(verification.why, WORDS_COLUMNS)}`;
  if (end !== undefined) return `${paint("green", "✓ verified:")} it is as this installation wrote it`;
  return `${paint("yellow", "! unfinished:")} as far as it goes it is as this installation wrote it, but it has no end: the run goes on or was killed, or the end was cut off`;
}

function headLines({ run, guests, end }: RunRecord, paint: Paint): string[] {
  const { workflow, startedAt, profile, versions } = run;
  const isolation = [...new Set(guests.map(({ isolation: level }) => level).filter((level) => level !== undefined))].join(", ");
  const name = (text: string): string => shownLine(text, NAME_COLUMNS);
  const state = stateOf(end);
  const style: Style = state === "succeeded" ? "green" : state === "failed" || state === "refused" ? "red" : "yellow";
  const time = end?.result === undefined ? "" : ` in ${duration(end.result.wallMs)}`;
  return [
    `${name(workflow.file)} (${name(workflow.name)}): ${paint(style, state)}${time}`,
    `  run ${name(run.runId)}, ${startedAt.replace("T", " ").replace(/\.\d+Z$/, " UTC")}`,
    `  profile ${name(profile)}${isolation === "" ? "" : `, isolation ${name(isolation)}`}; Glovebox ${name(versions.glovebox)}, Node ${name(versions.node)}, ${name(versions.platform)}`,
    ...(end?.refused === undefined ? [] : [`  refused: ${shownLine(end.refused.message, WORDS_COLUMNS)} [${name(end.refused.code)}]`]),
    ...(end?.entriesMissing === undefined
      ? []
      : [`  ${paint("yellow", "!")} ${plural(end.entriesMissing, "entry", "entries")} did not fit into the record`]),
    ...leftOutLines(run.leftOut, "  "),
  ];
}

/** What became of the run, as far as its record says. */
function stateOf(end: RunRecord["end"]): string {
  return end === undefined ? "unfinished" : end.refused === undefined ? (end.result?.state ?? "unfinished") : "refused";
}

function treeLines(record: RunRecord, only: string | undefined, room: Room, paint: Paint): string[] {
  const { guests, attempts } = record;
  const own = guests.filter(({ step }) => step === null);
  const steps = stepsOf(record).filter(({ id }) => only === undefined || id === only);
  // Ids of a record that is not verified may be any text.
  const heads = stepLines(
    steps.map((line) => ({ ...line, id: shownLine(line.id, NAME_COLUMNS) })),
    paint,
  );
  const lines = steps.flatMap(({ id }, index) => {
    const numbers = new Set([
      ...guests.filter(({ step }) => step === id).map(({ attempt }) => attempt),
      ...attempts.filter(({ step }) => step === id).map(({ attempt }) => attempt.number),
    ]);
    const told = { record, whole: only !== undefined, room, paint };
    const branches = [...numbers].sort((a, b) => a - b).map((number) => attemptLines(id, number, told));
    return [heads[index] ?? "", ...tree(branches, "    ", paint)];
  });
  const rest =
    only !== undefined || own.length === 0
      ? []
      : [
          `  ${paint("dim", "·")} the run's own input and outputs`,
          ...tree(
            own.map((guest) => guestLines(guest, false, room, paint)),
            "    ",
            paint,
          ),
        ];
  return ["", ...lines, ...rest];
}

/** In the order of the document; of a run that has no end in the order in which they were heard of. */
function stepsOf({ guests, attempts, end }: RunRecord): readonly StepLine[] {
  const known = end?.result?.steps.map((step): StepLine => {
    const own: EndedStep = { ...step, attempts: attempts.filter((entry) => entry.step === step.id) };
    return lineOf(own);
  });
  if (known !== undefined) return known;
  const ids = new Set([...guests.map(({ step }) => step), ...attempts.map(({ step }) => step)]);
  return [...ids].filter((id) => id !== null).map((id) => ({ id, state: "running" as const }));
}

interface Told {
  readonly record: RunRecord;
  /** With what went in and came out. */
  readonly whole: boolean;
  readonly room: Room;
  readonly paint: Paint;
}

function attemptLines(step: string, number: number, { record, whole, room, paint }: Told): string[] {
  const entry = record.attempts.find((other) => other.step === step && other.attempt.number === number);
  const guests = record.guests.filter((guest) => guest.step === step && guest.attempt === number);
  const attempt = entry?.attempt;
  const all = attempt?.log ?? [];
  // What guests logged stands with them; a tool's log is its attempt's.
  const own = all.length > guests.reduce((lines, { log }) => lines + log.length, 0) ? all : [];
  const retry = attempt?.retryInMs === undefined ? "" : `; again after ${duration(attempt.retryInMs)}`;
  const words =
    attempt === undefined
      ? noAttempt(record, step)
      : `${duration(attempt.endedMs - attempt.startedMs)}  ${outcomeWords(attempt.outcome, paint)}${retry}`;
  return [
    `attempt ${number}  ${words}`,
    ...logLines(own, room, paint).map((line) => `  ${paint("dim", "|")} ${line}`),
    ...leftOutLines(entry?.leftOut, "  "),
    ...tree(
      guests.map((guest) => guestLines(own.length === 0 ? guest : { ...guest, log: [] }, whole, room, paint)),
      "",
      paint,
    ),
  ];
}

function noAttempt({ end }: RunRecord, step: string): string {
  const state = end?.result?.steps.find(({ id }) => id === step)?.state;
  return state === "skipped" ? `its "when" was looked at` : "its end is not in the record";
}

function guestLines(guest: GuestEntry, whole: boolean, room: Room, paint: Paint): string[] {
  const { usage, outcome, audit, log, leftOut } = guest;
  const calls = Object.entries(usage.hostCalls);
  const costs = [
    duration(usage.wallMs),
    `CPU ${duration(usage.cpuMs)}`,
    ...(usage.peakMemoryBytes === 0 ? [] : [size(usage.peakMemoryBytes)]),
    ...(usage.fuel === undefined ? [] : [`fuel ${count(usage.fuel)}`]),
    ...calls.map(([name, times]) => `${shownLine(name, NAME_COLUMNS)} ×${count(times)}`),
    ...(usage.growthsDenied === 0 ? [] : [`${plural(usage.growthsDenied, "growth")} of memory denied`]),
  ];
  return [
    `${guest.purpose} (${kindOf(guest)})  ${costs.join("  ")}  ${outcomeWords(outcome, paint)}`,
    ...audit.slice(0, room.lines).map((entry) => `  ${auditWords(entry, paint)}`),
    ...(audit.length > room.lines ? [`  … ${plural(audit.length - room.lines, "more call")} (--json has all)`] : []),
    ...logLines(log, room, paint).map((line) => `  ${paint("dim", "|")} ${line}`),
    ...leftOutLines(leftOut, "  "),
    ...(whole ? wholeLines(guest, room, paint) : []),
  ];
}

function kindOf({ guest }: GuestEntry): string {
  return guest.kind === "module" ? shownLine(guest.file.name, NAME_COLUMNS) : guest.kind;
}

/** What a guest was given and what it came to. */
function wholeLines({ input, outcome }: GuestEntry, room: Room, paint: Paint): string[] {
  const error = outcome.kind === "failed" || outcome.kind === "exhausted" ? outcome.error : undefined;
  return [
    ...(input === undefined ? [] : labelled("input", shownValue(input, room), paint)),
    ...("output" in outcome ? labelled("output", shownValue(outcome.output, room), paint) : []),
    ...(error === undefined || error.traceback === "" ? [] : labelled("error", shownTraceback(error.traceback, room), paint)),
  ];
}

function labelled(label: string, lines: readonly string[], paint: Paint): string[] {
  const [only = ""] = lines;
  const head = `  ${paint("dim", `${label}:`)}`;
  return lines.length === 1 ? [`${head} ${only}`] : [head, ...lines.map((line) => `    ${line}`)];
}

function outcomeWords(
  outcome: Parameters<typeof shortly>[0] | { readonly kind: "failed"; readonly error: { name: string; message: string } },
  paint: Paint,
): string {
  const words = outcome.kind === "failed" ? `failed: ${outcome.error.name}: ${outcome.error.message}` : shortly(outcome);
  const line = shownLine(words, WORDS_COLUMNS);
  return outcome.kind === "completed" ? line : paint(outcome.kind === "cancelled" ? "yellow" : "red", line);
}

const VERDICTS: Readonly<Record<AuditEntry["verdict"], Style>> = { given: "green", refused: "red", failed: "yellow", exhausted: "red" };

function auditWords({ hostFunction, verdict, subject, reason }: AuditEntry, paint: Paint): string {
  const about = shownLine(`${hostFunction} ${subject}`.trim(), WORDS_COLUMNS);
  return `${paint(VERDICTS[verdict], verdict)} ${about}${reason === "" ? "" : `: ${shownLine(reason, WORDS_COLUMNS)}`}`;
}

const REASONS = { too_large: "too large", secret: "without the secret that it held" } as const;

function leftOutLines(leftOut: LeftOut | undefined, indent: string): string[] {
  const parts = Object.entries(leftOut ?? {}).map(([part, reason]) => `${part} (${REASONS[reason]})`);
  return parts.length === 0 ? [] : [`${indent}left out: ${parts.join(", ")}`];
}

/** Each branch is a line and what hangs below it. */
function tree(branches: readonly (readonly string[])[], indent: string, paint: Paint): string[] {
  return branches.flatMap(([head = "", ...below], index) => {
    const last = index === branches.length - 1;
    return [
      `${indent}${paint("dim", last ? "└" : "├")} ${head}`,
      ...below.map((line) => `${indent}${last ? " " : paint("dim", "│")} ${line}`),
    ];
  });
}
