import type { Most, Step, StepError, StepOutcome, StepResult } from "@glovebox/engine";
import { type AuditEntry, DEFAULT_LIMITS, type GuestReport, type Outcome } from "@glovebox/sandbox";
import { callLimitKey, grantHint } from "./granting.ts";
import type { Paint } from "./paint.ts";
import { distinctRefusals, refusalLines } from "./refusals.ts";
import { type Room, shownLine, shownTraceback } from "./shown.ts";
import { quantity } from "./step-line.ts";

type Exhausted = Outcome & { readonly kind: "exhausted" };

/** Where a failed step stands, and what can be said of it besides its outcome. */
export interface FailedStep {
  readonly file: string;
  readonly step: Step;
  readonly result: StepResult;
  /** Limits can be set in this document's dialect. */
  readonly limitsSettable: boolean;
  /** The most that each key of its limits may be. */
  readonly most: ReadonlyMap<string, Most>;
  /** A folder was named that tools may use. */
  readonly folderNamed: boolean;
}

const MESSAGE_COLUMNS = 500;
const INDENT = " ".repeat(6);

/** Why a step failed, as problems of documents are shown: the place, one sentence, then what helps. */
export function failureLines(failed: FailedStep, room: Room, paint: Paint): string[] {
  const { file, step, result } = failed;
  const outcome: StepOutcome = result.outcome ?? { kind: "cancelled" };
  const { line, column } = placeOf(step, outcome);
  const place = `${file}:${line}${column === undefined ? "" : `:${column}`}:`;
  const tries = result.attempts.length > 1 ? ` after ${result.attempts.length} attempts` : "";
  const head = `${place} ${paint("red", "error:")} step "${step.id}" ${sentence(outcome, tries)} [${tagOf(outcome)}]`;
  return [head, ...details(outcome, room), ...hints(failed, outcome).map((hint) => `${INDENT}= ${hint}`)];
}

/** That a step was refused something and succeeded all the same; no lines where it was refused nothing. */
export function refusalNoteLines({ file, step, result, limitsSettable }: FailedStep, paint: Paint): string[] {
  const refusals = distinctRefusals(result.attempts.at(-1)?.audit ?? []);
  if (refusals.length === 0) return [];
  const { line, column } = step.place;
  const head = `${file}:${line}:${column}: ${paint("yellow", "note:")} step "${step.id}" was refused something by the host, and went on`;
  return [head, ...refusalLines(refusals, limitsSettable).map((hint) => `${INDENT}= ${hint}`)];
}

/** The same of a guest that is no step of a workflow, and has no grants. `raising` says what raises the limit that it reached. */
export function guestFailureLines(
  name: string,
  { outcome, audit }: Pick<GuestReport, "outcome" | "audit">,
  raising: (limit: Exhausted["limit"]) => string | undefined,
  room: Room,
  paint: Paint,
): string[] {
  const told: StepOutcome = outcome.kind === "failed" ? { kind: "failed", error: { ...outcome.error, by: "guest" } } : outcome;
  const head = `${paint("red", "error:")} ${name} ${sentence(told, "")} [${tagOf(told)}]`;
  const raised = told.kind === "exhausted" ? raising(told.limit) : undefined;
  const hints = [...(raised === undefined ? [] : [raised]), ...ungrantedLines(audit)];
  return [head, ...details(told, room), ...hints.map((hint) => `${INDENT}= ${hint}`)];
}

/** The same note of a guest that is no step of a workflow. */
export function guestNoteLines(name: string, { audit }: Pick<GuestReport, "audit">, paint: Paint): string[] {
  const lines = ungrantedLines(audit);
  if (lines.length === 0) return [];
  return [
    `${paint("yellow", "note:")} ${name} was refused something by the host, and went on`,
    ...lines.map((hint) => `${INDENT}= ${hint}`),
  ];
}

function ungrantedLines(audit: readonly AuditEntry[]): string[] {
  const refusals = distinctRefusals(audit);
  return refusals.length === 0 ? [] : [...refusalLines(refusals, true), "here nothing is granted: a step of a workflow can have grants"];
}

/** The line of the user's code where it is known: the file's own, so that an editor can go there. */
function placeOf(step: Step, outcome: StepOutcome): { readonly line: number; readonly column?: number } {
  const error = errorOf(outcome);
  if (step.type === "code" && error?.line !== undefined) return { line: step.codeLine + error.line - 1 };
  return { line: step.place.line, column: step.place.column };
}

function errorOf(outcome: StepOutcome): Pick<StepError, "line" | "traceback" | "name" | "message"> | undefined {
  return outcome.kind === "failed" || outcome.kind === "exhausted" ? outcome.error : undefined;
}

function sentence(outcome: StepOutcome, tries: string): string {
  switch (outcome.kind) {
    case "completed":
      return `completed${tries}`;
    case "failed":
      return `failed${tries}: ${shownLine(`${outcome.error.name}: ${outcome.error.message}`, MESSAGE_COLUMNS)}`;
    case "trapped":
      return `trapped${tries}: ${TRAPS[outcome.trap]}${outcome.detail === undefined ? "" : ` (${shownLine(outcome.detail, MESSAGE_COLUMNS)})`}`;
    case "exhausted":
      return `was stopped${tries}: ${exhaustion(outcome)}`;
    case "refused":
      return `was refused${tries}: ${outcome.hostFunction}: ${shownLine(outcome.reason, MESSAGE_COLUMNS)}`;
    case "cancelled":
      return "was cancelled";
  }
}

