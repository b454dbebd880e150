import type { GuestEnd } from "../cell/attempt.ts";
import { broken } from "./ending.ts";
import { decodeUtf8 } from "./memory.ts";

/** What a WASI command exports. */
export interface CommandExports {
  _start(): void;
}

/** What a command wrote to standard output, and what that is. */
export interface CommandOutput {
  readonly bytes: Uint8Array;
  readonly form: "json" | "text";
}

/**
 * Enters a WASI command: the input is its standard input, and what it wrote to standard output when it returned, or exited with
 * status 0, is its result: text, or JSON, which is `null` if that is nothing at all. Standard error goes to the log.
 *
 * @param output takes what was written to standard output
 */
export function enterCommand(guest: CommandExports, output: () => CommandOutput): GuestEnd {
  guest._start();
  return completed(output());
}

/** How a module ended that called `proc_exit`. Only a command may end so and be done: the others have not returned what they made. */
export function endOfExit(status: number, output: CommandOutput | undefined): GuestEnd {
  if (status === 0 && output) return completed(output);
  return broken("ExitStatus", `exited with status ${status}`);
}

const NULL = new TextEncoder().encode("null");

function completed({ bytes, form }: CommandOutput): GuestEnd {
  if (form === "text" && decodeUtf8(bytes) === undefined) return broken("InvalidOutput", "the text on standard output is not UTF-8");
  return { kind: "completed", form, output: form === "json" && bytes.length === 0 ? NULL : bytes };
}
