import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import {
  type Inspection,
  inspectCode,
  inspectModuleFile,
  inspectWorkflow,
  type Language,
  loadWorkflow,
  problemsAsJson,
  SOURCE_CHARACTERS_MAX,
} from "@glovebox/engine";
import { Chambers } from "./chambers.ts";
import { EXIT, Refusal } from "./exit.ts";
import { stateOf } from "./input.ts";
import { Interrupt } from "./interrupt.ts";
import { type Operator, type OperatorFlags, readOperator } from "./operator.ts";
import { ADVICE, inspectionLines } from "./report/inspection.ts";
import { inspectionRecord } from "./report/inspection-record.ts";
import { paintFor } from "./report/paint.ts";
import { problemLines } from "./report/problems.ts";
import { printedJson } from "./report/shown.ts";

export interface InspectFlags extends OperatorFlags {
  readonly json?: boolean;
  readonly language?: string;
}

/** Of what `--json` prints. It grows by new members only. */
const VERSION = 1;

/** Bytes of a file that are read at the most: modules have no more than this, and texts far less. */
const FILE_BYTES_MAX = 16 * 2 ** 20;

type Kind = Language | "module" | "workflow";

const KINDS: Readonly<Record<string, Kind>> = {
  py: "python",
  pyi: "python",
  js: "javascript",
  mjs: "javascript",
  cjs: "javascript",
  ts: "typescript",
  mts: "typescript",
  cts: "typescript",
  wasm: "module",
  yaml: "workflow",
  yml: "workflow",
  json: "workflow",
};

/** `glovebox inspect`. What is looked at runs nowhere. Resolves to the exit code, which says nothing of what was found. */
export async function inspect(file: string, flags: InspectFlags): Promise<number> {
  const operator = readOperator(flags);
  const kind = kindOf(file, flags.language);
  const bytes = readFileWhole(file);
  await using chambers = new Chambers(1);
  using interrupt = new Interrupt(() => chambers.kill());
  chambers.require(operator.isolation);
  await chambers.expect({ guests: 1, warm: kind === "python" || kind === "workflow" ? "python" : kind === "module" ? "none" : "syntax" });
  const surroundings = { sandbox: chambers, isolationKey: "glovebox inspect", signal: interrupt.signal };
  if (kind === "workflow") {
    const code = await inspectDocument(file, decode(bytes), flags, operator, surroundings);
    return interrupt.exitCode ?? code;
  }
  const inspection =
    kind === "module"
      ? await inspectModuleFile(file, bytes, surroundings)
      : await inspectCode({ name: file, language: kind, source: decode(bytes) }, surroundings);
  if (interrupt.exitCode !== undefined) return interrupt.exitCode;
  tell(file, [inspection], [], flags);
  return inspection.kind === "inspected" ? EXIT.done : EXIT.problems;
}

async function inspectDocument(
  file: string,
  text: string,
  flags: InspectFlags,
  { policy }: Operator,
  surroundings: Parameters<typeof inspectWorkflow>[2],
): Promise<number> {
  const loaded = loadWorkflow(text, { file, policy });
  const { workflow, problems, source } = loaded;
  if (workflow === undefined) {
    const { stdout, stderr } = process;
    if (flags.json === true)
      stdout.write(printedJson({ version: VERSION, file, advice: ADVICE, problems: problemsAsJson(problems, source) }));
    else for (const line of problemLines(problems, source, paintFor(stderr))) stderr.write(`${line}\n`);
    return EXIT.problems;
  }
  const { inspections, trusted, unread, left } = await inspectWorkflow(workflow, loaded, surroundings);
  if (surroundings.signal?.aborted) return EXIT.failure;
  const notes = [
    ...unread,
    ...(left > 0 ? [`${left} more expressions were not looked at`] : []),
    ...(trusted.length > 0 ? [`no code of theirs to look at: ${trusted.join(", ")} (they run in the host)`] : []),
  ];
  tell(file, inspections, notes, flags);
  return unread.length === 0 && inspections.every(({ kind }) => kind === "inspected") ? EXIT.done : EXIT.problems;
}

function tell(file: string, inspections: readonly Inspection[], notes: readonly string[], flags: InspectFlags): void {
  const { stdout } = process;
  if (flags.json === true) {
    stdout.write(printedJson({ version: VERSION, file, advice: ADVICE, notes, inspections: inspections.map(inspectionRecord) }));
    return;
  }
  for (const line of inspectionLines(file, inspections, notes, paintFor(stdout))) stdout.write(`${line}\n`);
}

const LANGUAGES: readonly string[] = ["python", "javascript", "typescript"] satisfies Language[];

function kindOf(file: string, language: string | undefined): Kind {
  if (language !== undefined) {
    if (!LANGUAGES.includes(language)) {
      throw new Refusal(`Cannot inspect as ${JSON.stringify(language)}: the languages are ${LANGUAGES.join(", ")}`);
    }
    return language as Language;
  }
  const extension = /\.([a-z]+)$/i.exec(file)?.[1]?.toLowerCase() ?? "";
  const kind = Object.hasOwn(KINDS, extension) ? KINDS[extension] : undefined;
  if (kind !== undefined) return kind;
  throw new Refusal(
    `Cannot inspect ${file}: its name does not end as that of code, a module or a workflow does (--language says what it is)`,
    EXIT.problems,
  );
}

function readFileWhole(file: string): Uint8Array {
  const refuse = (state: string, cause?: unknown): never => {
    throw new Refusal(`Cannot read ${file}: ${state}`, EXIT.problems, { cause });
  };
  let descriptor: number | undefined;
  try {
    descriptor = openSync(file, "r");
    const chunks: Buffer[] = [];
    let length = 0;
    if (fstatSync(descriptor).isDirectory()) return refuse("it is a directory");
    for (;;) {
      const chunk = Buffer.allocUnsafe(65_536);
      const filled = readSync(descriptor, chunk, 0, chunk.length, null);
      if (filled === 0) return Buffer.concat(chunks);
      length += filled;
      if (length > FILE_BYTES_MAX) return refuse(`it is larger than ${FILE_BYTES_MAX} bytes`);
      chunks.push(chunk.subarray(0, filled));
    }
  } catch (cause) {
    if (cause instanceof Refusal) throw cause;
    return refuse(stateOf(cause), cause);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function decode(bytes: Uint8Array): string {
  // One character more than is looked at: whoever counts them sees that there were more.
  return new TextDecoder("utf-8").decode(bytes).slice(0, SOURCE_CHARACTERS_MAX + 1);
}
