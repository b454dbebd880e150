import type { Paint } from "./paint.ts";
import { shownLine } from "./shown.ts";

/** What went wrong besides the document and its guests, and what the process ends with for it. */
export interface Complaint {
  /** Missing: a mistake of ours, or something in the command line. */
  readonly code?: string;
  readonly message: string;
  readonly exitCode: number;
}

const MESSAGE_COLUMNS = 4_000;

/** One line that says what went wrong. Names and values in it may come from a document or a guest. */
export function complaintLine({ code, message }: Omit<Complaint, "exitCode">, paint: Paint): string {
  return `${paint("red", "error:")} ${shownLine(message, MESSAGE_COLUMNS)}${code === undefined ? "" : ` [${code}]`}`;
}
