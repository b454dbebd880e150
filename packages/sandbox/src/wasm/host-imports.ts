/** The module that host functions are imported from. */
export const HOST_MODULE = "glovebox";

/** What a module may import from it, as in preview1.ts. docs/handlers.md says what they do. */
export const HOST_IMPORTS = {
  log: "iii>",
  read_input: ">i",
  write_output: "ii>i",
  read_secret: "ii>i",
  get_time: ">I",
  http_request: "iiii>i",
  http_read: ">i",
  open_file: "ii>i",
  take_answer: "ii>i",
} as const;

export type HostImport = keyof typeof HOST_IMPORTS;
