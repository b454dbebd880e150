// run.js [FILE [ARGUMENT...]] sets the clone up, then runs FILE on the pinned Node and ends as it does.
import { endLike, launch } from "../packages/cli/bin/launch.js";
import { ROOT, setUp } from "./setup.js";

try {
  const node = await setUp();
  const args = process.argv.slice(2);
  if (args.length > 0) endLike(await launch(node, args, { cwd: ROOT }));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
