import type { Json, Request } from "@glovebox/sandbox";
import type { Step } from "../workflow/document.ts";
import { type Ending, endingOf, refused } from "./ending.ts";
import type { Meter } from "./meter.ts";
import { checkSchema } from "./schema.ts";

/**
 * Holds what one attempt comes to against its step's `output_schema`: what its guest writes (`write_output`) while the guest waits and can still
 * write another, and what it returns afterwards. What was taken is not checked again.
 */
export class OutputCheck {
  readonly #step: Step;
  readonly #schema: Json;
  readonly #meter: Meter;
  #taken: { readonly output: Json } | undefined;

  constructor(step: Step, schema: Json, meter: Meter) {
    this.#step = step;
    this.#schema = schema;
    this.#meter = meter;
  }

  /** For a request: says why what the guest wrote is not taken. */
  readonly accept: NonNullable<Request["acceptOutput"]> = async (output, beside) => {
    const verdict = await checkSchema(this.#schema, output, this.#meter.beside(beside));
    if (verdict.kind === "problems") return `the output does not fit the output_schema: ${verdict.message}`;
    if (verdict.kind === "ended") return "the output could not be checked against the output_schema";
    this.#taken = { output };
    return undefined;
  };

  /** The same ending, or how the attempt ends instead. */
  async apply(ending: Ending): Promise<Ending> {
    if (ending.outcome.kind !== "completed") return ending;
    const { output } = ending.outcome;
    // The same, not an equal one: from an output that secrets were taken out of something else is handed on.
    if (this.#taken?.output === output) return ending;
    const verdict = await checkSchema(this.#schema, output, this.#meter.guest);
    if (verdict.kind === "fits") return ending;
    if (verdict.kind === "ended") return endingOf(verdict.outcome);
    const what = `the output of step "${this.#step.id}", which does not fit its output_schema`;
    return refused("OutputSchemaError", `Cannot accept ${what}: ${verdict.message}`);
  }
}
