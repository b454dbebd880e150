// test.ts [--quick] [PART OF A PATH...] runs the tests of the repository. Its last line is "N passed, N failed".
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "node:test";
import { quick, testFiles } from "./select.ts";
import { ROOT } from "./setup.js";
import { Tally } from "./tally.ts";

/** For one file. The longest takes a minute or two; what takes this long hangs. */
const FILE_MS_MAX = 10 * 60_000;

const args = process.argv.slice(2);
const parts = args.filter((arg) => arg !== "--quick");
let files = testFiles(ROOT);
if (args.includes("--quick")) files = files.filter(quick);
if (parts.length > 0) files = files.filter((file) => parts.some((part) => file.includes(part)));

const interrupt = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => interrupt.abort());

// One for all properties, so that a run can be had again; see fuzz/property.ts.
process.env["GLOVEBOX_SEED"] ??= String(Math.floor(Math.random() * 2 ** 31));
console.log(`GLOVEBOX_SEED=${process.env["GLOVEBOX_SEED"]}`);

// Runs that tests start leave their records here, and not among those of whoever runs the tests.
const data = mkdtempSync(join(tmpdir(), "glovebox-tests-"));
process.env["GLOVEBOX_DATA"] = data;
process.once("exit", () => rmSync(data, { recursive: true, force: true }));

const paths = files.map((file) => join(ROOT, file));
const tally = new Tally(ROOT, paths);
if (files.length > 0) {
  const events = run({
    files: paths,
    cwd: ROOT,
    // Tests start processes of their own, so more files at a time only make each other slow.
    concurrency: Math.min(2, availableParallelism()),
    timeout: FILE_MS_MAX,
    signal: interrupt.signal,
  });
  for await (const event of events) for (const line of tally.add(event)) console.log(line);
}
if (tally.passed + tally.failed === 0) console.log("No test ran.");
for (const line of tally.end()) console.log(line);
process.exitCode = tally.failed > 0 || tally.passed === 0 || interrupt.signal.aborted ? 1 : 0;
