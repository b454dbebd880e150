import { Chambers } from "./chambers.ts";
import { readDocument } from "./document.ts";
import { guessGuests } from "./guess.ts";
import type { InputFlags } from "./input.ts";
import { Interrupt } from "./interrupt.ts";

export interface RunFlags extends InputFlags {
  readonly json?: boolean;
  readonly folder?: string;
  readonly concurrency?: number;
  readonly cells?: number;
}

/** `glovebox run`. Resolves to the exit code; whatever happens has been told by then. */
export async function run(file: string, argument: string | undefined, flags: RunFlags): Promise<number> {
  await using chambers = new Chambers(flags.cells);
  using interrupt = new Interrupt(() => chambers.kill());
  const text = Promise.try(readDocument, file);
  await text.then(
    (known) => chambers.expect(guessGuests(known)),
    () => {}, // what is wrong with the file is told below
  );
  // Loading the engine takes longer than anything else here; cells start meanwhile.
  const { checkAndRun } = await import("./workflow-run.ts");
  return await checkAndRun({ file, text, argument, flags, chambers, interrupt });
}
