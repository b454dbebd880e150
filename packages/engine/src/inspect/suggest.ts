import { stringify } from "yaml";
import type { StepGrants } from "../workflow/document.ts";
import { isBelow } from "../workflow/grants.ts";
import { type Needs, ruleOf } from "./needs.ts";

/** What a step would have to be given for the code to get what it asks for. Nothing is allowed because of it. */
export interface Suggestion {
  readonly imports?: readonly string[];
  readonly grants?: StepGrants;
}

/** @param imports top-level modules that the code imports and that are there, where the step's language has such a list */
export function suggest(needs: Needs, imports: readonly string[]): Suggestion {
  const all = [...needs.http, ...needs.secrets, ...needs.files];
  if (imports.length === 0 && all.every(({ granted }) => granted === true)) return {};
  const http = httpOf(needs);
  const secrets = named(needs.secrets);
  // What no document may name is not suggested: the finding says what the code asks for all the same.
  const files = named(needs.files)
    .filter(isBelow)
    .map((name) => ({ name, path: name }));
  const grants: StepGrants = {
    ...(http.length === 0 ? {} : { http }),
    ...(secrets.length === 0 ? {} : { secrets }),
    ...(files.length === 0 ? {} : { files }),
  };
  return { ...(imports.length === 0 ? {} : { imports }), ...(Object.keys(grants).length === 0 ? {} : { grants }) };
}

/** One grant an address, with all methods that were seen with it. */
function httpOf({ http }: Needs): NonNullable<StepGrants["http"]> {
  const methods = new Map<string, Set<string>>();
  for (const { allow, method } of http) {
    if (allow === undefined || method === undefined) continue;
    const name = method.toUpperCase();
    if (ruleOf({ allow, methods: [name] }) === undefined) continue;
    methods.set(allow, (methods.get(allow) ?? new Set()).add(name));
  }
  return [...methods].map(([allow, names]) => {
    const only = names.size === 1 && names.has("GET");
    return { allow, ...(only ? {} : { methods: [...names].sort() }) };
  });
}

function named(names: readonly { readonly name?: string }[]): readonly string[] {
  return [...new Set(names.flatMap(({ name }) => name ?? []))];
}

/** As a document's step has it; empty where there is nothing to suggest. */
export function suggestionYaml(suggestion: Suggestion): string {
  if (Object.keys(suggestion).length === 0) return "";
  const secrets = suggestion.grants?.secrets;
  const declared = secrets === undefined ? "" : `# At the top of the document, too: "secrets: [${secrets.join(", ")}]".\n`;
  return declared + stringify(suggestion, { lineWidth: 0, defaultStringType: "PLAIN", aliasDuplicateObjects: false });
}
