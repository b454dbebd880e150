import { newRunId, openKeys, RecordFile, type Retention, recordsDirectory, removeOldRecords } from "@glovebox/engine/recording";
import { ownData } from "./own-data.ts";
import { paintFor } from "./report/paint.ts";
import { shownLine } from "./report/shown.ts";
import { gloveboxVersion } from "./version.ts";

export interface RecordFlags {
  /** A directory; false: no record. Missing: the installation's own. */
  readonly record?: string | false;
}

const WARNING_COLUMNS = 1_000;

/** The record that a run of the command leaves behind, or none. Owns the file: close it. */
export class Recording {
  readonly runId: string;
  readonly recorder: RecordFile | undefined;
  /** Goes on beside the run. */
  readonly #removal: Promise<string | undefined>;

  private constructor(runId: string, recorder?: RecordFile, removal: Promise<string | undefined> = Promise.resolve(undefined)) {
    this.runId = runId;
    this.recorder = recorder;
    this.#removal = removal;
  }

  /**
   * Where nobody named a directory, one that can't be written is a warning.
   * @param document the workflow's text
   * @param retention which of the records stay that are in the installation's own directory; nothing is removed from another one
   * @throws GloveboxError `RECORD_PLACE_REFUSED` where the directory that was named can't be used
   */
  static open({ record }: RecordFlags, document: string, retention: Retention): Recording {
    const startedAt = new Date();
    const runId = newRunId(startedAt);
    if (record === false) return new Recording(runId);
    const { version: node, platform, arch } = process;
    const versions = { glovebox: gloveboxVersion(), node: node.slice(1), platform: `${platform}-${arch}` };
    try {
      const data = ownData();
      const keys = openKeys(data);
      const directory = record ?? recordsDirectory(data);
      const about = { startedAt, document, versions };
      const recorder = new RecordFile({ directory, named: record !== undefined, runId, keys, about });
      if (record !== undefined) return new Recording(runId, recorder);
      const removal = removeOldRecords(directory, retention, { keep: runId, now: startedAt });
      return new Recording(
        runId,
        recorder,
        removal.catch((failure: Error) => failure.message),
      );
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "RECORD_PLACE_REFUSED")) throw error;
      if (record !== undefined) throw error;
      warn(`this run is not recorded: ${error.message} (--no-record turns records off)`);
      return new Recording(runId);
    }
  }

  /** Ends the record, and says where it does not hold all of the run. */
  async close(): Promise<void> {
    const shortfall = await this.recorder?.close();
    const stays = await this.#removal;
    if (stays !== undefined) warn(`an old record can't be removed: ${stays}`);
    if (shortfall !== undefined) warn(`the record of this run is not whole: ${shortfall.why} (${shortfall.file})`);
  }
}

function warn(message: string): void {
  const { stderr } = process;
  stderr.write(`${paintFor(stderr)("yellow", "warning:")} ${shownLine(message, WARNING_COLUMNS)}\n`);
}
