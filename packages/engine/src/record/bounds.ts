/** Of a record, as it is written and as it is read. */
export const RECORD_BYTES_MAX = 64 * 2 ** 20;
export const LINE_BYTES_MAX = 32 * 2 ** 20;
export const ENTRIES_MAX = 262_144;
/** A guest's output may have 512 levels, and stands some levels deep in its entry. */
export const DEPTH_MAX = 640;
