import { listRecords, type RecordSummary, readKeys, recordsDirectory } from "@glovebox/engine/records";
import { EXIT } from "./exit.ts";
import { ownData } from "./own-data.ts";
import { duration, plural } from "./report/amount.ts";
import { type Paint, paintFor, type Style } from "./report/paint.ts";
import { printedJson, shownLine } from "./report/shown.ts";

export interface RunsFlags {
  readonly limit?: number;
  readonly json?: boolean;
}

/** Of what `--json` prints. It grows by new members only. */
const VERSION = 1;
const LIMIT = 20;
const NAME_COLUMNS = 60;

/** `glovebox runs`. The exit code. */
export function runs(directory: string | undefined, { limit = LIMIT, json = false }: RunsFlags): number {
  const data = ownData();
  const { records, more } = listRecords(directory ?? recordsDirectory(data), { keys: readKeys(data), limit });
  const { stdout } = process;
  const paint = paintFor(stdout);
  if (json) stdout.write(printedJson({ version: VERSION, runs: records, more }));
  else {
    const lines = records.map((record) => lineOf(record, paint));
    if (lines.length === 0) lines.push("no run has a record yet");
    if (more > 0) lines.push(`… ${plural(more, "earlier run")} (--limit N)`);
    stdout.write(`${lines.join("\n")}\n`);
  }
  return EXIT.done;
}

const STYLES: Readonly<Record<RecordSummary["state"], Style>> = {
  succeeded: "green",
  failed: "red",
  cancelled: "yellow",
  refused: "red",
  unfinished: "yellow",
  edited: "red",
  foreign: "red",
  unreadable: "red",
};

function lineOf({ runId, state, workflow, startedAt, wallMs }: RecordSummary, paint: Paint): string {
  const when = startedAt === undefined ? "" : startedAt.replace("T", " ").replace(/:\d\d\.\d+Z$/, "");
  const cells = [
    when.padEnd(16),
    paint(STYLES[state], state.padEnd(10)),
    (wallMs === undefined ? "" : duration(wallMs)).padStart(9),
    runId,
    workflow === undefined ? "" : shownLine(workflow, NAME_COLUMNS),
  ];
  return cells.join("  ").trimEnd();
}
