import type { Attempt, GuestEnd } from "../cell/attempt.ts";
import { filled, readMeter, STACK_BYTES } from "../wasm/meter-layout.ts";
import { OWN_EXPORTS } from "../wasm/rewrite.ts";

/** The meter of one instance that has one. */
export class FuelGauge {
  readonly #global: WebAssembly.Global;
  #max = 0;

  /** undefined where the module is not metered. */
  static of(exports: Readonly<Record<string, WebAssembly.ExportValue | undefined>>): FuelGauge | undefined {
    const global = exports[OWN_EXPORTS.meter];
    return global instanceof WebAssembly.Global ? new FuelGauge(global) : undefined;
  }

  private constructor(global: WebAssembly.Global) {
    this.#global = global;
  }

  /** Gives the instance `fuel` to spend, and a whole stack. */
  fill(fuel: number): void {
    this.#max = fuel;
    this.#global.value = filled(fuel);
  }

  /** Has the attempt's clock run on what the guest spends. */
  begin(attempt: Attempt): void {
    this.fill(attempt.limits.fuel ?? 0);
    attempt.fuel = this;
  }

  get spent(): number {
    return this.#max - readMeter(this.#global.value as bigint).fuel;
  }

  /** The end as the meter has it: whoever spent more than there was, or went deeper, is told so, whatever it did about it. */
  judge(end: GuestEnd): GuestEnd {
    const { fuel, stackIsOut } = readMeter(this.#global.value as bigint);
    const error = end.kind === "failed" ? { error: end.error } : {};
    if (fuel < 0) return { kind: "exhausted", limit: "fuel", used: this.#max - fuel, max: this.#max, ...error };
    if (stackIsOut && end.kind !== "exhausted") return { kind: "exhausted", limit: "stack", used: STACK_BYTES, max: STACK_BYTES, ...error };
    return end;
  }
}
