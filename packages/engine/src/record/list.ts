import { join } from "node:path";
import { GloveboxError } from "@glovebox/sandbox";
import { recordedRuns } from "./find.ts";
import type { RecordKeys } from "./key.ts";
import { recordName } from "./place.ts";
import { readRecord } from "./read.ts";

/** One run in a list of runs. */
export interface RecordSummary {
  readonly runId: string;
  /** `refused`: before any step began; `unfinished`: it goes on, was killed, or its record was cut off; the last three: nothing more is said. */
  readonly state: "succeeded" | "failed" | "cancelled" | "refused" | "unfinished" | "edited" | "foreign" | "unreadable";
  readonly workflow?: string;
  readonly startedAt?: string;
  readonly wallMs?: number;
}

/** The runs that have a record in a directory, the latest first. Each record is verified: what was edited tells nothing of its run. */
export function listRecords(
  directory: string,
  { keys, limit }: { readonly keys: RecordKeys | undefined; readonly limit: number },
): { readonly records: readonly RecordSummary[] /** How many there are besides. */; readonly more: number } {
  const all = recordedRuns(directory);
  const records = all.slice(0, limit).map((runId) => summaryOf(directory, runId, keys));
  return { records, more: all.length - records.length };
}

function summaryOf(directory: string, runId: string, keys: RecordKeys | undefined): RecordSummary {
  try {
    const { run, end } = readRecord(join(directory, recordName(runId)), { keys });
    const state = end === undefined ? "unfinished" : end.result === undefined ? "refused" : end.result.state;
    return {
      runId,
      state,
      workflow: run.workflow.name,
      startedAt: run.startedAt,
      ...(end?.result === undefined ? {} : { wallMs: end.result.wallMs }),
    };
  } catch (error) {
    if (!(error instanceof GloveboxError)) throw error;
    return { runId, state: error.code === "RECORD_EDITED" ? "edited" : error.code === "RECORD_FOREIGN" ? "foreign" : "unreadable" };
  }
}
