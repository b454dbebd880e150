import { randomUUID } from "node:crypto";
import { GloveboxError, type GuestReport, type Outcome, secretsOf, type Transcript, type Usage } from "@glovebox/sandbox";
import type { GuestRunner } from "../steps/context.ts";
import { type Difference, differences } from "./compare.ts";
import type { GuestEntry } from "./entry.ts";
import type { RecordKeys } from "./key.ts";
import type { RunRecord } from "./read.ts";
import { RecordedFiles, rebuildGuest, Unbuildable } from "./rebuild.ts";

export interface ReplayOptions {
  /** Where guests run again. It stays the caller's. */
  readonly sandbox: GuestRunner;
  /** Those that the record was verified with. */
  readonly keys: RecordKeys;
  /** Missing: all steps, and the run's own guests. */
  readonly step?: string;
  /** Values of the secrets that guests are told again which were told them then. */
  readonly secrets: ReadonlyMap<string, string>;
  readonly signal?: AbortSignal;
  /** Called for each guest when it is done with. */
  readonly onGuest?: (guest: ReplayedGuest) => void;
}

/** One guest of a record, and what came of running it again. */
export interface ReplayedGuest {
  readonly entry: GuestEntry;
  readonly verdict: Verdict;
  /** What it cost this time. Missing: it was not run. */
  readonly usage?: Usage;
  /** The frozen runtime is another one than it had then. */
  readonly otherRuntime?: true;
}

type Verdict =
  | { readonly kind: "same" }
  | { readonly kind: "different"; readonly differences: readonly Difference[] }
  /** It was run, but where it ended depends on the clock. */
  | { readonly kind: "not_comparable"; readonly why: string }
  | { readonly kind: "not_run"; readonly why: string /** Secrets that it would have to be told. */; readonly secrets?: readonly string[] };

/**
 * Runs guests of a record again, one after the other, each from its transcript: with no grants, no network, no files. Nothing else of the run
 * happens again: no tool is called, and no step gets another one's new output.
 */
export async function replayRecord(record: Pick<RunRecord, "guests">, options: ReplayOptions): Promise<readonly ReplayedGuest[]> {
  const files = new RecordedFiles();
  const isolationKey = `replay ${randomUUID()}`;
  const replayed: ReplayedGuest[] = [];
  for (const entry of record.guests) {
    if (options.step !== undefined && entry.step !== options.step) continue;
    if (options.signal?.aborted === true) break;
    const guest = await replayGuest(entry, files, isolationKey, options);
    options.onGuest?.(guest);
    replayed.push(guest);
  }
  return replayed;
}

async function replayGuest(
  entry: GuestEntry,
  files: RecordedFiles,
  isolationKey: string,
  { sandbox, keys, secrets, signal }: ReplayOptions,
): Promise<ReplayedGuest> {
  const { transcript, leftOut, outcome } = entry;
  const notRun = (why: string): ReplayedGuest => ({ entry, verdict: { kind: "not_run", why } });
  if (outcome.kind === "cancelled") return notRun("it was cancelled: where it would have ended is not known");
  for (const part of ["guest", "input", "transcript"] as const) {
    const reason = leftOut?.[part];
    if (reason !== undefined)
      return notRun(`its ${WORDS[part]} ${reason === "secret" ? "held a secret, and is" : "was too large, and is"} not in the record`);
  }
  if (transcript === undefined) return notRun("it was recorded without a transcript");
  const told = [...secretsOf(transcript).keys()];
  const lacking = told.filter((name) => !secrets.has(name));
  if (lacking.length > 0) {
    const names = lacking.map((name) => `"${name}"`).join(", ");
    return { entry, verdict: { kind: "not_run", why: `it was told the secret ${names}, and may not be told again`, secrets: lacking } };
  }
  let report: GuestReport;
  try {
    report = await sandbox.run({
      guest: await rebuildGuest(entry.guest, files),
      ...(entry.input === undefined ? {} : { input: entry.input }),
      limits: transcript.limits,
      replay: { transcript, key: keys.transcript },
      ...(told.length === 0 ? {} : { grants: { replay: told }, secrets: new Map(told.map((name) => [name, secrets.get(name) ?? ""])) }),
      isolationKey,
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    if (error instanceof Unbuildable) return notRun(error.message);
    if (error instanceof GloveboxError && !OURS.has(error.code)) return notRun(`${error.message} [${error.code}]`);
    throw error;
  }
  return {
    entry,
    verdict: judge(entry, report, transcript),
    usage: report.usage,
    ...(report.replay?.sameRuntime === false ? { otherRuntime: true } : {}),
  };
}

const WORDS = { guest: "program", input: "input", transcript: "transcript" } as const;

/** Codes that say nothing of the guest: no other one would run either. */
const OURS: ReadonlySet<string> = new Set([
  "RUNTIME_MISSING",
  "RUNTIME_CORRUPT",
  "CELL_START_FAILED",
  "ISOLATION_UNAVAILABLE",
  "SANDBOX_CLOSED",
]);

function judge(then: GuestEntry, now: GuestReport, transcript: Transcript): Verdict {
  if (now.replay === undefined) return { kind: "not_run", why: "this sandbox runs no guest again" };
  // It was stopped for asking for something else, which is no more the machine's doing than another output is.
  if (now.replay.divergence?.at === "call" && transcript.clock !== "unknown")
    return { kind: "different", differences: differences(then, now) };
  const ends = [stopped(then.outcome), stopped(now.outcome)];
  if (ends.some((words) => words !== undefined)) {
    const [before = ended(then.outcome), after = ended(now.outcome)] = ends;
    return { kind: "not_comparable", why: before === after ? `${before}, then and now` : `then ${before}, now ${after}` };
  }
  const found = differences(then, now);
  if (found.length === 0) return { kind: "same" };
  // Without its readings the guest's clock is the host's, and what comes of it is no difference of the guest's.
  if (transcript.clock === "unknown") return { kind: "not_comparable", why: "what its clock said is not known" };
  return { kind: "different", differences: found };
}

/** Where a guest was stopped by time, or by what is no fault of its own. */
function stopped(outcome: Outcome | { readonly kind: "completed" }): string | undefined {
  if (outcome.kind === "cancelled") return "it waited for an answer that never came";
  if (outcome.kind === "exhausted" && (outcome.limit === "cpu" || outcome.limit === "wall")) {
    return `it was stopped at its limit of ${outcome.limit === "cpu" ? "CPU" : "wall"} time`;
  }
  return outcome.kind === "trapped" && outcome.trap === "cell_died" ? "its cell died" : undefined;
}

function ended(outcome: Outcome | { readonly kind: "completed" }): string {
  return outcome.kind === "exhausted" ? `it was stopped at its limit (${outcome.limit})` : `it ended as ${outcome.kind}`;
}
