import { findRecord, type RunRecord, readKeys, readRecord, recordsDirectory } from "@glovebox/engine/records";
import { EXIT, Refusal } from "./exit.ts";
import { ownData } from "./own-data.ts";
import { paintFor } from "./report/paint.ts";
import { recordLines } from "./report/record.ts";
import { printedJson, roomOf, shownLine } from "./report/shown.ts";

export interface ShowFlags {
  readonly step?: string;
  readonly unverified?: boolean;
  readonly json?: boolean;
}

/** Of what `--json` prints. It grows by new members only. */
const VERSION = 1;

/** `glovebox show`. The exit code. */
export function show(run: string, { step, unverified = false, json = false }: ShowFlags): number {
  const record = openRecord(run, unverified);
  if (step !== undefined) checkStep(record, step);
  const { stdout } = process;
  if (json) stdout.write(printedJson({ version: VERSION, ...only(record, step) }));
  else stdout.write(`${recordLines(record, step, roomOf(stdout), paintFor(stdout)).join("\n")}\n`);
  return EXIT.done;
}

/** The record that a person means, of this installation's or in a file. */
export function openRecord(run: string, unverified = false): RunRecord {
  const data = ownData();
  return readRecord(findRecord(recordsDirectory(data), run), { keys: readKeys(data), unverified });
}

/** @throws Refusal where the run has no such step, as far as its record knows */
export function checkStep({ guests, attempts, end }: RunRecord, step: string): void {
  const ids = new Set([
    ...(end?.result?.steps.map(({ id }) => id) ?? []),
    ...guests.map(({ step: id }) => id).filter((id) => id !== null),
    ...attempts.map(({ step: id }) => id),
  ]);
  if (ids.has(step)) return;
  const known = ids.size === 0 ? "it has none" : `its steps are ${shownLine([...ids].join(", "), KNOWN_COLUMNS)}`;
  throw new Refusal(`Cannot find step ${JSON.stringify(step)} in the run's record: ${known}`);
}

const KNOWN_COLUMNS = 300;

function only(record: RunRecord, step: string | undefined): RunRecord {
  if (step === undefined) return record;
  return {
    ...record,
    guests: record.guests.filter((guest) => guest.step === step),
    attempts: record.attempts.filter((attempt) => attempt.step === step),
  };
}
