import type { GuestEnd } from "../cell/attempt.ts";
import { broken } from "./ending.ts";

/** What a WASI command exports. */
export interface CommandExports {
  _start(): void;
}

/**
 * Enters a WASI command: the input is its standard input, and what it wrote to standard output when it returned, or exited with
 * status 0, is its result, as JSON: `null` if that is nothing at all. Standard error goes to the log.
 *
 * @param output takes what was written to standard output
 */
export function enterCommand(guest: CommandExports, output: () => Uint8Array): GuestEnd {
  guest._start();
  return completed(output());
}

/** How a module ended that called `proc_exit`. Only a command may end so and be done: the others have not returned what they made. */
export function endOfExit(status: number, output: Uint8Array | undefined): GuestEnd {
  if (status === 0 && output) return completed(output);
  return broken("ExitStatus", `exited with status ${status}`);
}

const NULL = new TextEncoder().encode("null");

function completed(output: Uint8Array): GuestEnd {
  return { kind: "completed", form: "json", output: output.length === 0 ? NULL : output };
}
