import { readFileSync } from "node:fs";

/**
 * The process at the end of a chain of only children: the cell's, where `processId` is its wrapper's. As the kernel tells it, in our own
 * numbering; to be asked before a cell has run anything of a guest's, because a cell that was taken over may have children.
 *
 * @returns undefined where the kernel doesn't tell (`/proc/<pid>/task/<tid>/children`: Linux, built with CONFIG_PROC_CHILDREN as
 *   distributions do), or the process has ended
 */
export function innermost(processId: number): number | undefined {
  try {
    for (let at = processId; ; ) {
      const child = Number.parseInt(readFileSync(`/proc/${at}/task/${at}/children`, "latin1"), 10);
      if (Number.isNaN(child)) return at;
      at = child;
    }
  } catch {
    return undefined;
  }
}
