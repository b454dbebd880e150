/** Every code that a `GloveboxError` can carry, with what it means. docs/errors.md is held equal to this by a test. */
export const ERROR_CODES = {
  LIMIT_ABOVE_CAP: "A limit is above what the installation allows.",
  LIMIT_INVALID: "A limit is not a positive whole number.",
  REQUEST_INVALID: "A request to the sandbox has the wrong shape.",
  INPUT_TOO_LARGE: "The input is larger than its limit.",
  GRANT_INVALID: "A grant, or a limit on host calls, is not what it has to be.",
  GRANT_FILE_REFUSED: "A file that was to be granted is missing, no plain file, or too large.",
  TRANSCRIPT_INVALID: "What a guest was to be run again from is no transcript.",
  REPLAY_INCOMPLETE: "A transcript lacks what running its guest again needs, or needs a secret that was not granted.",
  REPLAY_MISMATCH: "A guest that was to be run again, or its input, is not what the transcript was recorded of.",
  SECRET_INVALID: "A secret that a grant names has no value, or one that is too short.",
  ISOLATION_TOO_WEAK: "A workflow has untrusted steps, and nothing stands around the cells that they would run in.",
  SECRET_MISSING: "A secret that a workflow uses is in none of the sources that are configured.",
  SECRET_SOURCE_FAILED: "A source of secrets could not be read: a file that others may read, a command that failed.",
  MODULE_REFUSED: "A WebAssembly module is malformed, of no known kind, or asks for what is not offered.",
  PACKAGE_REFUSED: "A Python package is no wheel of plain files, holds compiled code, or is larger inside than it may be.",
  RUNTIME_MISSING: "A frozen runtime has not been built.",
  RUNTIME_CORRUPT: "A frozen runtime's file does not have the digest that was recorded when it was built.",
  CELL_START_FAILED: "A cell could not be started.",
  ISOLATION_UNAVAILABLE: "The isolation that was asked for does not work on this machine.",
  SANDBOX_CLOSED: "The sandbox was closed.",
  WORKFLOW_INVALID: "A workflow that was to be run has steps that are no acyclic graph, or a schema that is none.",
  INPUT_INVALID: "The input of a run does not fit what its workflow asks for.",
  FOLDER_INVALID: "The folder that tools were to work in is none, or can't be read.",
  TOOL_INVALID: "Two tools have one name.",
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;
