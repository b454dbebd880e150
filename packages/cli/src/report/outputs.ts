import type { RunResult, Workflow } from "@glovebox/engine";
import { duration, plural } from "./amount.ts";
import type { Paint, Style } from "./paint.ts";
import { type Room, shownLine, shownValue } from "./shown.ts";
import { lineOf, shortly, stepLines } from "./step-line.ts";

const NAME_COLUMNS = 200;

const STATE_STYLES: Readonly<Record<RunResult["state"], Style>> = { succeeded: "green", failed: "red", cancelled: "yellow" };

/** What a run came to: its state, what each step cost, its outputs. */
export function resultLines(workflow: Pick<Workflow, "file">, result: RunResult, room: Room, paint: Paint): string[] {
  return [...headLines(workflow, result, paint), "", ...stepLines(result.steps.map(lineOf), paint), ...outputLines(result, room, paint)];
}

function headLines({ file }: Pick<Workflow, "file">, result: RunResult, paint: Paint): string[] {
  const { state, wallMs, usage, steps } = result;
  const cpu = usage === undefined ? "" : `, ${duration(usage.cpuMs)} of CPU in guests`;
  const done = steps.filter((step) => step.state === "succeeded").length;
  const share = state === "succeeded" ? plural(steps.length, "step") : `${done} of ${plural(steps.length, "step")} succeeded`;
  return [`${file}: ${paint(STATE_STYLES[state], state)} in ${duration(wallMs)} (${share}${cpu})`, ...causeLines(result)];
}

/** Failed steps are told of by themselves; this is for what is no step's fault. */
function causeLines({ cause }: RunResult): string[] {
  if (cause?.kind === "run_timeout") return [`  the time for the run was up: ${duration(cause.maxMs)}`];
  if (cause?.kind === "output_failed")
    return [`  its output "${shownLine(cause.output, NAME_COLUMNS)}" could not be made: ${shownLine(shortly(cause.outcome), 500)}`];
  return [];
}

function outputLines({ outputs }: RunResult, room: Room, paint: Paint): string[] {
  const entries = Object.entries(outputs);
  if (entries.length === 0) return [];
  return [
    "",
    ...entries.flatMap(([name, value]) => valueLines(paint("bold", `${shownLine(name, NAME_COLUMNS)}:`), shownValue(value, room))),
  ];
}

function valueLines(label: string, lines: readonly string[]): string[] {
  const [only = ""] = lines;
  return lines.length === 1 ? [`${label} ${only}`] : [label, ...lines.map((line) => `  ${line}`.trimEnd())];
}
