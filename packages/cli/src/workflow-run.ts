import { type RunResult, runWorkflow, type Workflow } from "@glovebox/engine";
import type { Chambers } from "./chambers.ts";
import { checkDocument } from "./check-document.ts";
import { complaintOf } from "./complaint.ts";
import { EXIT } from "./exit.ts";
import { type InputFlags, readInput } from "./input.ts";
import type { Interrupt } from "./interrupt.ts";
import { type Operator, type OperatorFlags, readOperator } from "./operator.ts";
import { type RecordFlags, Recording } from "./recording.ts";
import { JsonReport, PersonReport, type RunReport } from "./run-report.ts";

export interface RunFlags extends InputFlags, OperatorFlags, RecordFlags {
  readonly json?: boolean;
  readonly folder?: string;
  readonly concurrency?: number;
  readonly cells?: number;
}

/** One call of `glovebox run`. Its parts stay the caller's. */
export interface RunCall {
  readonly file: string;
  /** Rejects where the file can't be read. */
  readonly text: Promise<string>;
  /** The input behind the file. */
  readonly argument: string | undefined;
  readonly flags: RunFlags;
  readonly chambers: Chambers;
  readonly interrupt: Interrupt;
}

/** All guests of one command are its user's own. */
const ISOLATION_KEY = "glovebox run";

/** Resolves to the exit code; whatever happens has been told by then. */
export async function checkAndRun(call: RunCall): Promise<number> {
  const { file, flags, interrupt } = call;
  const report: RunReport =
    flags.json === true ? new JsonReport(file) : new PersonReport(file, { folderNamed: flags.folder !== undefined });
  try {
    const operator = readOperator(flags);
    call.chambers.require(operator.isolation);
    const workflow = await check(call, operator, report);
    if (interrupt.exitCode !== undefined) return interrupt.exitCode;
    if (workflow === undefined) return EXIT.problems;
    const recording = Recording.open(flags, await call.text, operator.retention);
    try {
      const result = await execute(workflow, call, operator, report, recording);
      report.ended(workflow, result, operator.policy);
      if (result.state === "cancelled") return interrupt.exitCode ?? EXIT.failure;
      return result.state === "succeeded" ? EXIT.done : EXIT.runFailed;
    } finally {
      await recording.close();
    }
  } catch (error) {
    const { exitCode, ...complaint } = complaintOf(error);
    report.refused(complaint);
    return exitCode;
  }
}

/** The workflow as it is to be run; undefined: it is not, and that has been told. */
async function check(
  { file, text, flags, chambers, interrupt }: RunCall,
  { policy }: Operator,
  report: RunReport,
): Promise<Workflow | undefined> {
  const checked = await checkDocument(file, await text, policy, {
    sandbox: chambers,
    isolationKey: ISOLATION_KEY,
    signal: interrupt.signal,
  });
  if (interrupt.exitCode !== undefined) {
    report.refused({ message: `Cannot run ${file}: it was interrupted before it began` });
    return undefined;
  }
  report.checked(checked);
  if (checked.workflow === undefined || flags.concurrency === undefined) return checked.workflow;
  return { ...checked.workflow, maxConcurrency: flags.concurrency };
}

async function execute(
  workflow: Workflow,
  { argument, flags, chambers, interrupt }: RunCall,
  operator: Operator,
  report: RunReport,
  { runId, recorder }: Recording,
): Promise<RunResult> {
  const input = readInput(workflow, argument, flags);
  const { folder } = flags;
  using progress = report.progress(interrupt.signal);
  return await runWorkflow(workflow, {
    runId,
    ...(recorder === undefined ? {} : { record: recorder }),
    sandbox: chambers,
    isolationKey: ISOLATION_KEY,
    policy: operator.policy,
    secretSources: operator.secretSources,
    isolation: { level: () => chambers.isolation(), weakAllowed: operator.weakIsolation },
    signal: interrupt.signal,
    ...(input === undefined ? {} : { input }),
    ...(folder === undefined ? {} : { folder }),
    ...(progress === undefined ? {} : { onEvent: progress.receive }),
  });
}
