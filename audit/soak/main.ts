import { parseArgs } from "node:util";
import { growth } from "./growth.ts";
import type { Measure } from "./measure.ts";
import { soak } from "./soak.ts";

// `npm run soak [-- --runs=N --seed=N --home=thread]`: guests of all kinds, friendly and hostile, on one sandbox, and what it holds meanwhile. Ends with 1
// if a guest came out wrong, if anything grew, or if anything is left.

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "20000" },
    seed: { type: "string", default: "1" },
    home: { type: "string", default: "process" },
  },
});
const home = values.home === "thread" ? "thread" : "process";
const [runs, seed] = [Number(values.runs), Number(values.seed)];
if (!Number.isSafeInteger(runs) || runs < 1 || !Number.isSafeInteger(seed)) throw new Error("--runs and --seed are whole numbers");

console.log(`${runs} runs in ${home} cells, in the order of seed ${seed}`);
console.log(
  "   runs  seconds  heap MiB  buffers MiB  resident MiB  threads  descriptors  processes  cells: resident MiB, threads, descriptors",
);
const soaked = await soak({ runs, seed, home, onMeasure: (measure) => console.log(line(measure)) });
console.log(line(soaked.after));
const problems = [...soaked.wrong, ...growth(soaked, home).map((what) => `grew: ${what}`), ...soaked.left.map((what) => `left: ${what}`)];
for (const problem of problems.slice(0, 100)) console.log(problem);
console.log(`${soaked.wrong.length} wrong, ${problems.length - soaked.wrong.length} grown or left`);
process.exitCode = problems.length > 0 ? 1 : 0;

function line(measure: Measure): string {
  const { runs, seconds, heapMiB, buffersMiB, residentMiB, threads, descriptors, processes, cells } = measure;
  const numbers = [
    [runs.toFixed(0), 7],
    [seconds.toFixed(1), 9],
    [heapMiB.toFixed(1), 10],
    [buffersMiB.toFixed(1), 13],
    [residentMiB.toFixed(0), 14],
    [threads.toFixed(0), 9],
    [descriptors.toFixed(0), 13],
    [processes.toFixed(0), 11],
  ] as const;
  const each = [...cells].map(([id, cell]) => `${id}: ${cell.residentMiB.toFixed(0)}, ${cell.threads}, ${cell.descriptors}`);
  return `${numbers.map(([text, width]) => text.padStart(width)).join("")}  ${each.join("  ")}`;
}
