import type { Complaint } from "../complaint.ts";
import type { Paint } from "./paint.ts";
import { shownLine } from "./shown.ts";

const MESSAGE_COLUMNS = 4_000;

/** One line that says what went wrong. Names and values in it may come from a document or a guest. */
export function complaintLine({ code, message }: Omit<Complaint, "exitCode">, paint: Paint): string {
  return `${paint("red", "error:")} ${shownLine(message, MESSAGE_COLUMNS)}${code === undefined ? "" : ` [${code}]`}`;
}
