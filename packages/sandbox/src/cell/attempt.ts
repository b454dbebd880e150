import type { Limits } from "../limits.ts";
import type { GuestError, LogLevel, TrapCode } from "../outcome.ts";
import type { HostFunctionName } from "./frame.ts";

/** How a guest ended, as its own cell saw it. Output bytes are not looked at here: the parent parses them. */
export type GuestEnd =
  | { readonly kind: "completed"; readonly form: "json" | "text"; readonly output: Uint8Array }
  | { readonly kind: "failed"; readonly error: GuestError }
  | { readonly kind: "trapped"; readonly trap: TrapCode; readonly detail?: string }
  | {
      readonly kind: "exhausted";
      readonly limit: "memory" | "stack" | "output" | "table" | "fuel";
      readonly used: number;
      readonly max: number;
      readonly error?: GuestError;
    };

/** Host functions that answer. */
export type AskedFunction = Exclude<HostFunctionName, "log">;

/**
 * What the host says to a call. A refusal is always the same: why is for the operator. `failed`: the call was granted and came to nothing;
 * the text says why, and may be shown to the guest.
 */
export type HostAnswer =
  | { readonly kind: "given"; readonly bytes: Uint8Array }
  | { readonly kind: "refused" }
  | { readonly kind: "failed"; readonly message: string };

/**
 * One attempt inside a cell: all the state that the guest's imports have. It is made when the guest is entered and dropped
 * when it ends, so nothing of it can reach the next guest.
 *
 * Imports validate and charge first, refuse by return value, and never rely on a throw to stop a guest: WebAssembly can catch
 * host exceptions. Once {@link over} is set every import does nothing.
 */
export interface Attempt {
  readonly limits: Limits;
  /** The attempt is over (the guest asked to exit, or an import threw by our mistake): imports refuse from now on. */
  over: boolean;
  /** Set by an `exit` import, before {@link over}. */
  exitStatus: number | undefined;
  /** Nanoseconds since the Unix epoch: the request's base plus what has passed, in steps of one millisecond. */
  wallClockNs(): bigint;
  /** Nanoseconds since the guest was entered, in steps of one millisecond. */
  monotonicNs(): bigint;
  /** Fills from the request's seed: the same seed gives the same bytes in the same order. */
  fillRandom(into: Uint8Array): void;
  /** Blocks the cell; costs wall time, not CPU. */
  sleepNs(nanoseconds: bigint): void;
  /** What the guest printed. The bytes are copied before it returns; beyond `limits.logBytes` the guest never returns from here. */
  log(level: LogLevel, text: Uint8Array): void;
  /**
   * Asks the host, and blocks the cell until it answers; a guest that is over a limit never returns from here. Costs wall time, not CPU.
   * `argument` is copied before this returns.
   */
  call(hostFunction: AskedFunction, argument: Uint8Array): HostAnswer;
  /** Bytes that one call's argument may have. What is larger ends the guest: whoever would have to copy it calls {@link callTooLarge}. */
  readonly callBytesMax: number;
  /** As {@link call} with so many bytes, which nobody copies. A guest does not return from here. */
  callTooLarge(hostFunction: AskedFunction, bytes: number): HostAnswer;
  /** Granted files by name. Nobody changes their bytes. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Called by whoever grants or denies a growth of linear memory. */
  readonly memory: { peakBytes: number; growthsDenied: number };
  /** Set by the chamber of a metered guest before it is entered: the clocks then run on what the guest has spent so far. */
  fuel: { readonly spent: number } | undefined;
}

/** A runtime or module that a cell has compiled and can enter, again and again, each time fresh. */
export interface Chamber {
  /**
   * Makes the next instance ready while the cell is idle. Called before the first attempt and after each one. `memoryBytes` is
   * what the next attempt most likely asks for; `enter` copes with another number.
   */
  prepare(memoryBytes: number): void;
  /** Runs one guest to its end. Never throws for what a guest does; a throw is our own mistake and replaces the cell. */
  enter(guest: EnteredGuest, attempt: Attempt): GuestEnd;
  /** Milliseconds that making the instance took which served the last attempt. */
  readonly instantiateMs: number;
  /** The last guest ended in a way after which nothing in this cell is to be trusted: the cell is replaced. */
  readonly spent: boolean;
  /** Tells that it is entered no more and kept by nobody. Missing: there is nothing to tell. */
  leave?(): void;
}

/** What a chamber is handed for one attempt: text as UTF-8, never parsed on the way. */
export interface EnteredGuest {
  /** Source code, or a schema as JSON. Empty for modules. */
  readonly code: Uint8Array;
  /** The input as JSON, or for `text` and `buffer` modules as it is. */
  readonly input: Uint8Array;
  readonly filename: string;
  /** Python's allow-list. */
  readonly imports: readonly string[] | undefined;
  /** Top-level modules of a Python guest's packages, which may be imported beside those of the allow-list. */
  readonly modules?: readonly string[];
  /** What a module is started with. Missing: its name alone. */
  readonly program?: Program;
  /** What the guest finds in its file system. */
  readonly directories?: readonly GivenDirectory[];
}

/** What a WASI program is started with. */
export interface Program {
  /** Its own name first. */
  readonly arguments: readonly string[];
  readonly environment: readonly (readonly [name: string, value: string])[];
  /** What it writes to standard output is a JSON value, or text. */
  readonly stdout: "json" | "text";
}

/** A directory in memory. What the guest changes in it is gone when the attempt is over. */
export interface GivenDirectory {
  readonly name: string;
  readonly readOnly: boolean;
  /** Files with their bytes, which nobody changes, and directories without, by their paths below it. */
  readonly entries: readonly (readonly [path: string, content: Uint8Array | undefined])[];
}
