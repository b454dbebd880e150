// A small Python step, each in an interpreter that nobody used before. It says what "fresh" costs, and nothing about how fast Python code
// runs then (see python-code.ts). Pyodide can do more than a step needs (packages, a bridge to JavaScript), and pays for it here.
import { fileURLToPath } from "node:url";
import { type Request, Sandbox } from "@glovebox/sandbox";
import type { Comparison } from "../figure.ts";
import { contest } from "../measure/contest.ts";
import { output, versionOf } from "../measure/process.ts";
import { NEVER_RECYCLED, throughput } from "../measure/throughput.ts";
import { Rival } from "../rivals/rival.ts";
import { PYTHON_INPUT, PYTHON_STEP } from "../rivals/step.ts";

const CELLS = 2;
const RUNS_TOGETHER = 1000;
/** Long enough for a cell to put its instance back. */
const REST_MS = 10;
const ROUNDS = 6;

const guest = (code: string): Request => ({ guest: { kind: "python", code }, input: PYTHON_INPUT, isolationKey: "bench" });
const SMALL = guest(`${PYTHON_STEP}\nreturn step(inputs)`);
const TEN_MEGABYTES = guest("block = bytearray(10 * 2**20)\nblock[::4096] = b'x' * (len(block) // 4096)\nreturn len(block)");

export async function compare(): Promise<Comparison> {
  const python = await versionOf("python3");
  await using sandbox = new Sandbox({ cells: CELLS, recycleAfter: NEVER_RECYCLED });
  await using pyodide = await Rival.start(fileURLToPath(new URL("../rivals/pyodide.ts", import.meta.url)));
  const once = fileURLToPath(new URL("../rivals/pyodide-once.ts", import.meta.url));
  const run = async (request: Request): Promise<undefined> => {
    const { outcome } = await sandbox.run(request);
    if (outcome.kind !== "completed") throw new Error(JSON.stringify(outcome));
  };
  const discard = async (work: Promise<unknown>): Promise<undefined> => {
    await work;
  };
  const program = `import json, sys\n${PYTHON_STEP}\nprint(json.dumps(step(json.load(sys.stdin))))`;
  const input = JSON.stringify(PYTHON_INPUT);
  // First, so that the cells that are measured alone below have run a thousand steps, and V8 has compiled well what it compiled quickly.
  const together = await throughput(RUNS_TOGETHER, CELLS * 8, () => run(SMALL));
  const { small, backToBack, allocating, snapshot } = await contest(ROUNDS, {
    small: { perRound: 60, restMs: REST_MS, work: () => run(SMALL) },
    backToBack: { perRound: 60, work: () => run(SMALL) },
    allocating: { perRound: 30, restMs: REST_MS * 3, work: () => run(TEN_MEGABYTES) },
    snapshot: { perRound: 2, work: () => pyodide.ask("snapshot") },
  });
  const { fresh, ownProcess } = await contest(2, {
    fresh: { perRound: 1, work: () => pyodide.ask("fresh") },
    ownProcess: { perRound: 1, work: () => discard(output(process.execPath, ["--no-warnings", once])) },
  });
  const native =
    python && (await contest(5, { process: { perRound: 3, work: () => discard(output("python3", ["-c", program], input)) } })).process;
  const against = (what: string, { median, p95 }: typeof small) => ({
    what,
    value: median,
    p95,
    unit: "ms" as const,
    ratio: median / small.median,
  });
  return {
    title: "A fresh Python step",
    figures: [
      { what: "on a prepared cell", value: small.median, p95: small.p95, unit: "ms", aim: { atMost: 1.7 } },
      { what: "back to back on one cell, preparing included", value: backToBack.median, p95: backToBack.p95, unit: "ms" },
      { ...against("one that allocates 10 MB, on a prepared cell", allocating), aim: { atMost: 3 } },
      { ...against("Pyodide, from its own snapshot", snapshot), aim: { atLeast: 100 } },
      against("Pyodide as it comes, again in the same process", fresh),
      against("Pyodide as it comes, in a process of its own", ownProcess),
      ...(native ? [against("a `python3` process", native)] : []),
      { what: "together, by CPU time", value: together.perCpuSecond, unit: "per second and core", aim: { atLeast: 300 } },
      { what: "together, by the clock", value: together.perSecondAndCore, unit: "per second and core" },
    ],
    notes: [
      `Together: ${CELLS * 8} in flight, ${CELLS} cells and their parent busy, the parent with ${percent(together.parentPart)} of the CPU time.`,
      "Two thirds of a step's CPU time go into putting the instance back: 13 MB are copied and 21 MB wiped for each, and all cells share the way to memory.",
      "Latencies are those of cells that have run a thousand steps; the first hundreds take up to twice as long, while V8 compiles.",
      "By CPU time: over all threads of all these processes; by the clock: over all cores of the machine, whatever else they did.",
      `Native Python is ${python ?? "not there"}, Pyodide ${pyodide.version}.`,
    ],
  };
}

function percent(part: number): string {
  return `${Math.round(part * 100)} %`;
}
