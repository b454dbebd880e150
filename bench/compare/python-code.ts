// How fast Python code runs once it runs: the same source in a guest and under the machine's own Python, in CPU time of the thread that
// runs it. The two are not the same version of CPython. Programs of a page each show what the interpreter costs; code that spends its time
// in C extensions would show something else, and native packages are not there for guests.
import { readdirSync, readFileSync } from "node:fs";
import { type Json, Sandbox } from "@glovebox/sandbox";
import type { Comparison } from "../figure.ts";
import { output, versionOf } from "../measure/process.ts";
import { geometricMean, summarise } from "../measure/samples.ts";

const FOLDER = new URL("../programs/python/", import.meta.url);
const TURNS = 3;

const NATIVE = `
import json, sys, time
names = {}
exec(compile(sys.stdin.read(), "program.py", "exec"), names)
started = time.process_time()
result = names["run"]()
print(json.dumps({"ms": (time.process_time() - started) * 1000, "result": result}))
`;

export async function compare(): Promise<Comparison> {
  const python = await versionOf("python3");
  if (!python) return { title: "Python code", figures: [], notes: ["Not measured: this machine has no `python3`."] };
  await using sandbox = new Sandbox({ cells: 1 });
  const measured: { name: string; guestMs: number; nativeMs: number }[] = [];
  for (const file of readdirSync(FOLDER).sort()) {
    const source = readFileSync(new URL(file, FOLDER), "utf8");
    const [guestMs, nativeMs]: [number[], number[]] = [[], []];
    // The first turn is not counted: V8 replaces what it compiled quickly by what it compiled well while a guest runs.
    for (let turn = 0; turn <= TURNS; turn++) {
      const guest = await guestRun(sandbox, source);
      const native = JSON.parse(await output("python3", ["-c", NATIVE], source)) as { ms: number; result: Json };
      if (JSON.stringify(guest.result) !== JSON.stringify(native.result)) throw new Error(`${file} gave two results`);
      if (turn === 0) continue;
      guestMs.push(guest.ms);
      nativeMs.push(native.ms);
    }
    measured.push({ name: file.replace(".py", ""), guestMs: summarise(guestMs).median, nativeMs: summarise(nativeMs).median });
  }
  const ratios = measured.map(({ guestMs, nativeMs }) => guestMs / nativeMs);
  const worst = measured[ratios.indexOf(Math.max(...ratios))];
  return {
    title: "Python code, against native Python",
    figures: [
      { what: `geometric mean of ${measured.length} programs`, value: geometricMean(ratios), unit: "times", aim: { atMost: 2.2 } },
      ...measured.map(({ name, guestMs, nativeMs }) => ({
        what: `${name.replaceAll("_", " ")}${name === worst?.name ? " (the worst)" : ""}`,
        value: guestMs,
        unit: "ms" as const,
        ratio: guestMs / nativeMs,
      })),
    ],
    notes: [
      `Milliseconds are the guest's, CPU time; native is ${python}, the guest 3.14. Median of ${TURNS} turns, after one that is not counted.`,
    ],
  };
}

async function guestRun(sandbox: Sandbox, source: string): Promise<{ ms: number; result: Json }> {
  const { outcome, usage } = await sandbox.run({
    guest: { kind: "python", code: `${source}\nreturn run()` },
    isolationKey: "bench",
    limits: { memoryBytes: 512 * 2 ** 20, cpuMs: 60_000, wallMs: 120_000 },
  });
  if (outcome.kind !== "completed") throw new Error(JSON.stringify(outcome));
  return { ms: usage.cpuMs, result: outcome.output };
}
