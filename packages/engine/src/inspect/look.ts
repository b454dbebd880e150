import { readFileSync } from "node:fs";
import type { GuestReport, Json, Limits, Outcome, Request } from "@glovebox/sandbox";
import type { GuestRunner } from "../steps/context.ts";
import { type Observation, readObservation } from "./observation.ts";

const MiB = 2 ** 20;

/** What looking at one source may use: trees take a hundred times the room of the text that they are made of. */
const LOOK_LIMITS: Partial<Limits> = { memoryBytes: 512 * MiB, cpuMs: 20_000, wallMs: 60_000, inputBytes: 64 * MiB };

/** Characters of one source that are looked at; what a step may have (4 MiB) has no more. */
export const SOURCE_CHARACTERS_MAX = 4 * MiB;

export type Language = "python" | "javascript" | "typescript";

/** Whose guests the inspectors are, and where they run. */
export interface Surroundings {
  readonly sandbox: GuestRunner;
  readonly isolationKey: string;
  readonly signal?: AbortSignal;
}

/** What came of a look; `ended`: the inspector did not come to its end, by what the source is. */
export type Looked =
  | { readonly kind: "seen"; readonly observation: Observation }
  | { readonly kind: "ended"; readonly outcome: Exclude<Outcome, { kind: "completed" }> };

/** Looks at a source, in a guest with no grants. The source is data of that guest: it is parsed in there and run nowhere. */
export async function look(language: Language, source: string, surroundings: Surroundings): Promise<Looked> {
  if (source.length > SOURCE_CHARACTERS_MAX) {
    return { kind: "ended", outcome: { kind: "exhausted", limit: "input", used: source.length, max: SOURCE_CHARACTERS_MAX } };
  }
  const { outcome } = await ask({ guest: inspectorOf(language), input: { source, language, filename: "code" } }, surroundings);
  if (outcome.kind !== "completed") return { kind: "ended", outcome };
  const observation = readObservation(outcome.output);
  if (observation === undefined) return { kind: "ended", outcome: { kind: "trapped", trap: "protocol" } };
  return { kind: "seen", observation };
}

/** Runs an inspector's guest under the limits of a look. */
export function ask(
  request: { readonly guest: Request["guest"]; readonly input?: Json },
  { sandbox, isolationKey, signal }: Surroundings,
): Promise<GuestReport> {
  return sandbox.run({ ...request, limits: LOOK_LIMITS, isolationKey, ...(signal === undefined ? {} : { signal }) });
}

const programs = new Map<string, string>();

function inspectorOf(language: Language): Request["guest"] {
  if (language === "python") return { kind: "python", code: program("look-at-python.py"), filename: "look-at-python.py" };
  return { kind: "syntax", code: program("look-at-javascript.js"), filename: "look-at-javascript.js" };
}

function program(name: string): string {
  const known = programs.get(name) ?? readFileSync(new URL(name, import.meta.url), "utf8");
  programs.set(name, known);
  return known;
}
