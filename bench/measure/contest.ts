import { setTimeout as pause } from "node:timers/promises";
import { type Samples, summarise } from "./samples.ts";

export interface Contender {
  /** How often in each round. */
  readonly perRound: number;
  /** Milliseconds of rest before each measurement, which are not measured. Default: none. */
  readonly restMs?: number;
  /** Does it once. Returns milliseconds where it measured itself. */
  work(): Promise<number | undefined>;
}

/**
 * Measures contenders in turns, round after round, so that whatever else the machine does falls on all of them alike. The first round is
 * run and not counted.
 */
export async function contest<Name extends string>(rounds: number, contenders: Record<Name, Contender>): Promise<Record<Name, Samples>> {
  const entries = Object.entries(contenders) as [Name, Contender][];
  const measured = new Map<Name, number[]>();
  for (let round = 0; round <= rounds; round++) {
    for (const [name, { perRound, restMs, work }] of entries) {
      const values = measured.get(name) ?? [];
      measured.set(name, values);
      for (let i = 0; i < perRound; i++) {
        if (restMs) await pause(restMs);
        const started = performance.now();
        const own = await work();
        if (round > 0) values.push(own ?? performance.now() - started);
      }
    }
  }
  return Object.fromEntries([...measured].map(([name, values]) => [name, summarise(values)])) as Record<Name, Samples>;
}
