import type { Json, Outcome } from "@glovebox/sandbox";
import { type AttemptEnd, hostFailure } from "../run/attempt.ts";

/** How a step's own work ended, without what it cost. */
export type Ending = Omit<AttemptEnd, "usage" | "log">;

export function completed(output: Json): Ending {
  return { outcome: { kind: "completed", output }, transient: false };
}

/** Ended by us or by a trusted tool, for a reason that will be the same next time. */
export function refused(name: string, message: string): Ending {
  return { outcome: hostFailure(name, message), transient: false };
}

/** Ended as its guest did. A cell that died is no fault of the guest as far as anyone knows, so that is transient. */
export function endingOf(outcome: Outcome): Ending {
  if (outcome.kind === "failed") return { outcome: { kind: "failed", error: { ...outcome.error, by: "guest" } }, transient: false };
  return { outcome, transient: outcome.kind === "trapped" && outcome.trap === "cell_died" };
}
