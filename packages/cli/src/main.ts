import { tellFailure } from "./complaint.ts";
import { start } from "./program.ts";

// A reader that has seen enough (`glovebox run ... | head`) closes the pipe; that is no failure of ours.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit();
  });
}

// Node opens a debugger at this signal, and any process of our user's can send it: a cell that broke out and is not isolated, too.
if (process.platform !== "win32") process.on("SIGUSR1", () => {});

// A mistake of ours ends the process with a code and one line; cells end with their parent.
process.on("uncaughtException", async (error) => process.exit(await tellFailure(error)));

process.exitCode = await start(process.argv.slice(2));
