import { parseTemplate } from "../expression/reference.ts";
import type { Step, Template } from "../workflow/document.ts";

/** How a step uses a secret. `read`: its guest may. `auth`: it is put into a header for its guest. `argument`: its tool is called with it. */
export type SecretUse =
  | { readonly name: string; readonly kind: "read" }
  | { readonly name: string; readonly kind: "auth"; readonly allow: string; readonly header: string }
  | { readonly name: string; readonly kind: "argument"; readonly argument: string };

/** Every use of a secret by a step, as its document says. Nobody else's are the step's own. */
export function secretUses(step: Step): readonly SecretUse[] {
  if (step.type === "local") return [];
  if (step.type === "tool") {
    const entries = step.with === null || typeof step.with !== "object" ? [] : Object.entries(step.with);
    return entries.flatMap(([argument, template]) => namesIn(template).map((name) => ({ name, kind: "argument", argument }) as const));
  }
  const { http = [], secrets = [] } = step.grants ?? {};
  return [
    ...http.flatMap(({ allow, auth }) =>
      auth === undefined ? [] : [{ name: auth.secret, kind: "auth", allow, header: auth.header } as const],
    ),
    ...secrets.map((name) => ({ name, kind: "read" }) as const),
  ];
}

/** The values of a step's own secrets. */
export function ownSecrets(step: Step, all: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const own = new Map<string, string>();
  for (const { name } of secretUses(step)) {
    const value = all.get(name);
    if (value !== undefined) own.set(name, value);
  }
  return own;
}

function namesIn(template: Template): readonly string[] {
  if (typeof template === "string") {
    const { parts } = parseTemplate(template);
    return parts.flatMap((part) =>
      part.kind === "reference" && part.reference.root === "secrets" ? [String(part.reference.path[0])] : [],
    );
  }
  return template === null || typeof template !== "object" ? [] : Object.values(template).flatMap(namesIn);
}
