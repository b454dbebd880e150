import { lstatSync } from "node:fs";
import { unlink } from "node:fs/promises";
import { join } from "node:path";
import { recordedRuns } from "./find.ts";
import { beganAt, recordName } from "./place.ts";
import { stateOf } from "./private.ts";

/** Which records stay. All of it holds at once. */
export interface Retention {
  /** The latest ones. */
  readonly runs: number;
  readonly days: number;
  /** Of all files together. */
  readonly bytes: number;
}

export const DEFAULT_RETENTION: Retention = { runs: 1_000, days: 30, bytes: 1024 * 2 ** 20 };

const DAY_MS = 86_400_000;

/**
 * Removes the oldest records of a directory until what is left is what may stay. Only files that have a record's name are touched.
 * @param keep the run that is being recorded: it stays, as one of `runs`; how large it will be nobody knows yet
 * @returns why some of them could not be removed; undefined: all were
 */
export async function removeOldRecords(
  directory: string,
  { runs, days, bytes }: Retention,
  { keep, now }: { readonly keep: string; readonly now: Date },
): Promise<string | undefined> {
  let failure: string | undefined;
  let kept = 1;
  let total = 0;
  for (const runId of recordedRuns(directory)) {
    if (runId === keep) continue;
    const file = join(directory, recordName(runId));
    const size = sizeOf(file);
    if (size === undefined) continue;
    const young = now.getTime() - beganAt(runId).getTime() <= days * DAY_MS;
    if (young && kept < runs && total + size <= bytes) {
      kept++;
      total += size;
    } else {
      // Whatever is older goes too: a small old record does not outlive a large newer one.
      total = Number.POSITIVE_INFINITY;
      failure ??= await remove(file);
    }
  }
  return failure;
}

/** Undefined: it is no plain file, or another run has just removed it. For a thousand files a tenth of what promises cost. */
function sizeOf(file: string): number | undefined {
  const stats = lstatSync(file, { throwIfNoEntry: false });
  return stats?.isFile() === true ? stats.size : undefined;
}

async function remove(file: string): Promise<string | undefined> {
  try {
    await unlink(file);
    return undefined;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    return `${file}: ${stateOf(error)}`;
  }
}
