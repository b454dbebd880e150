import { readdirSync, readFileSync } from "node:fs";
import { innermost } from "@glovebox/sandbox";

/** The processes that this one has started and that have not ended, its cells' outermost among them, as the kernel tells them (Linux). */
export function childProcesses(): number[] {
  // A child is of the thread that started it.
  const ofThreads = readdirSync("/proc/self/task").map((thread) => readFileSync(`/proc/self/task/${thread}/children`, "latin1"));
  return ofThreads.flatMap((list) => list.split(" ").filter(Boolean).map(Number));
}

/** The processes at the other ends: those that guests run in, not what is wrapped around them. */
export function cellProcesses(): number[] {
  return childProcesses().flatMap((child) => innermost(child) ?? []);
}
