import type { HostLimits, HttpGrant, Json } from "@glovebox/sandbox";
import type { ProfileName } from "../policy/profile.ts";

/**
 * A workflow as every dialect is loaded into it. After loading nothing knows which dialect a document came from.
 * All times are milliseconds, all sizes bytes. Steps are in the order of the file.
 */
export interface Workflow {
  readonly name: string;
  readonly description?: string;
  /** The file as the user named it, for messages; relative paths in the document are relative to its folder. */
  readonly file: string;
  /** JSON Schema of a run's inputs. */
  readonly inputs?: Json;
  /** The profile that the document asks for; a step can ask for a stricter one. */
  readonly profile?: ProfileName;
  /** Secrets that steps may use. One that is not declared does not exist. */
  readonly secrets?: readonly DeclaredSecret[];
  readonly strategy: OrderingStrategy;
  readonly failureStrategy: FailureStrategy;
  readonly maxConcurrency: number;
  /** For the whole run; undefined: no bound of its own. */
  readonly timeoutMs?: number;
  /** How many ready steps are dispatched together (processors dialect); undefined: as many as fit. */
  readonly batchSize?: number;
  readonly steps: readonly Step[];
  /** Name to template; undefined: every step's output by its id. */
  readonly outputs?: Readonly<Record<string, Template>>;
  /** `text`: the run's input is one string that flows along the edges (processors dialect). */
  readonly payload: "json" | "text";
}

export interface DeclaredSecret {
  readonly name: string;
  readonly description?: string;
}

export type OrderingStrategy = "work_queue" | "level" | "reactive" | "hybrid";
export type FailureStrategy = "fail_fast" | "continue_on_error" | "best_effort";

/** JSON in which any string may hold `${{ ... }}`. */
export type Template = Json;

interface StepBase {
  readonly id: string;
  /** Where the step stands in its file. */
  readonly place: Place;
  /** Given and implied by references, without doubles, given ones first in the order given. */
  readonly dependsOn: readonly string[];
  /** An expression; the step is skipped where it is false. */
  readonly when?: string;
  /** `any`: under best_effort, runs with whichever dependencies succeeded. */
  readonly needs: "all" | "any";
  readonly retry: Retry;
  /** For one attempt, in addition to `limits.wallMs`. */
  readonly timeoutMs?: number;
  readonly limits: StepLimits;
  /** The same for what its guest may ask of the host. */
  readonly hostLimits?: Partial<HostLimits>;
  /** Names of `limits` and `hostLimits`, and `timeoutMs`, that only the document's `defaults` say. */
  readonly inheritedLimits?: readonly string[];
  /** The profile that the step asks for; missing: the document's. */
  readonly profile?: ProfileName;
  /** Missing: `{ <dependency id>: its output }`. */
  readonly input?: Template;
  /** JSON Schema that the output must fit; checked in a cell. */
  readonly outputSchema?: Json;
  /** The condition whose branch this step is in, where it is in one: it runs only when that branch was taken. */
  readonly branch?: { readonly condition: string; readonly side: "then" | "else" };
  /** Only in the processors dialect: what becomes of the payload. */
  readonly intent?: "transform" | "analyze";
}

/** What a step's guest may ask of the host. Nothing in it is a template. */
export interface StepGrants {
  readonly http?: readonly HttpGrant[];
  readonly secrets?: readonly string[];
  readonly files?: readonly FileOfFolder[];
}

/** A file that a guest may read under a name of its own. */
export interface FileOfFolder {
  readonly name: string;
  /** Relative to the folder that the operator names, below it, with forward slashes. */
  readonly path: string;
}

interface GuestStep extends StepBase {
  /** Missing: nothing. */
  readonly grants?: StepGrants;
}

export type Step = CodeStep | ConditionStep | WasmStep | ToolStep | LocalStep;

export interface CodeStep extends GuestStep {
  readonly type: "code";
  readonly language: "python" | "javascript" | "typescript";
  readonly code: string;
  /** 1-based line of the file on which line 1 of `code` stands, for messages. */
  readonly codeLine: number;
  readonly imports?: readonly string[];
  /** Wheels that Python code can import: files as written, found relative to the document. */
  readonly packages?: readonly string[];
}

/** Its steps are listed in `Workflow.steps` like all others, with `branch` set; ids are unique in the whole document. */
export interface ConditionStep extends GuestStep {
  readonly type: "condition";
  readonly expression: string;
}

export interface WasmStep extends GuestStep {
  readonly type: "wasm";
  /** The file as written; found relative to the document. */
  readonly module: string;
  /** What a WASI program finds behind its own name; each may be a template. */
  readonly arguments?: readonly string[];
  /** Values may be templates. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Names of directories in memory, empty and writable. */
  readonly scratch?: readonly string[];
  /** What a WASI command writes to standard output. Missing: JSON. */
  readonly stdout?: "json" | "text";
}

export interface ToolStep extends StepBase {
  readonly type: "tool";
  readonly tool: string;
  readonly with: Template;
}

/** One of the processors dialect's local processors: a trusted function from text to text. */
export interface LocalStep extends StepBase {
  readonly type: "local";
  readonly processor: string;
  readonly options: Readonly<Record<string, Json>>;
}

export interface StepLimits {
  readonly memoryBytes?: number;
  readonly cpuMs?: number;
  readonly wallMs?: number;
  readonly outputBytes?: number;
  readonly logBytes?: number;
  readonly inputBytes?: number;
  readonly fuel?: number;
}

export interface Retry {
  /** Counts all attempts, the first included. */
  readonly maxAttempts: number;
  readonly backoff: "none" | "linear" | "exponential" | "fibonacci";
  readonly baseMs: number;
  readonly capMs: number;
  /** 0 to 1: the share of the delay that is drawn at random. */
  readonly jitter: number;
  /** Outcomes that are tried again although they are permanent by default. */
  readonly on: readonly ("failed" | "trapped" | "exhausted")[];
}

/** A place in a file, 1-based; `length` in characters on that line. */
export interface Place {
  readonly line: number;
  readonly column: number;
  readonly length: number;
}

/** One thing that is wrong (or doubtful) in a document, with its place. */
export interface Problem {
  readonly severity: "error" | "warning";
  /** Stable, such as `unknown-dependency`. */
  readonly code: string;
  readonly message: string;
  readonly place: Place;
  /** A suggestion, without "did you mean". */
  readonly hint?: string;
}
