import { ModuleError, ModuleFiles } from "../steps/modules.ts";
import type { CodeStep, Step, Workflow } from "../workflow/document.ts";
import type { LoadedWorkflow } from "../workflow/load.ts";
import type { Source } from "../workflow/source.ts";
import { inspectCode } from "./code.ts";
import type { Inspection } from "./inspection.ts";
import type { Surroundings } from "./look.ts";
import { inspectModuleFile } from "./module.ts";
import type { TextPlace } from "./observation.ts";

/** What a look at a workflow came to. */
export interface WorkflowInspection {
  /** Of each step that runs in the sandbox and of each expression, in this order: those of steps as the document has them, then the others. */
  readonly inspections: readonly Inspection[];
  /** Steps that run trusted functions of the host: there is no code of theirs to look at. */
  readonly trusted: readonly string[];
  /** Modules that could not be read, in one sentence each. */
  readonly unread: readonly string[];
  /** Expressions beyond {@link EXPRESSIONS_MAX}, which were not looked at. */
  readonly left: number;
}

/** Each costs a guest, and documents have a handful. */
const EXPRESSIONS_MAX = 50;

/** Looks at every step of a document that has no errors, and at its expressions. Modules are read relative to its file. */
export async function inspectWorkflow(
  workflow: Workflow,
  { source, pending }: LoadedWorkflow,
  surroundings: Surroundings,
): Promise<WorkflowInspection> {
  const inspections: Inspection[] = [];
  const trusted: string[] = [];
  const unread: string[] = [];
  const modules = new ModuleFiles(workflow.file);
  for (const step of workflow.steps) {
    if (step.type === "code") inspections.push(await inspectStep(step, source, surroundings));
    else if (step.type === "tool" || step.type === "local") trusted.push(step.id);
    else if (step.type === "wasm") {
      try {
        const inspection = await inspectModuleFile(nameOf(step, "module"), await modules.read(step.module), surroundings);
        inspections.push({ ...inspection, file: step.module });
      } catch (error) {
        if (!(error instanceof ModuleError)) throw error;
        unread.push(error.message);
      }
    }
  }
  const { expressions } = pending;
  for (const { source: expression, span } of expressions.slice(0, EXPRESSIONS_MAX)) {
    const { line, column } = source.place(span(0, 1));
    inspections.push(
      await inspectCode(
        {
          name: `expression at ${line}:${column}`,
          language: "javascript",
          // In brackets on lines of their own: what is an object to an expression is a block to a program.
          source: `(\n${expression}\n)`,
          placed: (place) => placeIn(expression, place, (offset) => source.place(span(offset, 1))),
        },
        surroundings,
      ),
    );
  }
  return { inspections, trusted, unread, left: Math.max(0, expressions.length - EXPRESSIONS_MAX) };
}

function inspectStep(step: CodeStep, source: Source, surroundings: Surroundings): Promise<Inspection> {
  const { language, code, imports, grants = {} } = step;
  const lines = code.split(/\r\n|[\n\r]/);
  return inspectCode(
    {
      name: nameOf(step, language),
      language,
      source: code,
      ...(imports === undefined ? {} : { imports }),
      grants,
      placed: ({ line, column }) => inDocument(step.codeLine + line - 1, column, lines[line - 1] ?? "", source),
    },
    surroundings,
  );
}

function nameOf({ id }: Step, what: string): string {
  return `step "${id}" (${what})`;
}

/** A line of code stands somewhere in a line of the document; where it is written there in another way, the line alone can be told. */
function inDocument(line: number, column: number, text: string, source: Source): TextPlace {
  const written = source.line(line);
  const at = text === "" ? -1 : written.indexOf(text);
  return { line, column: at >= 0 ? at + column : written.length - written.trimStart().length + 1 };
}

/** The place of what stands in an expression, which begins on the second line of what was looked at. */
function placeIn(expression: string, { line, column }: TextPlace, placeAt: (offset: number) => TextPlace): TextPlace {
  const lines = expression.split("\n");
  const before = lines.slice(0, Math.max(0, line - 2)).reduce((sum, { length }) => sum + length + 1, 0);
  const { line: at, column: from } = placeAt(Math.min(Math.max(0, expression.length - 1), before + column - 1));
  return { line: at, column: from };
}
