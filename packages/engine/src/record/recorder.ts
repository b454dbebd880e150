import type { RecordRequest } from "@glovebox/sandbox";
import type { RecordEntry } from "./entry.ts";

/** Where the record of one run goes. */
export interface RunRecorder {
  /** What transcripts of the run's guests are made with. */
  readonly request: RecordRequest;
  /** What the first entry says besides what the run itself knows. */
  readonly about: RunSurroundings;
  /**
   * Keeps an entry, which is made when the run has nothing else to do, in its turn. It comes back at once, and never throws: a run does not
   * fail because it can't be recorded.
   */
  write(make: () => RecordEntry): void;
}

export interface RunSurroundings {
  /** The run's, which its record is bound to. */
  readonly runId: string;
  readonly keyId: string;
  /** The same moment that the run's id may hold. */
  readonly startedAt: Date;
  /** The document's text, as it was loaded. */
  readonly document: string;
  readonly versions: { readonly glovebox: string; readonly node: string; readonly platform: string };
}
