import { createHash } from "node:crypto";
import {
  type GloveboxError,
  type GuestReport,
  holdsSecret,
  type Json,
  type RecordRequest,
  Redactor,
  type Transcript,
} from "@glovebox/sandbox";
import type { GuestRequest } from "../expression/evaluate.ts";
import type { AttemptResult, RunResult } from "../run/result.ts";
import type { Workflow } from "../workflow/document.ts";
import {
  FORMAT,
  type GuestEntry,
  type GuestPurpose,
  type LeftOutPart,
  type LeftOutReason,
  type RecordedGuest,
  type RunEntry,
  VERSION,
} from "./entry.ts";
import { recordedGrants, recordedGuest, type SourceOf } from "./guest.ts";
import type { RunRecorder } from "./recorder.ts";
import { recordedResult, redactAttempt, redactAudit, redactLog, redactResult } from "./redact.ts";

/** Bytes of one guest's input, and of its output, that are kept. */
const INPUT_BYTES_MAX = 4 * 2 ** 20;
const OUTPUT_BYTES_MAX = 4 * 2 ** 20;
const LOG_BYTES_MAX = 2 ** 20;

/** Whose a guest is. */
export interface GuestPlace {
  /** Null: the run's own. */
  readonly step: string | null;
  readonly attempt: number;
}

export interface NotesOptions {
  readonly recorder: RunRecorder;
  /** All of the run's. */
  readonly secrets: ReadonlyMap<string, string>;
  readonly sourceOf: SourceOf;
  /** Milliseconds since the start of the run. */
  readonly now: () => number;
  /** What stands around cells. */
  readonly isolation?: () => Promise<string>;
}

/** Makes the entries of one run's record, without secrets and without what is too large. */
export class RunNotes {
  /** Milliseconds since the start of the run. */
  readonly now: () => number;
  /** For every guest of the run. */
  readonly request: RecordRequest;
  readonly #options: NotesOptions;
  readonly #redactor: Redactor | undefined;
  #isolation: string | undefined;

  constructor(options: NotesOptions) {
    this.#options = options;
    this.now = options.now;
    this.request = options.recorder.request;
    this.#redactor = options.secrets.size === 0 ? undefined : new Redactor(options.secrets);
  }

  begin(workflow: Pick<Workflow, "name" | "file">, input: Json, profile: string): void {
    this.#options.recorder.write(() => this.#runEntry(workflow, input, profile));
  }

