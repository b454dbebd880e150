import type { GuestReport, Json, Request } from "@glovebox/sandbox";
import type { Scope } from "../expression/scope.ts";
import type { Policy } from "../policy/policy.ts";
import type { ProfileName } from "../policy/profile.ts";
import type { RunNotes } from "../record/notes.ts";
import type { Clock } from "../run/clock.ts";
import type { Folder } from "../tools/folder.ts";
import type { Tool } from "../tools/tool.ts";
import type { ModuleFiles } from "./modules.ts";

/** Where guests run: a `Sandbox`. */
export interface GuestRunner {
  run(request: Request): Promise<GuestReport>;
}

/** What the steps of one run share. */
export interface RunContext {
  readonly runId: string;
  readonly isolationKey: string;
  readonly sandbox: GuestRunner;
  readonly tools: ReadonlyMap<string, Tool>;
  readonly folder: Folder | undefined;
  readonly policy: Policy;
  /** What holds for steps that ask for no profile of their own. */
  readonly profile: ProfileName;
  /** Values by name, of all that the workflow declares and uses. A step is given its own ones only. */
  readonly secrets: ReadonlyMap<string, string>;
  readonly modules: ModuleFiles;
  readonly clock: Clock;
  /** Missing: the run is not recorded. */
  readonly notes?: RunNotes;
}

/** What one attempt is given. */
export interface AttemptContext {
  readonly run: RunContext;
  /** From 1. */
  readonly number: number;
  /** Stable over the attempts of a step. */
  readonly idempotencyKey: string;
  /** Aborted when the run is over. */
  readonly signal: AbortSignal;
  readonly scope: Scope;
  /** What the step gets where the document gives it no `input`. */
  readonly defaultInput: Json;
  /** The payload that reaches the step; undefined in a workflow of JSON. */
  readonly payload: string | undefined;
}
