import { readdirSync, readFileSync } from "node:fs";

/** Processes that a process started, and those that they started: what wraps a cell is a process of its own. Linux only. */
export function descendantsOf(id: number): number[] {
  return childrenOf(id).flatMap((child) => [child, ...descendantsOf(child)]);
}

function childrenOf(id: number): number[] {
  return readdirSync(`/proc/${id}/task`).flatMap((thread) =>
    readFileSync(`/proc/${id}/task/${thread}/children`, "latin1").split(" ").filter(Boolean).map(Number),
  );
}

/** CPU milliseconds of all threads of some processes. The first number of a thread's `schedstat` is nanoseconds on a CPU. */
export function cpuMsOf(ids: readonly number[]): number {
  const threads = ids.flatMap((id) => readdirSync(`/proc/${id}/task`).map((thread) => `/proc/${id}/task/${thread}/schedstat`));
  return threads.reduce((sum, file) => sum + Number(readFileSync(file, "latin1").split(" ")[0]) / 1e6, 0);
}
