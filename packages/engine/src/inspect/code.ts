import type { StepGrants } from "../workflow/document.ts";
import { type Finding, finding, type Spot } from "./finding.ts";
import { withGranted } from "./granted.ts";
import type { InspectedImport, Inspection } from "./inspection.ts";
import { type Language, look, type Surroundings } from "./look.ts";
import { needsOf } from "./needs.ts";
import type { ObservedImport, TextPlace } from "./observation.ts";
import { suggest } from "./suggest.ts";

/** A program as it would be given to a step. */
export interface InspectedCode {
  /** For messages: a file, or a step's id. */
  readonly name: string;
  readonly language: Language;
  readonly source: string;
  /** The step's allow-list, where it has one. */
  readonly imports?: readonly string[];
  /** What the step is granted already. Missing: it is no step. */
  readonly grants?: StepGrants;
  /** From a place in the source to one in the file that the source is part of. */
  readonly placed?: (place: TextPlace) => TextPlace;
}

/** Looks at a program. It is run nowhere, and whatever it holds the result is one of the kinds of `Inspection`. */
export async function inspectCode(code: InspectedCode, surroundings: Surroundings): Promise<Inspection> {
  const { name, language, source, grants, placed = (place) => place } = code;
  const looked = await look(language, source, surroundings);
  if (looked.kind === "ended") return { kind: "ended", name, language, outcome: looked.outcome };
  const { observation } = looked;
  const spot = ({ line, column }: TextPlace): Spot => placed({ line, column });
  const found = observation.findings.map((seen) => finding(seen.code, seen.subject, spot(seen)));
  if (observation.error !== undefined) {
    const { message } = observation.error;
    return { kind: "unparsable", name, language, message, at: spot(observation.error), findings: inOrder(found) };
  }
  const imports = observation.imports.map((seen) => ({ name: seen.name, state: stateOf(seen, code), at: spot(seen) }));
  const { needs: asked, findings } = needsOf(
    observation.asks.map(({ what, value, form, method, ...place }) => ({ what, value, form, method, at: spot(place) })),
  );
  const needs = grants === undefined ? asked : withGranted(asked, grants);
  return {
    kind: "inspected",
    name,
    language,
    imports,
    needs,
    findings: inOrder([...found, ...findings, ...imports.flatMap(ofImport)]),
    dropped: observation.dropped,
    suggestion: suggest(needs, language === "python" ? importsToList(code, imports) : []),
  };
}

function stateOf({ name, known }: ObservedImport, { imports }: InspectedCode): InspectedImport["state"] {
  if (!known) return "missing";
  if (imports === undefined) return "library";
  return imports.includes(topOf(name)) || ALWAYS.has(topOf(name)) ? "allowed" : "refused";
}

/** Whatever the list says. */
const ALWAYS: ReadonlySet<string> = new Set(["glovebox", "__future__"]);

function topOf(name: string): string {
  return name.split(".", 1)[0] ?? name;
}

/** A list that leaves nothing out needs no change. */
function importsToList(code: InspectedCode, imports: readonly InspectedImport[]): readonly string[] {
  return code.imports !== undefined && imports.every(({ state }) => state !== "refused") ? [] : topLevel(imports);
}

function topLevel(imports: readonly InspectedImport[]): readonly string[] {
  return [...new Set(imports.filter(({ state }) => state !== "missing").map(({ name }) => topOf(name)))]
    .filter((name) => !ALWAYS.has(name))
    .sort();
}

function ofImport({ name, state, at }: InspectedImport): readonly Finding[] {
  if (state === "missing") return [finding("import-missing", name, at)];
  return state === "refused" ? [finding("import-refused", name, at)] : [];
}

/** As they stand in the file; at one place the more serious first. */
export function inOrder(findings: readonly Finding[]): readonly Finding[] {
  const rank = { high: 0, medium: 1, low: 2 } as const;
  const [line, column] = [lineOf, columnOf];
  return findings.toSorted((a, b) => line(a.at) - line(b.at) || column(a.at) - column(b.at) || rank[a.severity] - rank[b.severity]);
}

function lineOf(at: Spot): number {
  return "line" in at ? at.line : 0;
}

function columnOf(at: Spot): number {
  return "line" in at ? at.column : at.byte;
}
