import type { AuditEntry } from "@glovebox/sandbox";
import { plural } from "./amount.ts";
import { grantHint } from "./granting.ts";
import { shownLine } from "./shown.ts";

const SHOWN_MAX = 3;
const SUBJECT_COLUMNS = 200;
const REASON_COLUMNS = 200;

/** The refusals of an audit, each once. */
export function distinctRefusals(audit: readonly AuditEntry[]): readonly AuditEntry[] {
  const refused = audit.filter(({ verdict }) => verdict === "refused");
  return [...new Map(refused.map((entry) => [JSON.stringify([entry.hostFunction, entry.subject, entry.reason]), entry])).values()];
}

/**
 * What was refused, and what would allow it, for a guest of which nobody can know whether that is why it ended as it did: it may have wrapped the
 * error, exited, or gone on.
 *
 * @param grantable a document of its kind can grant something
 */
export function refusalLines(refusals: readonly AuditEntry[], grantable: boolean): string[] {
  const shown = refusals.slice(0, SHOWN_MAX);
  const hints = new Set(grantable ? shown.map(grantHint).filter((hint) => hint !== undefined) : []);
  return [
    ...shown.map(({ hostFunction, subject, reason }) => {
      const what = subject === "" ? hostFunction : `${hostFunction} ${shownLine(subject, SUBJECT_COLUMNS)}`;
      return `it was refused ${what}: ${shownLine(reason, REASON_COLUMNS)}`;
    }),
    ...(refusals.length > shown.length ? [`and ${plural(refusals.length - shown.length, "other call", "other calls")}`] : []),
    ...hints,
  ];
}
