import type { AuditEntry } from "../outcome.ts";
import { cut, neutralise } from "../text.ts";

const ENTRIES_MAX = 1000;
const SUBJECT_CHARACTERS_MAX = 500;

/** Notes what was asked of the host, for the operator. The guest's own words in it are cut and made harmless. */
export class Audit {
  readonly entries: AuditEntry[] = [];
  readonly #redact: (text: string) => string;

  constructor(redact: (text: string) => string) {
    this.#redact = redact;
  }

  /** Beyond the bound only the count goes on: a guest that is refused a thousand times is told of well enough. */
  note(entry: AuditEntry): void {
    if (this.entries.length >= ENTRIES_MAX) return;
    const clean = (text: string) => neutralise(cut(this.#redact(text), SUBJECT_CHARACTERS_MAX)).replaceAll("\n", " ");
    this.entries.push({ ...entry, subject: clean(entry.subject), reason: clean(entry.reason) });
  }
}
