export type { Shortfall } from "./record/file.ts";
export { RecordFile } from "./record/file.ts";
export { openKeys, type RecordKeys, readKeys } from "./record/key.ts";
export { dataDirectory, newRunId, recordsDirectory } from "./record/place.ts";
