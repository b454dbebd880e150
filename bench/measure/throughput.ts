import { availableParallelism } from "node:os";
import { cpuMsOf, descendantsOf } from "./tree-cpu.ts";

export interface Throughput {
  /** Runs a second of wall time, over the machine's CPUs: what was reached, with whatever else the machine had to do. */
  readonly perSecondAndCore: number;
  /** Runs a second of CPU time, this process and all of its cells taken together: what a core that is busy with nothing else does. */
  readonly perCpuSecond: number;
  /** This process's part of that CPU time. */
  readonly parentPart: number;
}

/** Cells are not replaced while we measure: what an ended one used can't be told. Replacing one takes 0.1 to 0.2 s of CPU. */
export const NEVER_RECYCLED = 1_000_000_000;

/**
 * Keeps `inFlight` runs going until `count` are done. Before that, as many again are run and not counted, so that all cells have started
 * and V8 has compiled what it will.
 */
export async function throughput(count: number, inFlight: number, run: () => Promise<unknown>): Promise<Throughput> {
  await runAll(count, inFlight, run);
  const cells = descendantsOf(process.pid);
  const before = { own: cpuMsOf([process.pid]), cells: cpuMsOf(cells), at: performance.now() };
  await runAll(count, inFlight, run);
  const wallMs = performance.now() - before.at;
  const ownMs = cpuMsOf([process.pid]) - before.own;
  const cpuMs = ownMs + cpuMsOf(cells) - before.cells;
  if (descendantsOf(process.pid).some((id) => !cells.includes(id))) throw new Error("a cell was started while we measured");
  return {
    perSecondAndCore: (count / wallMs / availableParallelism()) * 1000,
    perCpuSecond: (count / cpuMs) * 1000,
    parentPart: ownMs / cpuMs,
  };
}

async function runAll(count: number, inFlight: number, run: () => Promise<unknown>): Promise<void> {
  let left = count;
  const line = async () => {
    while (left-- > 0) await run();
  };
  await Promise.all(Array.from({ length: inFlight }, line));
}
