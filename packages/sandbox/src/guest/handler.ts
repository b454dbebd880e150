import type { GuestEnd } from "../cell/attempt.ts";
import { guestError } from "./ending.ts";
import { HOST_ERROR } from "./host-imports.ts";

/** What a handler exports. */
export interface HandlerExports {
  /** 0: it is done. What a host function returned that it did not handle, or any other number: it failed. */
  handle(): number;
}

/** Enters a handler. Its input and output go through host functions; without an output its result is null. */
export function enterHandler(guest: HandlerExports): GuestEnd {
  const status = guest.handle() | 0;
  if (status === 0) return { kind: "completed", form: "json", output: new TextEncoder().encode("null") };
  if (status === HOST_ERROR.refused) return { kind: "failed", error: guestError("Refused", "the host refused what the handler asked for") };
  return { kind: "failed", error: guestError("ExitStatus", `handle returned ${status}`) };
}
