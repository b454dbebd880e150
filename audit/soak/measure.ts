import { readdirSync, readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { cellProcesses, childProcesses } from "../cells.ts";

const MiB = 2 ** 20;
const PAGE = 4096;

setFlagsFromString("--expose-gc");
/** The last resort takes what an ordinary collection leaves for later: code that was not run for a while, above all. */
const collect = runInNewContext("gc") as (options: { type: "major"; execution: "sync"; flavor: "last-resort" }) => void;

/** What this process holds, and what its cells do, while none of them runs anything. */
export interface Measure {
  /** Guests that have been run so far. */
  readonly runs: number;
  readonly seconds: number;
  /** Of V8's heap, after collecting. */
  readonly heapMiB: number;
  /** What buffers hold outside of it. */
  readonly buffersMiB: number;
  readonly residentMiB: number;
  readonly threads: number;
  readonly descriptors: number;
  /** What would keep this process alive: timers, sockets, requests. */
  readonly handles: readonly string[];
  readonly listeners: number;
  readonly processes: number;
  /** Cells by the id of their process. Empty where they are threads, or where the system does not tell. */
  readonly cells: ReadonlyMap<number, Cell>;
}

interface Cell {
  readonly residentMiB: number;
  readonly threads: number;
  /** 0 where we may not look. */
  readonly descriptors: number;
}

/** What the system counts for this process; zeros where it does not tell. */
export function held(): Pick<Measure, "threads" | "descriptors" | "processes"> {
  if (process.platform !== "linux") return { threads: 0, descriptors: 0, processes: 0 };
  // One descriptor is that of the folder itself, while it is read.
  return {
    threads: readdirSync("/proc/self/task").length,
    descriptors: readdirSync("/proc/self/fd").length - 1,
    processes: childProcesses().length,
  };
}

export function measure(runs: number, startedMs: number): Measure {
  collect({ type: "major", execution: "sync", flavor: "last-resort" });
  const { heapUsed, external, rss } = process.memoryUsage();
  const cells = new Map(process.platform === "linux" ? cellProcesses().flatMap((id) => cellOf(id)) : []);
  return {
    runs,
    seconds: Math.round((performance.now() - startedMs) / 100) / 10,
    heapMiB: heapUsed / MiB,
    buffersMiB: external / MiB,
    residentMiB: rss / MiB,
    ...held(),
    handles: process.getActiveResourcesInfo().sort(),
    listeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0),
    cells,
  };
}

function cellOf(id: number): [number, Cell][] {
  try {
    const resident = Number(readFileSync(`/proc/${id}/statm`, "latin1").split(" ")[1]) * PAGE;
    return [[id, { residentMiB: resident / MiB, threads: readdirSync(`/proc/${id}/task`).length, descriptors: descriptorsOf(id) }]];
  } catch {
    return []; // it has ended
  }
}

function descriptorsOf(id: number): number {
  try {
    return readdirSync(`/proc/${id}/fd`).length;
  } catch {
    return 0;
  }
}
