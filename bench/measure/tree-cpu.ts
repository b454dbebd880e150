import { readdirSync, readFileSync } from "node:fs";

/** `/proc/<pid>/stat` counts in these; Linux has shown user space 100 of them a second on every platform of Node's (`USER_HZ`). */
const TICK_MS = 10;

/** CPU milliseconds of this process, of all that descends from it, and of what it started and has ended, all threads. Linux only. */
export function treeCpuMs(): number {
  return [process.pid, ...descendantsOf(process.pid)].reduce((sum, id) => sum + cpuMs(id), 0) + endedCpuMs();
}

/** Processes that a process started, and those that they started: what wraps a cell is a process of its own. */
export function descendantsOf(id: number): number[] {
  return childrenOf(id).flatMap((child) => [child, ...descendantsOf(child)]);
}

function childrenOf(id: number): number[] {
  return readdirSync(`/proc/${id}/task`).flatMap((thread) =>
    readFileSync(`/proc/${id}/task/${thread}/children`, "latin1").split(" ").filter(Boolean).map(Number),
  );
}

/** The first number of a thread's `schedstat` is nanoseconds on a CPU. V8's threads end with their process. */
function cpuMs(id: number): number {
  return readdirSync(`/proc/${id}/task`).reduce((sum, thread) => {
    const [nanoseconds] = readFileSync(`/proc/${id}/task/${thread}/schedstat`, "latin1").split(" ");
    return sum + Number(nanoseconds) / 1e6;
  }, 0);
}

/** The fields `cutime` and `cstime` (proc(5)); what stands before them ends with the last parenthesis. */
function endedCpuMs(): number {
  const fields = readFileSync("/proc/self/stat", "latin1")
    .replace(/^.*\) /s, "")
    .split(" ");
  return (Number(fields[13]) + Number(fields[14])) * TICK_MS;
}
