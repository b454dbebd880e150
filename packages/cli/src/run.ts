import { Chambers } from "./chambers.ts";
import { readDocument } from "./document.ts";
import { findConfiguration } from "./find-configuration.ts";
import { guessGuests } from "./guess.ts";
import { Interrupt } from "./interrupt.ts";
import type { RunFlags } from "./workflow-run.ts";

/** `glovebox run`. Resolves to the exit code; whatever happens has been told by then. */
export async function run(file: string, argument: string | undefined, flags: RunFlags): Promise<number> {
  await using chambers = new Chambers(flags.cells);
  using interrupt = new Interrupt(() => chambers.kill());
  const text = Promise.try(readDocument, file);
  // A configuration may say what must stand around cells, so none is started before it has been read.
  if (findConfiguration(flags.config) === undefined) {
    await text.then(
      (known) => chambers.expect(guessGuests(known)),
      () => {}, // what is wrong with the file is told below
    );
  }
  // Loading the engine takes longer than anything else here; cells start meanwhile.
  const { checkAndRun } = await import("./workflow-run.ts");
  return await checkAndRun({ file, text, argument, flags, chambers, interrupt });
}
