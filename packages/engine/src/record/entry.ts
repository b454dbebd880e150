import type { AuditEntry, HostLimits, HttpGrant, Json, Limits, LogEntry, Outcome, Transcript, Usage } from "@glovebox/sandbox";
import type { AttemptResult, RunResult, StepResult } from "../run/result.ts";

/*
 * The entries of a record, one line each, in the order in which things ended. docs/records.md has them field by field. Times in them are
 * milliseconds since the start of the run.
 */

export const FORMAT = "glovebox-record";
/** Another number where a reader of this one would misunderstand. New members may come without that. */
export const VERSION = 1;

export type RecordEntry = RunEntry | GuestEntry | AttemptEntry | EndEntry;

/** The first line. */
export interface RunEntry {
  readonly kind: "run";
  readonly format: typeof FORMAT;
  readonly version: typeof VERSION;
  readonly runId: string;
  /** Says whose key signed it, and is not the key. */
  readonly keyId: string;
  /** As in `2026-11-21T04:15:00.123Z`. */
  readonly startedAt: string;
  readonly workflow: {
    readonly name: string;
    readonly file: string;
    /** SHA-256 of the document's text. */
    readonly sha256: string;
    readonly text?: string;
  };
  readonly input?: Json;
  readonly profile: string;
  /** Of Glovebox, of Node, and the platform that they ran on. */
  readonly versions: { readonly glovebox: string; readonly node: string; readonly platform: string };
  readonly leftOut?: LeftOut;
}

/**
 * Parts that are not here as they were. `too_large`: they are not here at all. `secret`: they held the value of a secret, and stand here
 * with a mark in its place. A guest that lacks a part that it was started with can't be run again.
 */
export type LeftOut = Readonly<Partial<Record<LeftOutPart, LeftOutReason>>>;
export type LeftOutPart = "text" | "guest" | "input" | "output" | "log" | "transcript" | "outputs" | "attempts";
export type LeftOutReason = "too_large" | "secret";

/** One guest that ran, and what it left behind. */
export interface GuestEntry {
  readonly kind: "guest";
  /** Null: the run's own, for its input and its outputs. */
  readonly step: string | null;
  /** From 1; of the run's own 0. */
  readonly attempt: number;
  readonly purpose: GuestPurpose;
  readonly guest: RecordedGuest;
  readonly input?: Json;
  readonly limits: Partial<Limits>;
  readonly hostLimits: Partial<HostLimits>;
  readonly grants: RecordedGrants;
  /** What stood around its cell, where that is known. */
  readonly isolation?: string;
  readonly startedMs: number;
  readonly endedMs: number;
  /** Of one whose output is left out, `output` is missing. */
  readonly outcome: Outcome | { readonly kind: "completed" };
  readonly usage: Usage;
  readonly log: readonly LogEntry[];
  readonly audit: readonly AuditEntry[];
  readonly transcript?: Transcript;
  readonly leftOut?: LeftOut;
}

/** `work`: the step's own; `expression`: it evaluated expressions of the document; `schema`: it checked a value. */
export type GuestPurpose = "work" | "expression" | "schema";

/** A guest without its bytes. What is missing is left out, and `leftOut` says so. */
export type RecordedGuest =
  | {
      readonly kind: "python";
      readonly code?: string;
      readonly imports?: readonly string[];
      readonly packages?: readonly RecordedFile[];
      readonly filename?: string;
    }
  | { readonly kind: "javascript" | "typescript"; readonly code?: string; readonly filename?: string }
  | {
      readonly kind: "module";
      readonly file: RecordedFile;
      readonly name?: string;
      readonly arguments?: readonly string[];
      readonly environment?: Readonly<Record<string, string>>;
      readonly directories?: readonly RecordedDirectory[];
      readonly stdout?: "json" | "text";
    }
  | { readonly kind: "schema"; readonly schema?: Json }
  /** Programs of ours, which no run has. */
  | { readonly kind: "syntax" | "outline" };

/** A file by its digest. With `path` (absolute) it was read from there, with `content` (base64) it is here. */
export interface RecordedFile {
  readonly name: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly path?: string;
  readonly content?: string;
}

export interface RecordedDirectory {
  readonly name: string;
  readonly readOnly?: boolean;
  readonly entries: readonly RecordedNode[];
}

export type RecordedNode =
  | { readonly kind: "file"; readonly file: RecordedFile }
  | { readonly kind: "directory"; readonly name: string; readonly entries: readonly RecordedNode[] };

/** Grants as they were given. Of secrets the names, of files the contents' digests. */
export interface RecordedGrants {
  readonly http?: readonly HttpGrant[];
  readonly secrets?: readonly string[];
  readonly files?: readonly { readonly name: string; readonly path: string; readonly sha256?: string; readonly bytes?: number }[];
}

export interface AttemptEntry {
  readonly kind: "attempt";
  readonly step: string;
  readonly attempt: AttemptResult;
  readonly leftOut?: LeftOut;
}

/** The last line. A record without it was cut off, or its run was killed. */
export interface EndEntry {
  readonly kind: "end";
  /** Missing: the run was refused before any step began. */
  readonly result?: RecordedResult;
  readonly refused?: { readonly code: string; readonly message: string };
  /** Entries that are not in the record, because it would have become too large. */
  readonly entriesMissing?: number;
  readonly leftOut?: LeftOut;
}

/** The run's result. Attempts are entries of their own. */
export type RecordedResult = Omit<RunResult, "steps"> & { readonly steps: readonly RecordedStep[] };
export type RecordedStep = Omit<StepResult, "attempts" | "outcome"> & {
  readonly outcome?: NonNullable<StepResult["outcome"]> | { readonly kind: "completed" };
};
