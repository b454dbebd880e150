import type { Json } from "./json.ts";
import type { LimitName } from "./limits.ts";
import type { ReplayReport, Transcript } from "./transcript/transcript.ts";

/** How a guest ended. What a guest does is data: none of these is ever thrown. */
export type Outcome =
  | { readonly kind: "completed"; readonly output: Json }
  | { readonly kind: "failed"; readonly error: GuestError }
  | { readonly kind: "trapped"; readonly trap: TrapCode; readonly detail?: string }
  | { readonly kind: "exhausted"; readonly limit: LimitName; readonly used: number; readonly max: number; readonly error?: GuestError }
  /** A host function said no and the guest did not handle it. `reason` is the operator's: a guest is never told. */
  | { readonly kind: "refused"; readonly hostFunction: string; readonly reason: string }
  | { readonly kind: "cancelled" };

/**
 * An error that the guest's own program ended with. All text in it was written by the guest: it is cut to
 * {@link GUEST_TEXT_MAX} characters, control characters are replaced, and nothing of ours is mixed into it.
 */
export interface GuestError {
  /** The class, such as `ZeroDivisionError` or `TypeError`. */
  readonly name: string;
  readonly message: string;
  /** The traceback as the language prints it, with the user's own lines and numbers and no frame of ours. */
  readonly traceback: string;
  /** 1-based line in the user's code, where one is known. */
  readonly line?: number;
  /** 1-based column in the user's code, where one is known. */
  readonly column?: number;
}

/** Characters of one guest text (a message, a traceback) that are kept. */
export const GUEST_TEXT_MAX = 16_384;

/** Why WebAssembly stopped, or why the cell could not say. */
export type TrapCode =
  | "unreachable"
  | "out_of_bounds" // memory or table access
  | "division_by_zero"
  | "integer_overflow"
  | "indirect_call" // null or of another type
  | "uncaught_exception" // a WebAssembly exception left the guest
  | "aborted" // the runtime inside gave up (abort, failed assertion)
  | "cell_died" // the process or thread ended by itself
  | "protocol" // a frame that no honest cell sends
  | "other";

/** What an attempt cost. Times are milliseconds, sizes bytes. */
export interface Usage {
  /** From the request being handed to the cell to its answer. */
  readonly wallMs: number;
  /** CPU of the executing thread during the attempt: compiling a module that its cell did not have is part of it. */
  readonly cpuMs: number;
  /** Making the instance that served this attempt; most often done ahead, while the cell was idle. */
  readonly instantiateMs: number;
  /** The largest linear memory during the attempt, whole (base included). */
  readonly peakMemoryBytes: number;
  /** What the guest spent, where `limits.fuel` was given and its cell lived to tell. */
  readonly fuel?: number;
  /** Growths of memory that were denied. The guest may have survived them. */
  readonly growthsDenied: number;
  readonly inputBytes: number;
  readonly outputBytes: number;
  readonly logBytes: number;
  /** Host calls by function. */
  readonly hostCalls: Readonly<Record<string, number>>;
}

/** One attempt, told in full. */
export interface GuestReport {
  readonly outcome: Outcome;
  readonly usage: Usage;
  /** What the guest printed and logged, in order, capped by `limits.logBytes`, control sequences neutralised. */
  readonly log: readonly LogEntry[];
  /** What it asked of the host, in order: requests, secrets, and all that was refused. The first thousand. */
  readonly audit: readonly AuditEntry[];
  /** Where `Request.record` was given. */
  readonly transcript?: Transcript;
  /** Where `Request.replay` was given. */
  readonly replay?: ReplayReport;
}

/** One thing that a guest asked of the host. For the operator: the guest never sees it, nor may another one. */
export interface AuditEntry {
  /** Such as `http_request`. */
  readonly hostFunction: string;
  readonly verdict: "given" | "refused" | "failed" | "exhausted";
  /** Of what: an address, a secret's name. The guest's words, cut and neutralised, its secrets taken out. */
  readonly subject: string;
  /** Why, or how it went. Our words. */
  readonly reason: string;
  /** Milliseconds since the attempt started. */
  readonly atMs: number;
}

export interface LogEntry {
  readonly level: LogLevel;
  readonly message: string;
}

export type LogLevel = "debug" | "info" | "warning" | "error";
