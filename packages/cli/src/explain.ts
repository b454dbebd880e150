import { BUILTIN_TOOLS, explainWorkflow, problemsAsJson, toolsByName } from "@glovebox/engine";
import { Chambers } from "./chambers.ts";
import { checkDocument } from "./check-document.ts";
import { readDocument } from "./document.ts";
import { EXIT } from "./exit.ts";
import { Interrupt } from "./interrupt.ts";
import { type OperatorFlags, readOperator } from "./operator.ts";
import { explanationLines } from "./report/explanation.ts";
import { paintFor } from "./report/paint.ts";
import { problemLines } from "./report/problems.ts";
import { printedJson } from "./report/shown.ts";

export interface ExplainFlags extends OperatorFlags {
  readonly json?: boolean;
}

/** Of what `--json` prints. It grows by new members only. */
const VERSION = 1;

/** `glovebox explain`. Nothing is run but the check of the document. Resolves to the exit code. */
export async function explain(file: string, flags: ExplainFlags): Promise<number> {
  const operator = readOperator(flags);
  await using chambers = new Chambers(1);
  using interrupt = new Interrupt(() => chambers.kill());
  chambers.require(operator.isolation);
  const surroundings = { sandbox: chambers, isolationKey: "glovebox explain", signal: interrupt.signal };
  const { workflow, problems, source } = await checkDocument(file, readDocument(file), operator.policy, surroundings);
  if (interrupt.exitCode !== undefined) return interrupt.exitCode;
  const explanation = workflow && explainWorkflow(workflow, operator.policy, toolsByName(BUILTIN_TOOLS));
  const { stdout, stderr } = process;
  if (flags.json === true) {
    const configuration = operator.file === undefined ? {} : { configuration: operator.file };
    stdout.write(printedJson({ version: VERSION, file, ...configuration, problems: problemsAsJson(problems, source), ...explanation }));
  } else {
    for (const line of problemLines(problems, source, paintFor(stderr))) stderr.write(`${line}\n`);
    if (explanation !== undefined) {
      for (const line of explanationLines(explanation, operator.file, paintFor(stdout))) stdout.write(`${line}\n`);
    }
  }
  return explanation === undefined ? EXIT.problems : EXIT.done;
}
