import type { Json } from "@glovebox/sandbox";
import type { Scope, StepView, StepViews } from "../expression/scope.ts";
import type { Step, Workflow } from "../workflow/document.ts";
import type { Ledger } from "./ledger.ts";
import { mergePayloads } from "./payload.ts";
import { ancestors, type Plan } from "./plan.ts";

/** What steps see of the run that they are in. */
export class View {
  readonly #plan: Plan;
  readonly #ledger: Ledger;
  readonly #runId: string;
  readonly #input: Json;
  readonly #isText: boolean;

  constructor(workflow: Pick<Workflow, "payload">, plan: Plan, ledger: Ledger, runId: string, input: Json) {
    this.#plan = plan;
    this.#ledger = ledger;
    this.#runId = runId;
    this.#input = input;
    this.#isText = workflow.payload === "text";
  }

  /** What a step may refer to, which is all that is upstream of it; without one, what the run's outputs may. */
  scope(id?: string): Scope {
    const steps = id === undefined ? this.#all() : this.#upstream(id);
    return { inputs: this.#input, steps, run: { id: this.#runId, inputs: this.#input } };
  }

  #all(): StepViews {
    const { steps } = this.#plan;
    return { keys: () => steps.keys(), get: (id) => (steps.has(id) ? this.#look(id) : undefined) };
  }

  #upstream(id: string): StepViews {
    const parents = this.#plan.steps.get(id)?.parents ?? [];
    // All that is upstream may be thousands, and a step's parents are most often all that it reads.
    const above = once(() => ancestors(this.#plan, id));
    return { keys: above, get: (other) => (parents.includes(other) || above().has(other) ? this.#look(other) : undefined) };
  }

  #look(id: string): StepView {
    return { status: this.#ledger.state(id), output: this.#ledger.output(id) ?? null };
  }

  /**
   * What a step gets that has no `input` of its own: `{ <dependency id>: its output }` of those that succeeded, or what the run was given
   * where it depends on nothing. In a workflow of text, the payload.
   */
  given(step: Step): { readonly defaultInput: Json; readonly payload: string | undefined } {
    if (this.#isText) {
      const payload = step.dependsOn.length === 0 ? this.#text() : this.#merged(step.dependsOn);
      return { defaultInput: payload ?? null, payload };
    }
    if (step.dependsOn.length === 0) return { defaultInput: this.#input, payload: undefined };
    const outputs = step.dependsOn.map((id) => [id, this.#ledger.output(id)] as const).filter(([, output]) => output !== undefined);
    return { defaultInput: Object.fromEntries(outputs) as Json, payload: undefined };
  }

  /** In a workflow of text: what the run was given, and what came out at its ends, as if one more step depended on them all. */
  payload(): { readonly input: string; readonly output: string } | undefined {
    if (!this.#isText) return undefined;
    const ends = [...this.#plan.steps.values()].filter(({ children }) => children.length === 0).map(({ step }) => step.id);
    const output = this.#merged(ends);
    return output === undefined ? undefined : { input: this.#text(), output };
  }

  #text(): string {
    return typeof this.#input === "string" ? this.#input : "";
  }

  #merged(ids: readonly string[]): string | undefined {
    const steps: Step[] = [];
    const payloads = new Map<string, string>();
    for (const id of ids) {
      const step = this.#plan.steps.get(id)?.step;
      const output = this.#ledger.output(id);
      if (step !== undefined) steps.push(step);
      if (typeof output === "string") payloads.set(id, output);
    }
    return mergePayloads(steps, payloads);
  }
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