  #runEntry({ name, file }: Pick<Workflow, "name" | "file">, input: Json, profile: string): RunEntry {
    const { runId, keyId, startedAt, document, versions } = this.#options.recorder.about;
    const leftOut = new Map<LeftOutPart, LeftOutReason>();
    const kept = JSON.stringify(input).length <= INPUT_BYTES_MAX ? this.#clean("input", input, leftOut) : undefined;
    if (kept === undefined) leftOut.set("input", "too_large");
    const text = this.#clean("text", document, leftOut) as string;
    return {
      kind: "run",
      format: FORMAT,
      version: VERSION,
      runId,
      keyId,
      startedAt: startedAt.toISOString(),
      workflow: {
        name: this.#text(name),
        file: this.#text(file),
        // Of what stands here: whoever knows the rest of a text could try secrets against the digest of all of it.
        sha256: createHash("sha256").update(text).digest("hex"),
        text,
      },
      ...(kept === undefined ? {} : { input: kept }),
      profile,
      versions,
      ...named(leftOut),
    };
  }

  async guest(
    place: GuestPlace,
    request: GuestRequest & { readonly purpose?: GuestPurpose },
    report: GuestReport,
    startedMs: number,
  ): Promise<void> {
    const endedMs = this.now();
    // Its cell has been started: this asks nobody, and is not waited for more than once.
    this.#isolation ??= await this.#options.isolation?.();
    const isolation = this.#isolation;
    this.#options.recorder.write(() => this.#guestEntry(place, request, report, { startedMs, endedMs }, isolation));
  }

  attempt(step: string, attempt: AttemptResult): void {
    this.#options.recorder.write(() => ({
      kind: "attempt",
      step,
      attempt: this.#redactor === undefined ? attempt : redactAttempt(attempt, this.#redactor),
    }));
  }

  end(result: RunResult): void {
    this.#options.recorder.write(() => ({
      kind: "end",
      result: recordedResult(this.#redactor === undefined ? result : redactResult(result, this.#redactor)),
    }));
  }

  /** The run was refused before any of its steps began. */
  refused({ code, message }: GloveboxError): void {
    this.#options.recorder.write(() => ({ kind: "end", refused: { code, message: this.#text(message) } }));
  }

  #guestEntry(
    place: GuestPlace,
    request: GuestRequest & { readonly purpose?: GuestPurpose },
    { outcome, usage, log, audit, transcript }: GuestReport,
    times: Pick<GuestEntry, "startedMs" | "endedMs">,
    isolation: string | undefined,
  ): GuestEntry {
    const redactor = this.#redactor;
    const leftOut = new Map<LeftOutPart, LeftOutReason>();
    const { guest, whole } = recordedGuest(request.guest, this.#options.sourceOf);
    const started = { ...(this.#clean("guest", guest, leftOut) as RecordedGuest), kind: guest.kind } as RecordedGuest;
    if (!whole) leftOut.set("guest", "too_large");
    const { input } = request;
    const keptInput = input === undefined || input instanceof Uint8Array || usage.inputBytes > INPUT_BYTES_MAX ? undefined : input;
    if (input !== undefined && keptInput === undefined) leftOut.set("input", "too_large");
    if (usage.logBytes > LOG_BYTES_MAX) leftOut.set("log", "too_large");
    if (outcome.kind === "completed" && usage.outputBytes > OUTPUT_BYTES_MAX) leftOut.set("output", "too_large");
    // A guest's own secrets have been taken out already: what changes here is what no replay will come to.
    const keptLog = redactor === undefined ? log : redactLog(log, redactor);
    if (!leftOut.has("log") && isChanged(keptLog, log)) leftOut.set("log", "secret");
    const keptOutcome = redactor?.outcome(outcome) ?? outcome;
    if (!leftOut.has("output") && isChanged(keptOutcome, outcome)) leftOut.set("output", "secret");
    const cleanInput = keptInput === undefined ? undefined : this.#clean("input", keptInput, leftOut);
    if (transcript !== undefined && this.#wouldTell(transcript, leftOut)) leftOut.set("transcript", "secret");
    const told = leftOut.has("transcript") ? undefined : transcript;
    const grants = recordedGrants(request.grants, told);
    return {
      kind: "guest",
      ...place,
      purpose: request.purpose ?? (guest.kind === "schema" ? "schema" : "work"),
      guest: started,
      ...(cleanInput === undefined ? {} : { input: cleanInput }),
      limits: request.limits ?? {},
      hostLimits: request.hostLimits ?? {},
      grants: redactor === undefined ? grants : (redactor.json(grants as unknown as Json) as typeof grants),
      ...(isolation === undefined ? {} : { isolation }),
      ...times,
      outcome: leftOut.get("output") === "too_large" ? { kind: "completed" } : keptOutcome,
      usage,
      log: leftOut.get("log") === "too_large" ? [] : keptLog,
      audit: redactor === undefined ? audit : redactAudit(audit, redactor),
      ...(told === undefined ? {} : { transcript: told }),
      ...named(leftOut),
    };
  }

  /**
   * Whether a transcript says more of secrets than the rest of its entry. Its own guest's are references there; others of the run may be in what
   * it was told. Where its guest or its input had one, its digests are those of the whole.
   */
  #wouldTell(transcript: Transcript, leftOut: ReadonlyMap<LeftOutPart, LeftOutReason>): boolean {
    if (leftOut.get("guest") === "secret" || leftOut.get("input") === "secret") return true;
    return this.#redactor !== undefined && holdsSecret(transcript, this.#redactor);
  }

  #text(text: string): string {
    return this.#redactor?.text(text) ?? text;
  }

  /** The value without secrets; that it held one is noted. */
  #clean<T>(part: LeftOutPart, value: T, leftOut: Map<LeftOutPart, LeftOutReason>): Json {
    const clean = this.#redactor?.json(value as Json);
    if (clean !== undefined && clean !== value) leftOut.set(part, "secret");
    return clean ?? (value as Json);
  }
}

function isChanged(kept: unknown, whole: unknown): boolean {
  return kept !== whole && JSON.stringify(kept) !== JSON.stringify(whole);
}

function named(leftOut: ReadonlyMap<LeftOutPart, LeftOutReason>): Pick<GuestEntry, "leftOut"> {
  return leftOut.size === 0 ? {} : { leftOut: Object.fromEntries(leftOut) };
}
