import { readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { GloveboxError } from "@glovebox/sandbox";
import { recordName, runIdOf } from "./place.ts";
import { stateOf } from "./private.ts";

/** The runs that have a record in a directory, the latest first. None where there is no such directory. */
export function recordedRuns(directory: string): readonly string[] {
  try {
    const ids = readdirSync(directory, { withFileTypes: true }).map((entry) => (entry.isFile() ? runIdOf(entry.name) : undefined));
    return ids
      .filter((id) => id !== undefined)
      .sort()
      .reverse();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw new GloveboxError("RECORD_PLACE_REFUSED", `Cannot list the records in ${directory}: ${stateOf(error)}`, { cause: error });
  }
}

/**
 * The file of the record that a person means: the run's id, how the id or its part behind the time begins, `last`, or a file's path.
 * @throws GloveboxError `RECORD_NOT_FOUND`
 */
export function findRecord(directory: string, run: string): string {
  const runs = recordedRuns(directory);
  const found =
    run === "last" ? runs.slice(0, 1) : isBeginning(run) ? runs.filter((id) => id.startsWith(run) || idOf(id).startsWith(run)) : [];
  const [only, ...others] = found;
  if (only !== undefined && others.length === 0) return join(directory, recordName(only));
  if (only !== undefined) {
    const some = found.slice(0, SHOWN).join(", ");
    throw notFound(
      `Cannot tell which run ${JSON.stringify(run)} is: ${found.length} begin with it (${some}${found.length > SHOWN ? ", ..." : ""})`,
    );
  }
  if (run !== "last" && isFile(run)) return resolve(run);
  const state = runs.length === 0 ? "there is no record at all" : `no record there begins with it; "glovebox runs" lists them`;
  throw notFound(`Cannot find the record of run ${JSON.stringify(run)} in ${directory}: ${state}`);
}

const SHOWN = 4;

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false; // whatever it is, no record can be read from it
  }
}

function isBeginning(run: string): boolean {
  return /^(?:\d{8}T[\d.]{0,10}(?:Z(?:-[0-9a-f]{0,10})?)?|[0-9a-f]{1,10})$/.test(run);
}

/** The part behind the time. */
function idOf(runId: string): string {
  return runId.slice(runId.indexOf("-") + 1);
}

function notFound(message: string): GloveboxError {
  return new GloveboxError("RECORD_NOT_FOUND", message);
}
