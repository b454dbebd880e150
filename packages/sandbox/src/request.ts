import type { Grants, HostLimits } from "./grants.ts";
import type { Json } from "./json.ts";
import type { Limits } from "./limits.ts";
import type { GuestReport } from "./outcome.ts";
import type { RecordRequest, ReplayRequest } from "./transcript/transcript.ts";
import type { ModuleReport } from "./wasm/module-report.ts";
import type { PythonPackage } from "./wheel.ts";

/** A program for the sandbox. None of it is parsed, compiled or validated outside of a cell. */
export type Guest =
  | {
      readonly kind: "python";
      readonly code: string;
      /** Top-level modules that the guest's own code may import. Missing: all of the standard library. A policy, not a boundary. */
      readonly imports?: readonly string[];
      /** Wheels of Python alone that can be imported, whatever `imports` lists. Their bytes count as input. */
      readonly packages?: readonly PythonPackage[];
      /** Shown in tracebacks. Default `step.py`. */
      readonly filename?: string;
    }
  | {
      readonly kind: "javascript" | "typescript";
      readonly code: string;
      /** Shown in stack traces. Default `step.js` or `step.ts`. */
      readonly filename?: string;
    }
  | {
      readonly kind: "module";
      /** The module as compiled. Owned by the caller; it is read during the call only. */
      readonly bytes: Uint8Array;
      /** Shown in messages, and the program's own name among its arguments. Default `module`. */
      readonly name?: string;
      /** What a WASI program finds behind its own name. */
      readonly arguments?: readonly string[];
      readonly environment?: Readonly<Record<string, string>>;
      /** Directories in memory that a WASI module finds open, in this order. Default: none. Their bytes count as input. */
      readonly directories?: readonly ModuleDirectory[];
      /** What a WASI command writes to standard output: a JSON value (default), or any text. */
      readonly stdout?: "json" | "text";
    }
  | {
      /** Validates the input against a JSON Schema; the output is `{ problems: [{ path, message }] }`. */
      readonly kind: "schema";
      readonly schema: Json;
    }
  | {
      /**
       * A program of ours that looks at code of others: JavaScript with `parseJavaScript(source, options)` (acorn) and
       * `stripTypes(source, filename)` in its global scope.
       */
      readonly kind: "syntax";
      readonly code: string;
      /** Shown in stack traces. Default `syntax.js`. */
      readonly filename?: string;
    }
  | {
      /** Tells what a module consists of, as a {@link ModuleReport}, and runs nothing of it. It takes no input. */
      readonly kind: "outline";
      readonly bytes: Uint8Array;
      /** Shown in messages. Default `module`. */
      readonly name?: string;
    };

/** Files by name, and directories. A name is one segment of a path, in Unicode's form C. */
export interface FileTree {
  readonly [name: string]: Uint8Array | FileTree;
}

/**
 * A directory that a module finds open under a name, such as `/tmp` or `.`. It is in memory, for one attempt: what the guest changes reaches
 * nobody. What it writes is charged to its memory; the files as they were given aren't. `files: {}` is scratch space.
 */
export interface ModuleDirectory {
  readonly name: string;
  readonly files: FileTree;
  /** Nothing in it can be changed, made or removed. Default false. */
  readonly readOnly?: boolean;
}

/** One guest to run, once, in a chamber of its own. */
export interface Request {
  readonly guest: Guest;
  /**
   * `inputs` of a Python or JavaScript guest, standard input (as JSON) of a WASI command. A `text` or `buffer` module gets a
   * string as its UTF-8 bytes, bytes as they are, and any other value as JSON.
   */
  readonly input?: Json | Uint8Array;
  /** What is missing is taken from {@link DEFAULT_LIMITS}. */
  readonly limits?: Partial<Limits>;
  /** Whose guest this is (a tenant, a run). Cells are never shared between two keys. */
  readonly isolationKey: string;
  /** What the guest may ask the host for. Default: nothing. */
  readonly grants?: Grants;
  /** What is missing is taken from {@link DEFAULT_HOST_LIMITS}. */
  readonly hostLimits?: Partial<HostLimits>;
  /**
   * The values of the secrets that `grants` names. They never enter a cell but as the answer to a call of `secret` that was granted, and are
   * taken out of everything that leaves the attempt as text.
   */
  readonly secrets?: ReadonlyMap<string, string>;
  /**
   * Asked when the guest writes its output (`write_output`). What it returns is why the output is not taken; the guest is told, and may
   * write another. Not asked for what a guest returns. `beside` runs what is needed to decide that.
   */
  readonly acceptOutput?: (output: Json, beside: Beside) => string | undefined | Promise<string | undefined>;
  /** Ends the guest; the outcome is `cancelled`. */
  readonly signal?: AbortSignal;
  /** What the guest's clock starts from, nanoseconds since the Unix epoch. Default: now. */
  readonly clockBaseNs?: bigint;
  /** 32 bytes from which all of the guest's randomness is drawn. Default: fresh from the operating system. */
  readonly randomSeed?: Uint8Array;
  /** Puts a transcript of the attempt into the report, from which it can be run again. Guests of kind `syntax` and `outline` have none. */
  readonly record?: RecordRequest;
  /**
   * Runs the guest again from the transcript of an attempt: time, randomness, files and every answer come from there, and nothing is asked of
   * the host. `guest` and `input` are as they were then; `limits` are the transcript's where none are given. The only grant that such a
   * request may have is `replay`.
   */
  readonly replay?: ReplayRequest;
}

/** A guest that another one waits for. It can ask the host for nothing that is granted, so that it waits for no guest itself. */
export type NestedRequest = Omit<Request, "acceptOutput" | "grants" | "secrets" | "isolationKey" | "record" | "replay">;

/** What there is for a guest that waits. */
export interface Beside {
  /**
   * Runs a guest of the same isolation key while the one that waits keeps its cell: in one of the sandbox's, or in one more than these. It ends
   * (`cancelled`) with the one that waits.
   *
   * @throws GloveboxError as Sandbox.run()
   */
  run(request: NestedRequest): Promise<GuestReport>;
}
