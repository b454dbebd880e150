import type { Draft, DraftStep } from "./draft.ts";
import type { Findings } from "./findings.ts";
import type { PlacedRead } from "./templates.ts";
import { nearest, quoted } from "./text.ts";
import type { Node } from "./tree.ts";

const OF_A_STEP = ["output", "status"];
const OF_A_RUN = ["id", "inputs"];

/** What is read of steps, by step: ids with the first place that reads each. */
export type Implied = ReadonlyMap<string, ReadonlyMap<string, PlacedRead>>;

/** Checks what references and expressions read. What they read of other steps makes those dependencies. */
export function checkReads(draft: Draft, steps: ReadonlyMap<string, DraftStep>, findings: Findings): Implied {
  const checker = new ReadChecker(draft, steps, findings);
  const implied = new Map<string, Map<string, PlacedRead>>();
  for (const step of draft.steps) {
    const ids = implied.get(step.id) ?? new Map<string, PlacedRead>();
    implied.set(step.id, ids);
    for (const read of step.reads) {
      const id = checker.check(read, step);
      if (id !== undefined && !ids.has(id)) ids.set(id, read);
    }
  }
  for (const read of draft.outputReads) checker.check(read, undefined);
  return implied;
}

class ReadChecker {
  readonly #steps: ReadonlyMap<string, DraftStep>;
  readonly #findings: Findings;
  readonly #secrets: ReadonlySet<string>;
  /** Undefined: any name may be given. */
  readonly #inputs: ReadonlySet<string> | undefined;

  constructor(draft: Draft, steps: ReadonlyMap<string, DraftStep>, findings: Findings) {
    this.#steps = steps;
    this.#findings = findings;
    this.#secrets = draft.secrets;
    this.#inputs = declaredInputs(draft.inputs);
  }

  /** The id of the step that is read, where it is one. `step` is the reader; undefined: the outputs. */
  check(read: PlacedRead, step: DraftStep | undefined): string | undefined {
    const [first] = read.path;
    switch (read.root) {
      case "item":
        this.#findings.error("not-built-yet", read.span, `${quoted(read.written)}: loops are not built yet`);
        return undefined;
      case "secrets":
        this.#secret(read, first);
        return undefined;
      case "run":
        this.#known(read, first, OF_A_RUN, "a run");
        if (first === "inputs") this.#input(read, read.path[1]);
        return undefined;
      case "inputs":
        if (read.scope === "run") this.#input(read, first);
        else if (step !== undefined) this.#ownInput(read, first, step);
        return undefined;
      case "steps":
        return this.#step(read, first);
    }
  }

  #secret(read: PlacedRead, name: string | number | undefined): void {
    const written = quoted(read.written);
    if (!read.secrets) {
      const instead = "a guest gets one by its grants: http.auth, or grants.secrets";
      this.#findings.error(
        "secret-misplaced",
        read.span,
        `${written}: a secret stands in the arguments of a tool only, by itself; ${instead}`,
      );
    } else if (name === undefined || read.path.length > 1) {
      this.#findings.error("unknown-reference", read.span, `${written}: a secret is a text, read as secrets.NAME`);
    } else if (!this.#secrets.has(String(name))) {
      const message = `${written}: the document declares no secret ${quoted(String(name))}`;
      this.#findings.error("undeclared-secret", read.span, message, () => nearest(String(name), this.#secrets));
    }
  }

  #step(read: PlacedRead, id: string | number | undefined): string | undefined {
    if (id === undefined) {
      if (read.plain)
        this.#findings.error("unknown-reference", read.span, `${quoted(read.written)} needs the id of a step, as in steps.read.output`);
      return undefined;
    }
    const name = String(id);
    if (!this.#steps.has(name)) {
      this.#findings.error("unknown-reference", read.span, `${quoted(read.written)}: there is no step ${quoted(name)}`, () => {
        const close = nearest(name, this.#steps.keys());
        return close ?? dashed(name, this.#steps.keys());
      });
      return undefined;
    }
    this.#known(read, read.path[1], OF_A_STEP, "a step");
    return name;
  }

  #known(read: PlacedRead, name: string | number | undefined, names: readonly string[], what: string): void {
    if (name === undefined ? !read.plain : names.includes(String(name))) return;
    const has = names.map((known) => `"${known}"`).join(" and ");
    const message = `${quoted(read.written)}: of ${what} there is ${has}${name === undefined ? "" : `, no ${quoted(String(name))}`}`;
    this.#findings.error("unknown-reference", read.span, message, () => (name === undefined ? undefined : nearest(String(name), names)));
  }

  #input(read: PlacedRead, name: string | number | undefined): void {
    const inputs = this.#inputs;
    if (name === undefined || inputs === undefined || inputs.has(String(name))) return;
    const message = `${quoted(read.written)}: the document declares no input ${quoted(String(name))}`;
    this.#findings.error("undeclared-input", read.span, message, () => nearest(String(name), inputs));
  }

  #ownInput(read: PlacedRead, name: string | number | undefined, { id, dependsOn, inputNames, reads }: DraftStep): void {
    if (name === undefined || inputNames === "any") return;
    const names =
      inputNames ??
      new Set([
        ...dependsOn.map((dependency) => dependency.id),
        ...reads.filter(({ root }) => root === "steps").map(({ path }) => String(path[0])),
      ]);
    if (names.has(String(name))) return;
    const where = this.#inputs?.has(String(name)) ? `: what the run was given is run.inputs.${name}` : "";
    const message = `${quoted(read.written)}: the input of step "${id}" has no ${quoted(String(name))}${where}`;
    this.#findings.error("unknown-reference", read.span, message, () => (where === "" ? nearest(String(name), names) : undefined));
  }
}

/** The names that a run may be given, where the schema says them all in one place; undefined where it may allow others. */
function declaredInputs(schema: Node | "text" | undefined): ReadonlySet<string> | undefined {
  if (schema === "text") return undefined;
  if (schema === undefined) return new Set();
  if (schema.kind !== "map") return undefined;
  const open = ["$ref", "allOf", "anyOf", "oneOf", "if", "patternProperties"].some((key) => schema.entries.has(key));
  const others = schema.entries.get("additionalProperties")?.value;
  const properties = schema.entries.get("properties")?.value;
  if (open || properties?.kind !== "map" || (others !== undefined && !(others.kind === "scalar" && others.value === false)))
    return undefined;
  return new Set(properties.entries.keys());
}

/** In JavaScript `steps.a-b` subtracts: an id with a dash stands in brackets there. */
function dashed(name: string, ids: Iterable<string>): string | undefined {
  for (const id of ids) if (id.startsWith(`${name}-`)) return `steps['${id}']`;
  return undefined;
}
