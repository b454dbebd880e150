import { acceptOutput } from "../stop/output.ts";
import type { HostAttempt, HostReply } from "./host-function.ts";

const SUBJECT = "output";

/**
 * `write_output`: the attempt's output, as JSON. It is taken once; what whoever runs the guest does not accept (`Request.acceptOutput`) was
 * not taken, and the guest is told why.
 */
export async function writeOutput(argument: Uint8Array, attempt: HostAttempt): Promise<HostReply> {
  if (attempt.output) return { kind: "refused", subject: SUBJECT, reason: "the output was written before" };
  const read = acceptOutput("json", argument, attempt.outputBytesMax);
  if (read.kind === "exhausted") {
    return { kind: "exhausted", limit: "output", used: read.used, max: read.max, reason: "the output is larger than allowed" };
  }
  if (read.kind !== "completed") return failed(read.kind === "failed" ? read.error.message : "the output is none");
  const problem = await attempt.setup.acceptOutput?.(read.output, attempt.beside);
  if (problem !== undefined) return failed(problem);
  attempt.output = { value: read.output, bytes: argument.length };
  return { kind: "given", parts: [] };
}

function failed(message: string): HostReply {
  return { kind: "failed", message, subject: SUBJECT, reason: message };
}
