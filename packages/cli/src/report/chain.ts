import { outputOf, type RunResult, type StepResult, type Workflow } from "@glovebox/engine";
import type { Json } from "@glovebox/sandbox";
import { plural } from "./amount.ts";
import type { Paint } from "./paint.ts";
import { type Room, shownLine, shownLines } from "./shown.ts";
import { lineOf, shortly, stepLines } from "./step-line.ts";

const PAYLOAD_COLUMNS = 2_000;

/** A run of text processors: how the text went from one to the next, and what was found out about it. */
export function chainLines(workflow: Workflow, result: RunResult, room: Room, paint: Paint): string[] {
  const executed = result.steps.filter(({ attempts }) => attempts.length > 0).length;
  const columns = Math.min(room.columns, PAYLOAD_COLUMNS);
  return [
    `📋 Configuration: ${workflow.file}`,
    `🔧 Strategy: ${camel(workflow.strategy)}`,
    `⚙️  Max Concurrency: ${workflow.maxConcurrency}`,
    `🛡️  Failure Strategy: ${camel(workflow.failureStrategy)}`,
    "",
    "📊 Execution Results:",
    `⏱️  Execution Time: ~${Math.max(1, Math.round(result.wallMs))}ms`,
    `🔢 Processors Executed: ${executed}`,
    ...(result.state === "succeeded" ? [] : [`${paint("red", "✗")}  State: ${result.state}`]),
    "",
    "🔄 Processor Chain:",
    ...result.steps.flatMap((step, index) => linkLines(step, index + 1, columns, paint)),
    "",
    "🎯 Final Transformation:",
    `   Input:  ${quoted(result.payload?.input ?? "", columns)}`,
    `   Output: ${quoted(result.payload?.output ?? "", columns)}`,
    ...metadataLines(result.steps, room),
    "",
    "💰 Cost of each processor:",
    ...stepLines(result.steps.map(lineOf), paint).map((line) => ` ${line}`),
  ];
}

function linkLines(step: StepResult, position: number, columns: number, paint: Paint): string[] {
  const output = outputOf(step);
  const handedOn = typeof output === "string" ? quoted(output, columns) : paint(step.state === "failed" ? "red" : "dim", whyNot(step));
  const line = `  ${position}. ${step.id} → ${handedOn}`;
  const facts = Object.keys(step.metadata ?? {});
  if (facts.length === 0) return [line];
  const entries = plural(facts.length, "entry", "entries");
  return [line, `     📝 Metadata: ${entries} (e.g., ${shownLine(facts[0] ?? "", 80)})`];
}

function whyNot(step: StepResult): string {
  if (step.outcome !== undefined) return shownLine(shortly(step.outcome), 200);
  return lineOf(step).note ?? step.state;
}

function metadataLines(steps: readonly StepResult[], room: Room): string[] {
  const told = steps.filter(({ metadata }) => metadata !== undefined && Object.keys(metadata).length > 0);
  if (told.length === 0) return [];
  return ["", "   Pipeline Metadata:", ...told.flatMap((step) => [`   ${step.id}:`, ...factLines(step.metadata ?? {}, room)])];
}

function factLines(metadata: Readonly<Record<string, Json>>, room: Room): string[] {
  const text = Object.entries(metadata)
    .map(
      ([name, value]) =>
        `${shownLine(name, 100)}: ${shownLine(typeof value === "string" ? value : JSON.stringify(value), PAYLOAD_COLUMNS)}`,
    )
    .join("\n");
  return shownLines(text, room).map((line) => `      • ${line}`);
}

/** In quotes and on one line, with its emoji as they are. */
function quoted(text: string, columns: number): string {
  return `"${shownLine(text, columns)}"`;
}

/** `work_queue` as `WorkQueue`. */
function camel(name: string): string {
  return name
    .split("_")
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join("");
}
