// A small JavaScript step, each in an engine that nobody used before. In the cell: what a cell does between two frames, here without the
// cell around it. The library is asked for no isolation between what it keeps in the host and the guest; a cell pays for its frames and
// its limits too, which the third line shows.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type Request, Sandbox } from "@glovebox/sandbox";
import { QuickJS } from "quickjs-wasi";
import type { Comparison } from "../figure.ts";
import { contest } from "../measure/contest.ts";
import { output } from "../measure/process.ts";
import { NEVER_RECYCLED, throughput } from "../measure/throughput.ts";
import { JAVASCRIPT_STEP, PYTHON_INPUT } from "../rivals/step.ts";
import { Chambered } from "./chambered.ts";

const CELLS = 2;
const CODE = `${JAVASCRIPT_STEP}\nreturn step(inputs);`;
const REQUEST: Request = { guest: { kind: "javascript", code: CODE }, input: PYTHON_INPUT, isolationKey: "bench" };

export async function compare(): Promise<Comparison> {
  await using sandbox = new Sandbox({ cells: CELLS, warm: "javascript", recycleAfter: NEVER_RECYCLED });
  const chamber = new Chambered("javascript");
  const library = new WebAssembly.Module(readFileSync(createRequire(import.meta.url).resolve("quickjs-wasi/quickjs.wasm")));
  const input = JSON.stringify(PYTHON_INPUT);
  const script = `${JAVASCRIPT_STEP}\nJSON.stringify(step(${input}))`;
  const run = async (): Promise<undefined> => {
    const { outcome } = await sandbox.run(REQUEST);
    if (outcome.kind !== "completed") throw new Error(JSON.stringify(outcome));
  };
  const { inside, viaLibrary, viaCell, processes } = await contest(6, {
    inside: { perRound: 200, work: async () => chamber.run(CODE, input) },
    viaLibrary: { perRound: 100, work: () => libraryRun(library, script) },
    viaCell: { perRound: 100, work: run },
    processes: {
      perRound: 3,
      work: async () => {
        await output(process.execPath, ["-e", `${JAVASCRIPT_STEP}\nconsole.log(JSON.stringify(step(${input})))`]);
        return undefined;
      },
    },
  });
  const together = await throughput(4000, CELLS * 8, run);
  return {
    title: "A fresh JavaScript step",
    figures: [
      { what: "in the cell, putting back included", value: inside.median, p95: inside.p95, unit: "ms", aim: { atMost: 0.35 } },
      {
        what: "`quickjs-wasi` through its own library",
        value: viaLibrary.median,
        p95: viaLibrary.p95,
        unit: "ms",
        ratio: viaLibrary.median / inside.median,
        aim: { atLeast: 2.5 },
      },
      {
        what: "through a process cell, back to back",
        value: viaCell.median,
        p95: viaCell.p95,
        unit: "ms",
        ratio: viaCell.median / inside.median,
      },
      { what: "a `node` process", value: processes.median, p95: processes.p95, unit: "ms", ratio: processes.median / inside.median },
      { what: "together, by CPU time", value: together.perCpuSecond, unit: "per second and core" },
      { what: "together, by the clock", value: together.perSecondAndCore, unit: "per second and core" },
    ],
    notes: [
      "Ratios are to the first line. The library compiles its module once and then, for each step, creates, evaluates and disposes; its input stands in the code.",
    ],
  };
}

async function libraryRun(wasm: WebAssembly.Module, script: string): Promise<undefined> {
  const engine = await QuickJS.create({ wasm });
  try {
    const result = engine.evalCode(script);
    JSON.parse(result.toString());
    result.dispose();
  } finally {
    engine.dispose();
  }
}
