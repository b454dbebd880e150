// The command from nothing to its end: a process that starts, a workflow of three steps, one of them in the sandbox. With the runtimes
// built and Node's compile cache filled; without `npx`, which takes longer than all of it.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Comparison } from "../figure.ts";
import { contest } from "../measure/contest.ts";
import { output } from "../measure/process.ts";

const BIN = fileURLToPath(new URL("../../packages/cli/bin/glovebox.js", import.meta.url));
const DEMO = fileURLToPath(new URL("../../examples/wasm-integration.yaml", import.meta.url));

export async function compare(): Promise<Comparison> {
  // Runs are recorded, as those of users are, but not among those of whoever measures.
  const data = mkdtempSync(join(tmpdir(), "glovebox-bench-"));
  process.env["GLOVEBOX_DATA"] = data;
  const { cold, nothing } = await contest(5, {
    cold: { perRound: 5, work: () => timed([BIN, "run", DEMO, "hello world"]) },
    nothing: { perRound: 5, work: () => timed(["-e", "0"]) },
  });
  rmSync(data, { recursive: true });
  return {
    title: "The command",
    figures: [
      { what: "`glovebox run` of a demo of three steps", value: cold.median, p95: cold.p95, unit: "ms", aim: { atMost: 350 } },
      { what: "a `node` process that does nothing", value: nothing.median, p95: nothing.p95, unit: "ms" },
    ],
    notes: [],
  };
}

async function timed(args: readonly string[]): Promise<undefined> {
  await output(process.execPath, args);
}
