import type { ExplainedLimit, ExplainedStep, ExplainedValue, Explanation, Origin } from "@glovebox/engine";
import { count, plural } from "./amount.ts";
import type { Paint } from "./paint.ts";
import { shownLine } from "./shown.ts";

const TEXT_COLUMNS = 300;
const LABEL_COLUMNS = 10;

/** What each step may do and by whose word, for a person. */
export function explanationLines(explanation: Explanation, configuration: string | undefined, paint: Paint): string[] {
  const { file, profile, steps } = explanation;
  const whose =
    profile.from === "document" ? "the document asks for it" : configuration === undefined ? "the default" : `from ${configuration}`;
  const deputies = steps.flatMap(({ values }) => values).filter(({ confusedDeputy }) => confusedDeputy).length;
  return [
    `${file}: ${plural(steps.length, "step")}, profile ${paint("bold", profile.name)} (${whose})`,
    ...steps.flatMap((step) => ["", ...stepLines(step, paint)]),
    ...(deputies === 0
      ? []
      : [
          "",
          `${paint("yellow", "!")} ${plural(deputies, "value names", "values name")} something outside, and a sandboxed step decides what: a tool reaches it with your rights`,
        ]),
  ];
}

function stepLines(step: ExplainedStep, paint: Paint): string[] {
  const { id, type, uses, runs, profile, limits, values } = step;
  const where = runs === "sandbox" ? paint("green", "in the sandbox") : paint("yellow", "in the host");
  const asked = profile.from === "step" ? `, profile ${profile.name} (the step asks for it)` : "";
  const rows: [label: string, text: string][] = [
    ...limitRows(limits),
    ...grantRows(step),
    ...values.map((value) => ["from", valueText(value, paint)] as [string, string]),
  ];
  return [
    `${paint("bold", id)}  ${type}${uses === undefined ? "" : ` (${shownLine(uses, TEXT_COLUMNS)})`}, ${where}${asked}`,
    ...rows.map((row, index) => rowLine(row, rows[index - 1]?.[0], paint)),
  ];
}

/** A label is said once for all the rows that have it. */
function rowLine([label, text]: [label: string, text: string], above: string | undefined, paint: Paint): string {
  return `  ${paint("dim", (label === above ? "" : label).padEnd(LABEL_COLUMNS))}${text}`.trimEnd();
}

/** Those that someone asked for or lowered by themselves, the defaults together. */
function limitRows(limits: readonly ExplainedLimit[]): [string, string][] {
  const words = (from: ExplainedLimit["from"]): string => SOURCES[from];
  const groups = Map.groupBy(limits, ({ from }) => from);
  return ORDER.flatMap((from) => {
    const group = groups.get(from) ?? [];
    return group.length === 0
      ? []
      : [["limits", `${group.map(({ key, value }) => `${key} ${count(value)}`).join(", ")}  (${words(from)})`] as [string, string]];
  });
}

const ORDER: readonly ExplainedLimit["from"][] = ["step", "document", "profile", "cap", "default"];
const SOURCES: Readonly<Record<ExplainedLimit["from"], string>> = {
  step: "the step",
  document: "the document's defaults",
  profile: "lowered by the profile",
  cap: "lowered by the configuration",
  default: "default",
};

function grantRows({ runs, grants, secrets }: ExplainedStep): [string, string][] {
  const rows: [string, string][] = [];
  for (const { allow, methods = ["GET"], auth, addresses, redirects } of grants?.http ?? []) {
    const more = [
      ...(auth === undefined ? [] : [`${auth.header} from the secret ${auth.secret}, which the guest never sees`]),
      ...(addresses === undefined ? [] : [`also at ${addresses.join(", ")}`]),
      ...(redirects === undefined ? [] : [plural(redirects, "redirect")]),
    ];
    rows.push(["grants", shownLine(`${methods.join(", ")} ${allow}${more.length === 0 ? "" : `  (${more.join("; ")})`}`, TEXT_COLUMNS)]);
  }
  for (const { name, path } of grants?.files ?? []) rows.push(["grants", shownLine(`the file ${path}, as /granted/${name}`, TEXT_COLUMNS)]);
  for (const secret of secrets) {
    if (secret.kind === "read") rows.push(["grants", `the secret ${secret.name}, which the guest may read`]);
    if (secret.kind === "argument") rows.push(["secrets", shownLine(`${secret.name}, in with.${secret.argument}`, TEXT_COLUMNS)]);
  }
  if (runs === "sandbox" && rows.length === 0) rows.push(["grants", "nothing"]);
  return rows;
}

function valueText({ where, names, from, confusedDeputy }: ExplainedValue, paint: Paint): string {
  const mark = confusedDeputy ? `${paint("yellow", "!")} ` : "";
  const kind = names === undefined ? "" : ` (a ${names})`;
  return `${mark}${shownLine(where, TEXT_COLUMNS)}${kind}: ${from.map(originText).join("; ")}`;
}

function originText(origin: Origin): string {
  switch (origin.kind) {
    case "literal":
      return "as the document has it";
    case "input":
      return origin.name === undefined ? "the run's input" : `the run's input "${shownLine(origin.name, TEXT_COLUMNS)}"`;
    case "engine":
      return "the engine";
    case "secret":
      return `the secret ${origin.name}`;
    case "step": {
      const { step, untrusted } = origin;
      const whose =
        untrusted === undefined
          ? "in the host"
          : untrusted === step
            ? "in the sandbox"
            : `in the host, by what "${untrusted}" in the sandbox says`;
      return `the output of "${step}" (${whose})`;
    }
  }
}
