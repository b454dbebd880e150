import { parseArgs } from "node:util";
import { ROOT } from "../scripts/setup.js";
import { runBatch } from "./batch.ts";
import { repeatCommand } from "./round.ts";
import { type Subject, subjectsOf } from "./subjects.ts";

// `npm run fuzz [-- PART] [--seconds N]`: the properties of the tests, again and again with fresh seeds and ever more cases, for N seconds
// in all. PART is part of a subject's name or of a file's path. Ends with 1 where a property did not hold.

const SECONDS = 300;
/** Cases of each property in a file's first batch; later ones have as many as take {@link BATCH_MS}. */
const FIRST_ROUNDS = 100;
/** Long enough that starting a process is little of it, short enough to repeat one. */
const BATCH_MS = 10_000;
/** Of a batch that hangs. A case of any property takes a fraction of a second. */
const BATCH_MS_MAX = 10 * 60_000;

if (import.meta.main) {
  const { values, positionals } = parseArgs({ options: { seconds: { type: "string" } }, allowPositionals: true });
  const seconds = Number(values.seconds ?? SECONDS);
  const subjects = subjectsOf(ROOT, positionals[0] ?? "");
  if (!(seconds > 0) || positionals.length > 1 || subjects.length === 0) {
    console.error("npm run fuzz [-- PART] [--seconds N]: PART is part of a subject's name or of the path of a file with properties");
    process.exitCode = 2;
  }
  for (const subject of process.exitCode === 2 ? [] : subjects) {
    if (!(await fuzz(subject, (seconds / subjects.length) * 1000))) process.exitCode = 1;
  }
}

/** Runs the files of a subject in turn until its time is over, or a property did not hold, and tells of it. */
async function fuzz({ name, files }: Subject, msMax: number): Promise<boolean> {
  const started = performance.now();
  const elapsed = () => performance.now() - started;
  const rounds = new Map(files.map((file) => [file, FIRST_ROUNDS]));
  let [cases, batches] = [0, 0];
  do {
    for (const [file, count] of rounds) {
      if (batches >= files.length && elapsed() >= msMax) break;
      const seed = Math.floor(Math.random() * 2 ** 31);
      const before = performance.now();
      const batch = await runBatch(ROOT, file, seed, count, BATCH_MS_MAX);
      const took = performance.now() - before;
      cases += batch.cases;
      batches += 1;
      if (batch.failed) {
        for (const line of batch.lines) console.log(line);
        console.log(`FAIL ${name}: ${cases} cases; all of the batch again: ${repeatCommand(file, seed, count)}`);
        return false;
      }
      rounds.set(file, Math.ceil(count * Math.min(10, BATCH_MS / took)));
    }
  } while (elapsed() < msMax);
  console.log(`ok   ${name}: ${cases} cases from ${batches} seeds in ${(elapsed() / 1000).toFixed(0)} s`);
  return true;
}
