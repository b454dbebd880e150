import { type Finding, type InspectedImport, type Inspection, type Severity, type Spot, suggestionYaml } from "@glovebox/engine";
import { count, plural } from "./amount.ts";
import type { Paint, Style } from "./paint.ts";
import { shownLine } from "./shown.ts";

/** Said with every inspection. */
export const ADVICE =
  "This is advice from a look at the text, and nothing is allowed because of it. What it does not find may be there all the same: the sandbox is what holds code.";

const TEXT_COLUMNS = 300;
const LABEL_COLUMNS = 10;
const STYLES: Readonly<Record<Severity, Style>> = { high: "red", medium: "yellow", low: "dim" };

/** What was seen in a file, or in the steps of one, for a person. */
export function inspectionLines(file: string, inspections: readonly Inspection[], notes: readonly string[], paint: Paint): string[] {
  return [
    ...inspections
      .filter((inspection) => !isEmpty(inspection))
      .flatMap((inspection) => [...linesOf(inspection.file ?? file, inspection, paint), ""]),
    ...notes.map((note) => shownLine(note, TEXT_COLUMNS)),
    ...(notes.length === 0 ? [] : [""]),
    paint("dim", ADVICE),
  ];
}

/** An expression of which there is nothing to tell. */
function isEmpty(inspection: Inspection): boolean {
  if (inspection.kind !== "inspected" || !inspection.name.startsWith("expression ")) return false;
  return inspection.findings.length === 0 && rowsOf(inspection).length === 0;
}

function linesOf(file: string, inspection: Inspection, paint: Paint): string[] {
  const { name, language } = inspection;
  const head = `${paint("bold", shownLine(name, TEXT_COLUMNS))}: `;
  if (inspection.kind === "ended") return [`${head}${paint("red", `could not be looked at: ${endingOf(inspection.outcome)}`)}`];
  const findings = inspection.findings.map((found) => findingLine(file, found, paint));
  if (inspection.kind === "unparsable") {
    const what = language === "module" ? "no module" : `does not parse as ${language}`;
    return [...findings, `${placeOf(file, inspection.at)}: ${paint("red", what)}: ${shownLine(inspection.message, TEXT_COLUMNS)}`];
  }
  const yaml = suggestionYaml(inspection.suggestion);
  const more = inspection.dropped === 0 ? "" : `, and ${count(inspection.dropped)} more things that are not shown`;
  return [
    `${head}${language}, ${plural(findings.length, "finding")}${severities(inspection.findings)}${more}`,
    ...findings,
    ...rowsOf(inspection).map(([label, text]) => `  ${paint("dim", label.padEnd(LABEL_COLUMNS))}${shownLine(text, TEXT_COLUMNS)}`),
    ...(yaml === ""
      ? []
      : [
          paint("dim", "  what a step would need, if you want this code to have what it asks for:"),
          ...yaml
            .trimEnd()
            .split("\n")
            .map((line) => `    ${shownLine(line, TEXT_COLUMNS)}`),
        ]),
  ];
}

function endingOf(outcome: Extract<Inspection, { kind: "ended" }>["outcome"]): string {
  switch (outcome.kind) {
    case "exhausted":
      return `exhausted: ${outcome.limit}`;
    case "trapped":
      return `trapped: ${outcome.trap}`;
    case "failed":
      return `the inspector failed: ${shownLine(outcome.error.message, TEXT_COLUMNS)}`;
    default:
      return outcome.kind;
  }
}

function severities(findings: readonly Finding[]): string {
  const high = findings.filter(({ severity }) => severity === "high").length;
  return high === 0 ? "" : ` (${high} high)`;
}

function findingLine(file: string, { severity, code, message, at }: Finding, paint: Paint): string {
  return `${placeOf(file, at)}: ${paint(STYLES[severity], severity)}: ${shownLine(message, TEXT_COLUMNS)} [${code}]`;
}

function placeOf(file: string, at: Spot): string {
  return "byte" in at ? `${file}:0x${at.byte.toString(16)}` : `${file}:${at.line}:${at.column}`;
}

function rowsOf({ imports, needs, module }: Extract<Inspection, { kind: "inspected" }>): [label: string, text: string][] {
  const row = (label: string, texts: readonly string[]): [string, string][] => (texts.length === 0 ? [] : [[label, texts.join(", ")]]);
  const granted = (is: boolean | undefined): string => (is === undefined ? "" : is ? " (granted)" : " (not granted)");
  return [
    ...(module === undefined
      ? []
      : [
          ...row("module", [
            module.kind ?? "of no known kind",
            plural(module.functions, "function"),
            plural(module.instructions, "instruction"),
            ...(module.memory === undefined
              ? []
              : [`${plural(module.memory.minimum, "page")} of memory at first, ${bound(module.memory.maximum)}`]),
          ]),
          ...row("features", module.features),
          ...row("exports", module.exports),
        ]),
    ...row("imports", importTexts(imports)),
    ...needs.http.map(({ allow, seen, method = "any method", granted: is }): [string, string] => [
      "http",
      `${method} ${allow ?? (seen === "" ? "an address that is made at run time" : `${seen}...`)}${granted(is)}`,
    ]),
    ...needs.secrets.map(({ name = "one that is named at run time", granted: is }): [string, string] => [
      "secret",
      `${name}${granted(is)}`,
    ]),
    ...needs.files.map(({ name = "one that is named at run time", granted: is }): [string, string] => ["file", `${name}${granted(is)}`]),
    ...row("addresses", [...new Set(needs.urls.map(({ url }) => url))]),
    ...row("reads", [...(needs.time ? ["the time"] : []), ...(needs.random ? ["randomness"] : []), ...needs.host]),
  ];
}

function bound(maximum: number | undefined): string {
  return maximum === undefined ? "no maximum" : `${count(maximum)} at most`;
}

const STATES: Readonly<Record<InspectedImport["state"], string>> = {
  library: "",
  allowed: " (in the step's list)",
  refused: " (not in the step's list)",
  missing: " (missing)",
  offered: "",
};

function importTexts(imports: readonly InspectedImport[]): readonly string[] {
  return [...new Set(imports.map(({ name, state }) => name + STATES[state]))];
}
