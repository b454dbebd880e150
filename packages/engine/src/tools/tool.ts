import type { Json, LogLevel } from "@glovebox/sandbox";
import type { Folder } from "./folder.ts";

/** What the checks of a document know of a tool: its name and what it takes. Tools themselves extend this with what they do. */
export interface ToolSignature {
  readonly name: string;
  /** One sentence, for lists of tools. */
  readonly description: string;
  readonly arguments: readonly ToolArgument[];
}

export interface ToolArgument {
  readonly name: string;
  /** `any` is never refused. A value that holds a reference is checked when it is known. */
  readonly type: ToolArgumentType;
  readonly required: boolean;
  readonly description?: string;
  /** What a value of the wrong kind could be made to name. `explain` says where these come from. */
  readonly names?: "path" | "url" | "command";
}

export type ToolArgumentType = "string" | "number" | "integer" | "boolean" | "list" | "object" | "any";

/** A trusted function that steps may call by its name. It runs in the host, with the host's rights. */
export interface Tool extends ToolSignature {
  /**
   * Does the work. `args` have been checked against {@link ToolSignature.arguments}, but their values may come from a guest: they are data,
   * and nothing in them is to be run, or to be trusted as a path. The result must be JSON.
   * @throws {@link ToolError} for what may go wrong; any other error fails the step too, for good
   */
  invoke(args: ToolValues, context: ToolContext): Promise<Json>;
}

/** Values by argument name; null prototype. */
export type ToolValues = Readonly<Record<string, Json>>;

export interface ToolContext {
  /** The one folder that the operator named; undefined where none was. */
  readonly folder: Folder | undefined;
  /** Aborted when the attempt is over. A tool that goes on all the same is abandoned, and its result with it. */
  readonly signal: AbortSignal;
  /** The same for all attempts of a step in a run: the other side can tell a repetition by it. */
  readonly idempotencyKey: string;
  log(level: LogLevel, message: string): void;
}
