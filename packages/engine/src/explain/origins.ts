import { readsOf } from "../expression/reads.ts";
import { parseTemplate, type ReferenceRoot } from "../expression/reference.ts";
import { isSandboxed } from "../steps/placement.ts";
import type { Step, Template, Workflow } from "../workflow/document.ts";

/** Where a value, or a part of it, comes from. */
export type Origin =
  /** It stands in the document. */
  | { readonly kind: "literal" }
  /** Whoever starts the run gives it. Missing: all that is given. */
  | { readonly kind: "input"; readonly name?: string }
  /** The run's id, or the state of a step. */
  | { readonly kind: "engine" }
  | { readonly kind: "secret"; readonly name: string }
  /** What a step hands on. `untrusted`: the sandboxed step that wrote it, or that decided what it is, however far upstream. */
  | { readonly kind: "step"; readonly step: string; readonly untrusted?: string };

/** Tells origins, of one workflow. */
export class Origins {
  readonly #steps: ReadonlyMap<string, Step>;
  readonly #untrusted = new Map<string, string | undefined>();

  constructor({ steps }: Pick<Workflow, "steps">) {
    this.#steps = new Map(steps.map((step) => [step.id, step]));
  }

  /** Of all parts of a template, each once; of one without references, `literal` alone. */
  template(template: Template): readonly Origin[] {
    return distinct(this.#inTemplate(template));
  }

  /** Of what a step gets that says nothing of its input. */
  defaultInput({ dependsOn }: Step): readonly Origin[] {
    return dependsOn.length === 0 ? [{ kind: "input" }] : dependsOn.map((id) => this.#step(id));
  }

  #inTemplate(template: Template): readonly Origin[] {
    if (typeof template === "string") return this.#inText(template);
    if (template === null || typeof template !== "object") return [{ kind: "literal" }];
    const values = Object.values(template);
    return values.length === 0 ? [{ kind: "literal" }] : values.flatMap((value) => this.#inTemplate(value));
  }

  #inText(text: string): readonly Origin[] {
    const origins = parseTemplate(text).parts.flatMap((part) => {
      if (part.kind === "text") return [];
      const reads = part.kind === "reference" ? [part.reference] : readsOf(part.source);
      return reads.flatMap(({ root, path }) => this.#read(root, path));
    });
    return origins.length === 0 ? [{ kind: "literal" }] : origins;
  }

  #read(root: ReferenceRoot, path: readonly (string | number)[]): readonly Origin[] {
    const [first, second] = path;
    switch (root) {
      case "inputs":
        return [inputOf(first)];
      case "run":
        return [first === "inputs" ? inputOf(second) : { kind: "engine" }];
      case "secrets":
        return [{ kind: "secret", name: String(first) }];
      case "steps":
        if (second === "status") return [{ kind: "engine" }];
        // A computed name may be that of any step.
        return first === undefined ? [...this.#steps.keys()].map((id) => this.#step(id)) : [this.#step(String(first))];
      case "item":
        return [];
    }
  }

  #step(id: string): Origin {
    const untrusted = this.#untrustedBehind(id);
    return { kind: "step", step: id, ...(untrusted === undefined ? {} : { untrusted }) };
  }

  /** A direct step that was told by a sandboxed one what to read hands on what that one chose. */
  #untrustedBehind(id: string): string | undefined {
    if (this.#untrusted.has(id)) return this.#untrusted.get(id);
    this.#untrusted.set(id, undefined); // a computed name can lead back here
    const step = this.#steps.get(id);
    let found: string | undefined;
    if (step !== undefined && isSandboxed(step)) found = id;
    else if (step !== undefined) {
      const origins = step.type === "tool" ? this.template(step.with) : this.defaultInput(step);
      found = origins.map((origin) => (origin.kind === "step" ? origin.untrusted : undefined)).find((other) => other !== undefined);
    }
    this.#untrusted.set(id, found);
    return found;
  }
}

function inputOf(name: string | number | undefined): Origin {
  return name === undefined ? { kind: "input" } : { kind: "input", name: String(name) };
}

function distinct(origins: readonly Origin[]): readonly Origin[] {
  const known = new Map(origins.map((origin) => [JSON.stringify(origin), origin]));
  // What is written around a reference says nothing that the reference does not.
  return known.size > 1 ? [...known.values()].filter(({ kind }) => kind !== "literal") : [...known.values()];
}
