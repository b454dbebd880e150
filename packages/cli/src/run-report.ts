import { mostOfStep, type Policy, type ProblemRecord, problemsAsJson, type RunResult, type Workflow } from "@glovebox/engine";
import type { CheckedDocument } from "./check-document.ts";
import { chainLines } from "./report/chain.ts";
import { type Complaint, complaintLine } from "./report/complaint-line.ts";
import { failureLines, refusalNoteLines } from "./report/failure.ts";
import { runLogLines } from "./report/log.ts";
import { resultLines } from "./report/outputs.ts";
import { paintFor } from "./report/paint.ts";
import { problemLines } from "./report/problems.ts";
import { Progress } from "./report/progress.ts";
import { jsonPieces, roomOf } from "./report/shown.ts";

/** Where a run tells what it comes to. {@link refused}, an error among the checked problems, or {@link ended} is the last that it tells. */
export interface RunReport {
  /** All problems of the document, errors or not. */
  checked(document: CheckedDocument): void;
  /** Nothing was run, or it can't be told what became of it. */
  refused(complaint: Omit<Complaint, "exitCode">): void;
  ended(workflow: Workflow, result: RunResult, policy: Policy): void;
  /** What is shown while the run goes on; undefined: nothing. `interrupted`: the run is being stopped. */
  progress(interrupted: AbortSignal): Progress | undefined;
}

/** For a person: results on standard output, all else on standard error. */
export class PersonReport implements RunReport {
  readonly #file: string;
  readonly #folderNamed: boolean;
  #limitsSettable = false;

  constructor(file: string, { folderNamed }: { readonly folderNamed: boolean }) {
    this.#file = file;
    this.#folderNamed = folderNamed;
  }

  checked({ problems, source }: CheckedDocument): void {
    this.#limitsSettable = /^\s*["']?steps["']?\s*:/m.test(source.text);
    print(process.stderr, problemLines(problems, source, paintFor(process.stderr)));
  }

  refused(complaint: Omit<Complaint, "exitCode">): void {
    print(process.stderr, [complaintLine(complaint, paintFor(process.stderr))]);
  }

  ended(workflow: Workflow, result: RunResult, policy: Policy): void {
    const { stdout, stderr } = process;
    print(stderr, runLogLines(result.steps, roomOf(stderr), paintFor(stderr)));
    const lines = workflow.payload === "text" ? chainLines : resultLines;
    print(stdout, lines(workflow, result, roomOf(stdout), paintFor(stdout)));
    for (const step of workflow.steps) {
      const ended = result.steps.find(({ id }) => id === step.id);
      if (ended === undefined) continue;
      const told = {
        file: this.#file,
        step,
        result: ended,
        limitsSettable: this.#limitsSettable,
        most: mostOfStep(policy, workflow, step),
        folderNamed: this.#folderNamed,
      };
      if (ended.state === "failed") print(stderr, ["", ...failureLines(told, roomOf(stderr), paintFor(stderr))]);
      else if (ended.state === "succeeded") print(stderr, refusalNoteLines(told, paintFor(stderr)));
    }
  }

  progress(interrupted: AbortSignal): Progress | undefined {
    return process.stderr.isTTY ? new Progress(process.stderr, paintFor(process.stderr), interrupted) : undefined;
  }
}

/** Of what {@link JsonReport} prints. It grows by new members only; for anything else it is another number. */
const VERSION = 1;

/** For a program: one JSON document on standard output, as docs/run-result.schema.json says, and nothing else. */
export class JsonReport implements RunReport {
  readonly #file: string;
  #problems: readonly ProblemRecord[] = [];

  constructor(file: string) {
    this.#file = file;
  }

  checked({ workflow, problems, source }: CheckedDocument): void {
    this.#problems = problemsAsJson(problems, source);
    if (workflow === undefined) this.#print({ state: "invalid" });
  }

  refused(error: Omit<Complaint, "exitCode">): void {
    this.#print({ state: "refused", error });
  }

  ended(_workflow: Workflow, result: RunResult): void {
    this.#print(result);
  }

  progress(): undefined {
    return undefined;
  }

  #print(rest: object): void {
    for (const piece of jsonPieces({ version: VERSION, file: this.#file, problems: this.#problems, ...rest })) process.stdout.write(piece);
  }
}

/** Characters that are written at once: all of them may be more than one string can hold. */
const GATHERED_MAX = 64 * 1024;

function print(stream: NodeJS.WriteStream, lines: readonly string[]): void {
  let gathered = "";
  for (const line of lines) {
    gathered += `${line}\n`;
    if (gathered.length < GATHERED_MAX) continue;
    stream.write(gathered);
    gathered = "";
  }
  if (gathered !== "") stream.write(gathered);
}
