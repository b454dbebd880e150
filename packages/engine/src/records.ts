export type { Difference } from "./record/compare.ts";
export type {
  AttemptEntry,
  EndEntry,
  GuestEntry,
  LeftOut,
  RecordedGuest,
  RecordedStep,
  RunEntry,
} from "./record/entry.ts";
export { RecordFile, type Shortfall } from "./record/file.ts";
export { findRecord, recordedRuns } from "./record/find.ts";
export { openKeys, type RecordKeys, readKeys } from "./record/key.ts";
export { listRecords, type RecordSummary } from "./record/list.ts";
export { dataDirectory, newRunId, recordName, recordsDirectory } from "./record/place.ts";
export { type RunRecord, readRecord, type Verification } from "./record/read.ts";
export { type ReplayedGuest, replayRecord, type Verdict } from "./record/replay.ts";
export { type Retention, removeOldRecords } from "./record/retention.ts";
export { findSecrets } from "./secrets/resolve.ts";
