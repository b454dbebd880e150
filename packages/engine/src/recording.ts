// What a run needs to leave a record. Reading one takes much more, which is loaded by itself (records.ts): a run would wait for it.
export { RecordFile } from "./record/file.ts";
export { openKeys } from "./record/key.ts";
export { dataDirectory, newRunId, recordsDirectory } from "./record/place.ts";
export { type Retention, removeOldRecords } from "./record/retention.ts";
