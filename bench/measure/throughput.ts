import { availableParallelism } from "node:os";
import { treeCpuMs } from "./tree-cpu.ts";

export interface Throughput {
  /** Runs a second of wall time, over the machine's CPUs: what was reached, with whatever else the machine had to do. */
  readonly perSecondAndCore: number;
  /** Runs a second of CPU time, this process and all of its cells taken together: what a core that is busy with nothing else does. */
  readonly perCpuSecond: number;
  /** This process's part of that CPU time. */
  readonly parentPart: number;
}

/** Keeps `inFlight` runs going until `count` are done. */
export async function throughput(count: number, inFlight: number, run: () => Promise<unknown>): Promise<Throughput> {
  let left = count;
  const line = async () => {
    while (left-- > 0) await run();
  };
  const before = { cpu: treeCpuMs(), own: process.cpuUsage(), at: performance.now() };
  await Promise.all(Array.from({ length: inFlight }, line));
  const wallMs = performance.now() - before.at;
  const own = process.cpuUsage(before.own);
  const cpuMs = treeCpuMs() - before.cpu;
  return {
    perSecondAndCore: (count / wallMs / availableParallelism()) * 1000,
    perCpuSecond: (count / cpuMs) * 1000,
    parentPart: (own.user + own.system) / 1000 / cpuMs,
  };
}
