import { start } from "./program.ts";

// A reader that has seen enough (`glovebox run ... | head`) closes the pipe; that is no failure of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

process.exitCode = await start(process.argv.slice(2));
