import type { HostLimits, Limits } from "@glovebox/sandbox";
import type { Layer } from "./policy.ts";

/** A number that applies to a step, and where it comes from. */
export interface Applied {
  readonly value: number;
  readonly from: "default" | "document" | "step" | Layer["by"];
}

interface Numbers {
  readonly limits: Partial<Limits>;
  readonly hostLimits: Partial<HostLimits>;
}

/**
 * The numbers that apply, by name: what is asked for, else the default, which a ceiling lowers. What is asked for is above no ceiling once
 * a document has been checked; should it be all the same, the ceiling holds. A number without a
 * default that nobody asks for (fuel, which costs time) stays out: a ceiling bounds what is asked for, and asks for nothing.
 * @param inherited names of what only the document's `defaults` ask for
 */
export function appliedNumbers<K extends keyof Numbers>(
  kind: K,
  layers: readonly Layer[],
  defaults: Numbers[K],
  asked: Numbers[K],
  inherited: readonly string[] = [],
): ReadonlyMap<string, Applied> {
  const applied = new Map<string, Applied>();
  for (const [name, value] of entriesOf(defaults)) applied.set(name, { value, from: "default" });
  for (const [name, value] of entriesOf(asked)) applied.set(name, { value, from: inherited.includes(name) ? "document" : "step" });
  for (const { by, ceiling } of layers) {
    for (const [name, max] of entriesOf(ceiling[kind])) {
      const current = applied.get(name);
      if (current !== undefined && current.value > max) applied.set(name, { value: max, from: by });
    }
  }
  return applied;
}

/** The numbers alone, as the sandbox takes them. */
export function numbersOf(applied: ReadonlyMap<string, Applied>): Readonly<Record<string, number>> {
  return Object.fromEntries([...applied].map(([name, { value }]) => [name, value]));
}

function entriesOf(numbers: object): readonly (readonly [string, number])[] {
  return Object.entries(numbers).filter((entry): entry is [string, number] => typeof entry[1] === "number");
}
