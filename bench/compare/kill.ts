// How long a guest that never ends goes on after its limit: from the limit to the moment when the process is gone for good. The limit is
// one of wall time, which a busy machine does not stretch; when our own process gets the CPU is in the number.
import { Sandbox } from "@glovebox/sandbox";
import type { Comparison } from "../figure.ts";
import { contest } from "../measure/contest.ts";

const WALL_MS = 100;
const LOOPS = { python: "while True: pass", javascript: "for (;;);" } as const;

export async function compare(): Promise<Comparison> {
  const { python, javascript } = await contest(5, {
    python: { perRound: 3, work: () => overrun("python") },
    javascript: { perRound: 3, work: () => overrun("javascript") },
  });
  return {
    title: "An endless loop, from its limit to the end of its process",
    figures: [
      { what: "Python", value: python.median, p95: python.p95, unit: "ms", aim: { atMost: 25 } },
      { what: "JavaScript", value: javascript.median, p95: javascript.p95, unit: "ms", aim: { atMost: 25 } },
    ],
    notes: [],
  };
}

async function overrun(kind: keyof typeof LOOPS): Promise<number> {
  const sandbox = new Sandbox({ cells: 1, spare: 0, warm: kind });
  await sandbox.run({ guest: { kind, code: "return 1" }, isolationKey: "bench" });
  const { outcome, usage } = await sandbox.run({ guest: { kind, code: LOOPS[kind] }, limits: { wallMs: WALL_MS }, isolationKey: "bench" });
  const reported = performance.now();
  await sandbox[Symbol.asyncDispose](); // settled when the process has ended
  if (outcome.kind !== "exhausted") throw new Error(JSON.stringify(outcome));
  return usage.wallMs - WALL_MS + (performance.now() - reported);
}
