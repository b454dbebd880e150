import { statSync } from "node:fs";
import { type Check, javascript } from "../audit.ts";
import { cellProcesses } from "../cells.ts";

/** What the rest of the audit relies on. */
export const CELL_ROWS: readonly Check[] = [
  {
    section: "G. The cells themselves",
    attack: "another program than the Node that runs the audit",
    check: async ({ sandbox, home }) => {
      await sandbox.run(javascript("return 1"));
      if (home === "thread" || process.platform !== "linux") return undefined;
      const own = statSync(process.execPath);
      // One that has ended and was not waited for yet has no program any more.
      const cells = cellProcesses().flatMap((id) => statSync(`/proc/${id}/exe`, { throwIfNoEntry: false }) ?? []);
      if (cells.length === 0) return "there is no cell";
      return cells.every(({ dev, ino }) => dev === own.dev && ino === own.ino) ? undefined : "a cell is another program";
    },
  },
];
