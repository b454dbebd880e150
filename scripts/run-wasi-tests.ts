// run-wasi-tests.ts FOLDER [PART OF A NAME...] runs the cases of a folder, which is laid out as the public wasi-testsuite is, each in a chamber of its
// own, and prints a table. Of a folder without modules, such as the whole of that suite, it runs what is for preview 1 below it. It exits with 1 if any
// fails, or if there is none.
import { parseArgs } from "node:util";
import { Sandbox } from "@glovebox/sandbox";
import { readCases, runCase } from "./wasi-suite.ts";

const { positionals, values } = parseArgs({ allowPositionals: true, options: { threads: { type: "boolean", default: false } } });
const [folder, ...parts] = positionals;
if (folder === undefined) {
  console.error("usage: run-wasi-tests.ts [--threads] FOLDER [PART OF A NAME...]");
  process.exit(2);
}
const cases = readCases(folder).filter(({ name }) => parts.length === 0 || parts.some((part) => name.includes(part)));
const width = Math.max(0, ...cases.map(({ name }) => name.length));
let failed = 0;
{
  await using sandbox = new Sandbox({ cells: 1, spare: 0, warm: "none", home: values.threads ? "thread" : "process" });
  for (const wasiCase of cases) {
    let problems: readonly string[];
    try {
      problems = await runCase(sandbox, wasiCase);
    } catch (error) {
      problems = [error instanceof Error ? error.message : String(error)];
    }
    if (problems.length > 0) failed++;
    console.log(`${wasiCase.name.padEnd(width)}  ${problems.length === 0 ? "passed" : `FAILED  ${problems.join("; ")}`}`);
  }
}
console.log(`${cases.length - failed} passed, ${failed} failed`);
process.exitCode = failed > 0 || cases.length === 0 ? 1 : 0;
