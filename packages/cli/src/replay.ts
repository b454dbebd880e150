import { findSecrets, type ReplayedGuest, type RunRecord, readKeys, replayRecord } from "@glovebox/engine/records";
import { Chambers } from "./chambers.ts";
import { EXIT, Refusal } from "./exit.ts";
import { Interrupt } from "./interrupt.ts";
import { readOperator } from "./operator.ts";
import { ownData } from "./own-data.ts";
import { paintFor } from "./report/paint.ts";
import { verificationLine } from "./report/record.ts";
import { replayedLines, replaySummary } from "./report/replay.ts";
import { printedJson, shownLine } from "./report/shown.ts";
import { checkStep, openRecord } from "./show.ts";

export interface ReplayFlags {
  readonly secret?: readonly string[];
  readonly config?: string;
  readonly json?: boolean;
}

/** Of what `--json` prints. It grows by new members only. */
const VERSION = 1;
const NAME_COLUMNS = 200;

/** `glovebox replay`. Resolves to the exit code. */
export async function replay(run: string, step: string | undefined, flags: ReplayFlags): Promise<number> {
  const record = openRecord(run);
  if (step !== undefined) checkStep(record, step);
  const keys = readKeys(ownData());
  if (keys === undefined) throw new Error("assertion: a record was verified without a key");
  const operator = readOperator(flags);
  const secrets = await findSecrets(flags.secret ?? [], operator.secretSources);
  await using chambers = new Chambers(1);
  using interrupt = new Interrupt(() => chambers.kill());
  chambers.require(operator.isolation);
  if (!operator.weakIsolation) await checkIsolation(record, step, chambers);
  const { stdout } = process;
  const paint = paintFor(stdout);
  const isJson = flags.json === true;
  if (!isJson) stdout.write(`${headLines(record, step).join("\n")}\n`);
  const guests = await replayRecord(record, {
    sandbox: chambers,
    keys,
    secrets,
    ...(step === undefined ? {} : { step }),
    signal: interrupt.signal,
    onGuest: (guest) => {
      if (!isJson) stdout.write(`${replayedLines(guest, paint).join("\n")}\n`);
    },
  });
  if (interrupt.exitCode !== undefined) return interrupt.exitCode;
  const direct = directSteps(record, step);
  if (isJson) {
    stdout.write(
      printedJson({ version: VERSION, runId: record.run.runId, file: record.file, guests: guests.map(asJson), notRunAgain: direct }),
    );
  } else {
    const others =
      direct.length === 0
        ? []
        : [`  ${paint("dim", "–")} ran in the host, and is not run again: ${shownLine(direct.join(", "), NAME_COLUMNS)}`];
    stdout.write(`${[...others, replaySummary(guests)].join("\n")}\n`);
  }
  return exitCodeOf(guests);
}

/** What ran inside of a wrapper does not run again without one. */
async function checkIsolation({ guests }: RunRecord, step: string | undefined, chambers: Chambers): Promise<void> {
  const chosen = guests.filter((guest) => step === undefined || guest.step === step);
  const level = chosen.map(({ isolation }) => isolation).find((known) => known !== undefined && known !== "none");
  if (level === undefined || (await chambers.isolation()) !== "none") return;
  const words = `its guests ran inside of ${shownLine(level, NAME_COLUMNS)}, and cells have no wrapper now`;
  throw new Refusal(`Cannot replay: ${words} ("weakIsolation: true" in the configuration puts up with that)`, EXIT.failure);
}

function headLines(record: RunRecord, step: string | undefined): string[] {
  const { run } = record;
  return [
    verificationLine(record, paintFor(process.stdout)),
    `${shownLine(run.workflow.file, NAME_COLUMNS)}: run ${shownLine(run.runId, NAME_COLUMNS)}${step === undefined ? "" : `, step ${shownLine(step, NAME_COLUMNS)}`}, again from its record`,
  ];
}

/** Steps that began and had no guest: tools, which run in the host. They are never called again. */
function directSteps({ attempts, guests }: RunRecord, only: string | undefined): readonly string[] {
  const steps = new Set(attempts.map(({ step }) => step).filter((step) => only === undefined || step === only));
  return [...steps].filter((step) => !guests.some((guest) => guest.step === step));
}

function asJson({ entry, verdict, usage, otherRuntime }: ReplayedGuest): object {
  const { step, attempt, purpose, guest } = entry;
  return {
    step,
    attempt,
    purpose,
    kind: guest.kind,
    verdict,
    ...(usage === undefined ? {} : { usage }),
    ...(otherRuntime === undefined ? {} : { otherRuntime }),
  };
}

function exitCodeOf(guests: readonly ReplayedGuest[]): number {
  const kinds = new Set(guests.map(({ verdict }) => verdict.kind));
  if (kinds.has("different")) return EXIT.runFailed;
  if (kinds.has("same") || kinds.has("not_comparable")) return EXIT.done;
  throw new Refusal("Cannot replay: none of the guests in the record can be run again");
}
