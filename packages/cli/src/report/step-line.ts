import type { AttemptResult, StepOutcome, StepResult } from "@glovebox/engine";
import type { Usage } from "@glovebox/sandbox";
import { count, duration, plural, size } from "./amount.ts";
import type { Paint, Style } from "./paint.ts";
import { shownLine } from "./shown.ts";

/** One step in a list of steps, while it runs or after. */
export interface StepLine {
  readonly id: string;
  readonly state: StepResult["state"] | "running" | "waiting";
  /** Missing: it never began. */
  readonly wallMs?: number;
  readonly usage?: Usage;
  readonly note?: string;
}

const MARKS: Readonly<Record<StepLine["state"], readonly [mark: string, style: Style]>> = {
  succeeded: ["✓", "green"],
  failed: ["✗", "red"],
  cancelled: ["■", "yellow"],
  skipped: ["–", "dim"],
  running: ["▸", "cyan"],
  waiting: ["…", "yellow"],
};

const NOTE_COLUMNS = 100;
const ID_COLUMNS_MAX = 32;

/** As much of a step that has ended as its line says. */
export type EndedStep = Omit<StepResult, "attempts" | "outcome"> & {
  readonly attempts: readonly unknown[];
  readonly outcome?: StepOutcome | AttemptResult["outcome"];
};

/** A step that has ended, for the list at the end. */
export function lineOf(step: EndedStep): StepLine {
  const notes = [...(step.attempts.length > 1 ? [plural(step.attempts.length, "attempt")] : []), ...noteOf(step)];
  return {
    id: step.id,
    state: step.state,
    ...(step.startedMs === undefined ? {} : { wallMs: step.endedMs - step.startedMs }),
    ...(step.usage === undefined ? {} : { usage: step.usage }),
    ...(notes.length === 0 ? {} : { note: notes.join("; ") }),
  };
}

/** The steps below each other in columns, without colours where `paint` gives none. */
export function stepLines(steps: readonly StepLine[], paint: Paint): string[] {
  const idColumns = Math.min(ID_COLUMNS_MAX, Math.max(0, ...steps.map(({ id }) => id.length)));
  const guests = steps.some(({ usage }) => usage !== undefined);
  return steps.map(({ id, state, wallMs, usage, note }) => {
    const [mark, style] = MARKS[state];
    const cells = [
      (wallMs === undefined ? "" : duration(wallMs)).padStart(9),
      ...(guests ? [(usage === undefined ? "" : `CPU ${duration(usage.cpuMs)}`).padStart(12)] : []),
      ...(guests ? [(usage === undefined || usage.peakMemoryBytes === 0 ? "" : size(usage.peakMemoryBytes)).padStart(9)] : []),
    ];
    const words = note === undefined ? "" : `  ${paint(style, shownLine(note, NOTE_COLUMNS))}`;
    return `  ${paint(style, mark)} ${id.padEnd(idColumns)} ${cells.join("")}${words}`.trimEnd();
  });
}

function noteOf(step: EndedStep): string[] {
  if (step.state === "failed") return step.outcome === undefined ? ["failed"] : [shortly(step.outcome)];
  const { why } = step;
  if (step.side !== undefined) return [`took "${step.side}"`];
  switch (why?.kind) {
    case "when_false":
      return [`skipped: its "when" is false`];
    case "branch_not_taken":
      return [`skipped: "${why.condition}" took the other branch`];
    case "dependency_failed":
      return [`skipped: "${why.step}" did not succeed`];
    case "dependency_skipped":
      return [`skipped: "${why.step}" was skipped`];
    case "step_failed":
      return [`cancelled: "${why.step}" failed`];
    case "run_timeout":
      return [`cancelled: the run's ${duration(why.maxMs)} were up`];
    case "interrupted":
      return ["interrupted"];
    case undefined:
      return [];
  }
}

/** How an attempt ended, in a few words. */
export function shortly(outcome: StepOutcome | AttemptResult["outcome"]): string {
  switch (outcome.kind) {
    case "completed":
      return "completed";
    case "failed":
      return `failed: ${outcome.error.name}: ${outcome.error.message}`;
    case "trapped":
      return `trapped: ${outcome.trap}`;
    case "exhausted":
      return `exhausted: ${outcome.limit} (${quantity(outcome.limit, outcome.used)} of ${quantity(outcome.limit, outcome.max)})`;
    case "refused":
      return `refused: ${outcome.hostFunction}: ${outcome.reason}`;
    case "cancelled":
      return "cancelled";
  }
}

/** A use of a limit, in the limit's own unit. */
export function quantity(limit: (StepOutcome & { kind: "exhausted" })["limit"], value: number): string {
  switch (limit) {
    case "cpu":
    case "wall":
      return `${count(value)} ms`;
    case "memory":
    case "output":
    case "input":
    case "module":
      return size(value);
    case "log":
      return size(value);
    case "fuel":
    case "stack":
    case "calls":
    case "lines":
    case "table":
      return count(value);
  }
}
