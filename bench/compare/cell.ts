// Starting a process cell, and what it holds. Cells are started ahead and outlive their guests: no step waits for this, but the first.
import { readFileSync } from "node:fs";
import { type Request, Sandbox } from "@glovebox/sandbox";
import type { Comparison } from "../figure.ts";
import { contest } from "../measure/contest.ts";
import { descendantsOf } from "../measure/tree-cpu.ts";

const REQUEST: Request = { guest: { kind: "python", code: "return 1" }, isolationKey: "bench" };

export async function compare(): Promise<Comparison> {
  const first = async (request: Request, warm: "python" | "none") => {
    const started = performance.now();
    await using sandbox = new Sandbox({ cells: 1, warm });
    await sandbox.run(request);
    return performance.now() - started;
  };
  const { python, javascript } = await contest(6, {
    python: { perRound: 2, work: () => first(REQUEST, "python") },
    javascript: { perRound: 2, work: () => first({ ...REQUEST, guest: { kind: "javascript", code: "return 1" } }, "none") },
  });
  const { shared, own } = await memory();
  return {
    title: "A process cell",
    figures: [
      { what: "from nothing to the first Python result", value: python.median, p95: python.p95, unit: "ms" },
      { what: "from nothing to the first JavaScript result", value: javascript.median, p95: javascript.p95, unit: "ms" },
      { what: "memory of one that has run Python, its own", value: own, unit: "MiB" },
      { what: "memory of one, shared pages included", value: shared, unit: "MiB" },
    ],
    notes: [],
  };
}

/** MiB of one cell that has run some Python guests, from the kernel's account (`smaps_rollup`). */
async function memory(): Promise<{ shared: number; own: number }> {
  const others = new Set(descendantsOf(process.pid));
  await using sandbox = new Sandbox({ cells: 1 });
  for (let i = 0; i < 20; i++) await sandbox.run(REQUEST);
  const rollups = descendantsOf(process.pid)
    .filter((id) => !others.has(id)) // the cell, and what it is wrapped in
    .map((id) => readFileSync(`/proc/${id}/smaps_rollup`, "latin1"));
  const mib = (name: string) =>
    rollups
      .flatMap((rollup) => [...rollup.matchAll(new RegExp(`^${name}:\\s+(\\d+) kB`, "gm"))])
      .reduce((sum, match) => sum + Number(match[1]), 0) / 1024;
  return { shared: mib("Rss"), own: mib("Private_Clean") + mib("Private_Dirty") };
}
