import type { Measure } from "./measure.ts";
import type { Soaked } from "./soak.ts";

/** What may be more afterwards than it was at its least, once warmed up. Everything that is counted in whole numbers may not grow at all. */
interface Bounds {
  readonly heapMiB: number;
  readonly buffersMiB: number;
  readonly residentMiB: number;
  readonly cellMiB: number;
}

/**
 * Over the 18,000 runs that follow the first tenth of a soak: 240 bytes of heap a run, less than the smallest thing that could be kept of
 * each (a closure in a list, an entry of a map and its key), and as much in buffers. Resident memory also holds what the allocator and V8 keep for later, which
 * comes and goes by 25 MiB: 3.7 KB a run. A cell's comes and goes by 50 MiB,
 * and by 128 MiB of memories that were dropped and wait to be collected; if it kept but one page of memory of each of the thousands of guests
 * that are its own, it would have 400 MiB more.
 */
const OF_PROCESSES: Bounds = { heapMiB: 4, buffersMiB: 4, residentMiB: 64, cellMiB: 192 };

/**
 * Threads hold their guests' memory in this process, and more of it the more runtimes they have opened. What ended ones had is kept by the
 * C library for the next ones: by its own count of what is in use nothing of it is lost, but it is resident.
 */
const OF_THREADS: Bounds = { ...OF_PROCESSES, residentMiB: 768 };

/** Resident memory that no cell may have while it runs nothing, whatever it has opened: what sandbox.ts allows it besides its guest's. */
const CELL_MIB_MAX = 640;

/** Descriptors that a cell costs: its line and the accounting of its thread, or those and what Node's own loop of a thread has. */
const DESCRIPTORS_OF_A_CELL = { process: 2, thread: 6 };
/** Threads that Node starts once for files and names, when it first needs them. */
const POOL_THREADS = 4;

/** What has grown, one sentence each. */
export function growth({ measures, cellsMax, before, after }: Soaked, home: "process" | "thread"): string[] {
  const bounds = home === "process" ? OF_PROCESSES : OF_THREADS;
  // A cell that is a thread is none of the threads that are left when all is closed.
  const cellsOf = ({ processes, threads }: Measure) => (home === "process" ? processes : Math.max(0, threads - after.threads));
  const besides = (measure: Measure) => measure.descriptors - cellsOf(measure) * DESCRIPTORS_OF_A_CELL[home];
  const [first] = measures;
  const last = measures.at(-1);
  if (first === undefined || last === undefined) return ["nothing was measured"];
  const grown: string[] = [];
  for (const name of ["heapMiB", "buffersMiB", "residentMiB"] as const) {
    const least = Math.min(...measures.map((measure) => measure[name]));
    if (last[name] - least > bounds[name]) grown.push(`${name} from ${least.toFixed(1)} to ${last[name].toFixed(1)}`);
  }
  const never = (what: string, from: number, to: number) => {
    if (to > from) grown.push(`${what} from ${from} to ${to}`);
  };
  for (const measure of measures) {
    const at = `after ${measure.runs} runs`;
    never(`descriptors besides those of cells, ${at},`, besides(first), besides(measure));
    if (home === "process") never(`threads, ${at},`, first.threads, measure.threads);
    never(`cells, ${at},`, cellsMax, cellsOf(measure));
    never(`listeners, ${at},`, first.listeners, measure.listeners);
    never(`handles, ${at} (${measure.handles}),`, first.handles.length, measure.handles.length);
  }
  never("descriptors, when all is closed,", before.descriptors, after.descriptors);
  never("threads, when all is closed,", before.threads + POOL_THREADS, after.threads);
  never("processes, when all is closed,", 0, after.processes);
  never("handles, when all is closed,", before.handles.length, after.handles.length);
  return [...grown, ...growthOfCells(measures, bounds.cellMiB)];
}

/** Each cell that was there half of the time, against what it had when it was seen for the second time: by then it has opened what it needs. */
function growthOfCells(measures: readonly Measure[], mibMax: number): string[] {
  const ids = new Set(measures.flatMap(({ cells }) => [...cells.keys()]));
  return [...ids].flatMap((id) => {
    const seen = measures.flatMap(({ cells }) => cells.get(id) ?? []);
    const [first, second] = seen;
    if (first === undefined || second === undefined) return [];
    return seen.flatMap(({ residentMiB, threads, descriptors }, at) => {
      const grown: string[] = [];
      const stayed = seen.length > measures.length / 2 && at > 0;
      if ((stayed && residentMiB - second.residentMiB > mibMax) || residentMiB > CELL_MIB_MAX)
        grown.push(`residentMiB of cell ${id} from ${second.residentMiB.toFixed(1)} to ${residentMiB.toFixed(1)}`);
      if (threads > first.threads) grown.push(`threads of cell ${id} from ${first.threads} to ${threads}`);
      if (descriptors > first.descriptors) grown.push(`descriptors of cell ${id} from ${first.descriptors} to ${descriptors}`);
      return grown;
    });
  });
}
