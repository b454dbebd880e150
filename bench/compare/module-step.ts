// A module that puts two texts together: what is measured is everything around it. Modules are compiled once in each cell and then kept,
// and no compilation is in these numbers.
import { readFileSync } from "node:fs";
import { type Request, Sandbox } from "@glovebox/sandbox";
import type { Comparison } from "../figure.ts";
import { contest } from "../measure/contest.ts";
import { NEVER_RECYCLED, throughput } from "../measure/throughput.ts";

const CELLS = 2;
const MODULE = new URL("../../examples/wasm_modules/hello_world.wasm", import.meta.url);

export async function compare(): Promise<Comparison> {
  await using sandbox = new Sandbox({ cells: CELLS, warm: "none", recycleAfter: NEVER_RECYCLED });
  const request: Request = { guest: { kind: "module", bytes: readFileSync(MODULE) }, input: "hello", isolationKey: "bench" };
  const run = async (): Promise<undefined> => {
    const { outcome } = await sandbox.run(request);
    if (outcome.kind !== "completed") throw new Error(JSON.stringify(outcome));
  };
  const { alone } = await contest(6, { alone: { perRound: 500, work: run } });
  const together = await throughput(20_000, CELLS * 32, run);
  return {
    title: "A fresh compiled module",
    figures: [
      { what: "through a process cell, back to back", value: alone.median, p95: alone.p95, unit: "ms", aim: { atMost: 0.25 } },
      { what: "together, by CPU time", value: together.perCpuSecond, unit: "per second and core", aim: { atLeast: 10_000 } },
      { what: "together, by the clock", value: together.perSecondAndCore, unit: "per second and core" },
    ],
    notes: [
      `Together: ${CELLS * 32} in flight, ${CELLS} cells and their parent busy, the parent with ${Math.round(together.parentPart * 100)} % of the CPU time.`,
      "A fifth of it is the instance; the rest is a frame each way, and two processes that wake each other for every run. Several requests on one line would halve that, but one of them would wait behind a slow guest while another cell is idle.",
    ],
  };
}
