import { readFileSync } from "node:fs";

/**
 * The process at the end of a chain of only children: the cell's, where `processId` is its wrapper's. As the kernel tells it, in our own
 * numbering; to be asked before a cell has run anything of a guest's, because a cell that was taken over may have children.
 * (`/proc/<pid>/task/<tid>/children`: Linux, built with CONFIG_PROC_CHILDREN as distributions do.)
 */
export function innermost(processId: number): number {
  for (let at = processId; ; ) {
    const child = Number.parseInt(children(at), 10);
    if (Number.isNaN(child)) return at;
    at = child;
  }
}

function children(processId: number): string {
  try {
    return readFileSync(`/proc/${processId}/task/${processId}/children`, "latin1");
  } catch {
    return ""; // it has ended, or this is no Linux
  }
}
