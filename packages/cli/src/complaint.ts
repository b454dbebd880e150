import { debuglog } from "node:util";
import { EXIT, Refusal } from "./exit.ts";
import type { Complaint } from "./report/complaint-line.ts";
import { paintFor } from "./report/paint.ts";

/** Codes of the sandbox and the engine for which something that the user gave is at fault. All others are ours. */
const EXIT_BY_CODE: Readonly<Record<string, number>> = {
  LIMIT_ABOVE_CAP: EXIT.usage,
  LIMIT_INVALID: EXIT.usage,
  REQUEST_INVALID: EXIT.usage,
  INPUT_TOO_LARGE: EXIT.usage,
  INPUT_INVALID: EXIT.usage,
  FOLDER_INVALID: EXIT.usage,
  GRANT_INVALID: EXIT.usage,
  GRANT_FILE_REFUSED: EXIT.usage,
  SECRET_INVALID: EXIT.usage,
  SECRET_MISSING: EXIT.usage,
  SECRET_SOURCE_FAILED: EXIT.usage,
  RECORD_PLACE_REFUSED: EXIT.usage,
  RECORD_NOT_FOUND: EXIT.usage,
  RECORD_INVALID: EXIT.problems,
  RECORD_EDITED: EXIT.problems,
  RECORD_FOREIGN: EXIT.problems,
  MODULE_REFUSED: EXIT.problems,
  PACKAGE_REFUSED: EXIT.problems,
  WORKFLOW_INVALID: EXIT.problems,
};

export function complaintOf(error: unknown): Complaint {
  if (error instanceof Refusal) return { message: error.message, exitCode: error.exitCode };
  if (error instanceof Error && error.name === "GloveboxError" && "code" in error && typeof error.code === "string") {
    return { code: error.code, message: error.message, exitCode: EXIT_BY_CODE[error.code] ?? EXIT.failure };
  }
  debuglog("glovebox")("%s", error instanceof Error ? (error.stack ?? error.message) : String(error));
  const [message] = (error instanceof Error ? error.message : String(error)).split("\n", 1);
  return { message: `internal: ${message} (NODE_DEBUG=glovebox says more)`, exitCode: EXIT.failure };
}

/** Says on standard error what went wrong. Resolves to the exit code. */
export async function tellFailure(error: unknown): Promise<number> {
  const { exitCode, ...complaint } = complaintOf(error);
  // Loaded only here: it brings the sandbox with it, and most commands that fail have not needed that yet.
  const { complaintLine } = await import("./report/complaint-line.ts");
  process.stderr.write(`${complaintLine(complaint, paintFor(process.stderr))}\n`);
  return exitCode;
}
