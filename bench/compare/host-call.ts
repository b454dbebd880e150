// A guest that asks its host for little, often: what is measured is the way to the parent and back. The guest times itself, by a clock of
// whole milliseconds, over many calls in a row; between steps of a busy machine both ends may sleep, and a single call takes longer.
import { type Request, Sandbox } from "@glovebox/sandbox";
import type { Comparison } from "../figure.ts";
import { type Samples, summarise } from "../measure/samples.ts";
import { NEVER_RECYCLED } from "../measure/throughput.ts";

const CALLS = 1000;
const ROUNDS = 30;

const CODE = `
import glovebox, time

def average(call):
    started = time.perf_counter()
    for _ in range(${CALLS}):
        call()
    return (time.perf_counter() - started) / ${CALLS} * 1000

return [average(glovebox.now), average(lambda: glovebox.log("info", "x"))]
`;

export async function compare(): Promise<Comparison> {
  await using sandbox = new Sandbox({ cells: 1, recycleAfter: NEVER_RECYCLED });
  const hostLimits = { calls: 10 * CALLS, callsPerSecond: 100_000 };
  const request: Request = { guest: { kind: "python", code: CODE }, isolationKey: "bench", hostLimits };
  const times: { now: number[]; log: number[] } = { now: [], log: [] };
  for (let round = 0; round < ROUNDS; round++) {
    const { outcome } = await sandbox.run(request);
    if (outcome.kind !== "completed") throw new Error(JSON.stringify(outcome));
    const [now, log] = outcome.output as [number, number];
    times.now.push(now);
    times.log.push(log);
  }
  const figure = (what: string, { median, p95 }: Samples) => ({ what, value: median, p95, unit: "ms" as const, aim: { atMost: 0.2 } });
  return {
    title: "A host call from Python",
    figures: [
      figure("`now`, which is answered", summarise(times.now)),
      figure("`log`, of which many are sent together", summarise(times.log)),
    ],
    notes: [`Each sample is the average of ${CALLS} calls in a row from one guest in a process cell.`],
  };
}
