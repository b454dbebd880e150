import { join } from "node:path";
import { run } from "node:test";
import { Tally } from "../scripts/tally.ts";
import { casesIn } from "./round.ts";

/** How one run of one file's properties went. */
export interface Batch {
  readonly cases: number;
  readonly failed: boolean;
  /** What a person is to see of a failure. */
  readonly lines: readonly string[];
}

/**
 * Runs the properties of a file once, in a process of its own.
 * @param file below `root`
 * @param msMax after which it hangs
 */
export async function runBatch(root: string, file: string, seed: number, rounds: number, msMax: number): Promise<Batch> {
  Object.assign(process.env, { GLOVEBOX_SEED: String(seed), GLOVEBOX_ROUNDS: String(rounds) });
  const path = join(root, file);
  const tally = new Tally(root, [path]);
  const lines: string[] = [];
  let cases = 0;
  for await (const event of run({ files: [path], cwd: root, timeout: msMax })) {
    if (event.type === "test:diagnostic") cases += casesIn(event.data.message) ?? 0;
    for (const line of tally.add(event)) if (!line.startsWith("ok ")) lines.push(line);
  }
  const end = tally.end();
  return { cases, failed: tally.failed > 0 || cases === 0, lines: [...lines, ...end.slice(0, -1)] };
}
