export type { Difference } from "./record/compare.ts";
export type { GuestEntry, LeftOut } from "./record/entry.ts";
export { findRecord } from "./record/find.ts";
export { readKeys } from "./record/key.ts";
export { listRecords, type RecordSummary } from "./record/list.ts";
export { recordsDirectory } from "./record/place.ts";
export { type RunRecord, readRecord } from "./record/read.ts";
export { type ReplayedGuest, replayRecord } from "./record/replay.ts";
export { findSecrets } from "./secrets/resolve.ts";