function tagOf(outcome: StepOutcome): string {
  if (outcome.kind === "exhausted") return `exhausted: ${outcome.limit}`;
  return outcome.kind === "trapped" ? `trapped: ${outcome.trap}` : outcome.kind;
}

const TRAPS: Readonly<Record<(Outcome & { kind: "trapped" })["trap"], string>> = {
  unreachable: "it ran into an instruction that ends it",
  out_of_bounds: "it reached outside of its memory or a table",
  division_by_zero: "it divided a whole number by zero",
  integer_overflow: "the result of an operation does not fit its type",
  indirect_call: "it called a function that is not there, or of another type",
  uncaught_exception: "an exception left it",
  aborted: "its runtime gave up",
  cell_died: "its cell died",
  protocol: "its cell sent what no honest cell sends",
  other: "it stopped for a reason that WebAssembly does not tell",
};

const WHAT: Readonly<Record<Exhausted["limit"], string>> = {
  memory: "of memory",
  cpu: "of CPU",
  fuel: "of fuel",
  wall: "in all",
  output: "of output",
  log: "of log",
  lines: "lines of log",
  input: "of input",
  stack: "of stack",
  calls: "host calls",
  module: "as a module",
  table: "table entries",
};

function exhaustion({ limit, used, max }: Exhausted): string {
  if (limit === "stack") return "it called itself too deeply";
  if (limit === "memory" && used <= max) return `it asked for more than the ${quantity(limit, max)} of memory that it is allowed`;
  return `it used ${quantity(limit, used)} ${WHAT[limit]}, and ${quantity(limit, max)} are allowed`;
}

function details(outcome: StepOutcome, room: Room): string[] {
  const error = errorOf(outcome);
  if (error === undefined) return [];
  const lines = shownTraceback(error.traceback, room).map((line) => `${INDENT}${line}`);
  const [only] = lines;
  // A traceback of nothing but the message would only say it again.
  const said = lines.length === 1 && only?.trim() === `${error.name}: ${error.message}`;
  return error.traceback === "" || said ? [] : lines;
}

/** The key that raises a limit, with the bytes or milliseconds that one of its units is. */
const KEYS: Readonly<Partial<Record<Exhausted["limit"], { readonly key: string; readonly unit: number }>>> = {
  memory: { key: "memory_mb", unit: 2 ** 20 },
  cpu: { key: "cpu_ms", unit: 1 },
  wall: { key: "wall_ms", unit: 1 },
  fuel: { key: "fuel", unit: 1 },
  output: { key: "output_bytes", unit: 1 },
  log: { key: "log_bytes", unit: 1 },
  input: { key: "input_bytes", unit: 1 },
  lines: { key: "log_lines_per_second", unit: 1 },
};

function hints(failed: FailedStep, outcome: StepOutcome): string[] {
  const audit = failed.result.attempts.at(-1)?.audit ?? [];
  if (outcome.kind === "refused") {
    const refused = audit.findLast(({ hostFunction, verdict }) => hostFunction === outcome.hostFunction && verdict === "refused");
    const hint = failed.limitsSettable && refused !== undefined ? grantHint(refused) : undefined;
    return hint === undefined ? [] : [hint];
  }
  return [...ownHints(failed, outcome, audit), ...refusalLines(distinctRefusals(audit), failed.limitsSettable)];
}

function ownHints(failed: FailedStep, outcome: StepOutcome, audit: readonly AuditEntry[]): string[] {
  if (outcome.kind === "exhausted") return outcome.limit === "calls" ? raisingCalls(failed, audit, outcome) : raising(failed, outcome);
  if (
    outcome.kind === "failed" &&
    outcome.error.by === "host" &&
    !failed.folderNamed &&
    /no folder was named/.test(outcome.error.message)
  ) {
    return ["tools reach files, and files are granted, only below a folder that you name: --folder DIR"];
  }
  return [];
}

function raisingCalls({ most }: FailedStep, audit: readonly AuditEntry[], { max }: Exhausted): string[] {
  const ended = audit.findLast(({ verdict }) => verdict === "exhausted");
  const key = ended === undefined ? undefined : callLimitKey(ended);
  return key === undefined ? [] : [raisingKey(key, max, most)];
}

/** To twice what it is now, or to the most that it may be; or that it is that already, and by whose word. */
function raisingKey(key: string, now: number, most: ReadonlyMap<string, Most>): string {
  const { value, words } = most.get(key) ?? { value: Number.POSITIVE_INFINITY };
  if (now >= value) return `${value} is the most that ${key} may be here${words === undefined ? "" : `: ${words} allows no more`}`;
  return `to allow more: limits: { ${key}: ${Math.min(value, Math.max(1, Math.ceil(now) * 2))} } (now ${Math.ceil(now)})`;
}

function raising({ step, limitsSettable, most }: FailedStep, { limit, max }: Exhausted): string[] {
  if (limit === "wall" && step.timeoutMs === max) return [`to allow more: timeout_ms: ${max * 2} (now ${max})`];
  const known = KEYS[limit];
  if (known === undefined) return [];
  if (!limitsSettable && limit === "fuel") return [`to allow more: options: { fuel_level: ${max * 2} } (now ${max})`];
  if (!limitsSettable) return [`documents of this kind have the default limits; one with "steps" can set ${known.key} for each step`];
  const { key, unit } = known;
  const now = (limit === "memory" ? (step.limits.memoryBytes ?? Math.min(max, DEFAULT_LIMITS.memoryBytes)) : max) / unit;
  return [raisingKey(key, now, most)];
}
