import { problemsAsJson } from "@glovebox/engine";
import { Chambers } from "./chambers.ts";
import { type CheckedDocument, checkDocument } from "./check-document.ts";
import { readDocument } from "./document.ts";
import { EXIT } from "./exit.ts";
import { hasExpressions } from "./guess.ts";
import { Interrupt } from "./interrupt.ts";
import { type OperatorFlags, readOperator } from "./operator.ts";
import { plural } from "./report/amount.ts";
import { type Paint, paintFor } from "./report/paint.ts";
import { problemLines } from "./report/problems.ts";
import { printedJson } from "./report/shown.ts";

export interface ValidateFlags extends OperatorFlags {
  readonly json?: boolean;
}

/** Of what `--json` prints. It grows by new members only. */
const VERSION = 1;

/** `glovebox validate`. Resolves to the exit code. */
export async function validate(files: readonly string[], flags: ValidateFlags): Promise<number> {
  await using chambers = new Chambers(1);
  using interrupt = new Interrupt(() => chambers.kill());
  const { policy, isolation } = readOperator(flags);
  chambers.require(isolation);
  const texts = files.map((file) => ({ file, text: readDocument(file) }));
  // Nothing is run, but expressions are parsed in a cell.
  if (texts.some(({ text }) => hasExpressions(text))) await chambers.expect({ guests: 1, warm: "javascript" });
  const checked: CheckedDocument[] = [];
  for (const { file, text } of texts) {
    checked.push(
      await checkDocument(file, text, policy, { sandbox: chambers, isolationKey: "glovebox validate", signal: interrupt.signal }),
    );
    if (interrupt.exitCode !== undefined) return interrupt.exitCode;
  }
  if (flags.json === true) {
    const documents = checked.map(({ workflow, problems, source }) => ({
      file: source.file,
      valid: workflow !== undefined,
      problems: problemsAsJson(problems, source),
    }));
    process.stdout.write(printedJson({ version: VERSION, documents }));
  } else process.stdout.write(checked.map((document) => `${verdict(document, paintFor(process.stdout)).join("\n")}\n`).join(""));
  return checked.every(({ workflow }) => workflow !== undefined) ? EXIT.done : EXIT.problems;
}

function verdict({ workflow, problems, source }: CheckedDocument, paint: Paint): string[] {
  const errors = problems.filter(({ severity }) => severity === "error").length;
  const warnings = problems.length - errors;
  const found = [...(errors > 0 ? [plural(errors, "error")] : []), ...(warnings > 0 ? [plural(warnings, "warning")] : [])].join(", ");
  const state =
    workflow === undefined
      ? paint("red", found)
      : `${paint("green", "valid")}, ${plural(workflow.steps.length, "step")}${found === "" ? "" : `, ${found}`}`;
  return [...problemLines(problems, source, paint), `${source.file}: ${state}`];
}
