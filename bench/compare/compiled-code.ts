// How fast compiled code runs: the same C, by the same compiler with the same -O2, as a guest and as a native program, in CPU time. Five
// small programs that live in registers and caches; what calls a C library, the system or several threads is not among them. Vector
// instructions: those of the baseline on both sides (SSE2 here, 128 bits for WebAssembly), nothing wider.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Sandbox } from "@glovebox/sandbox";
import type { Comparison } from "../figure.ts";
import { output, versionOf } from "../measure/process.ts";
import { geometricMean, summarise } from "../measure/samples.ts";

const TITLE = "Compiled code, against native code";
const FOLDER = fileURLToPath(new URL("../programs/c/", import.meta.url));
const TURNS = 5;
const BOTH = ["-O2", "-fno-math-errno"];
const TO_WASM = ["--target=wasm32", "-msimd128", "-nostdlib", "-Wl,--no-entry"];

export async function compare(): Promise<Comparison> {
  const [clang, linker] = [await versionOf("clang"), await versionOf("wasm-ld")];
  if (!clang || !linker) return { title: TITLE, figures: [], notes: ["Not measured: this machine has no clang with wasm-ld."] };
  const work = mkdtempSync(join(tmpdir(), "bench-"));
  try {
    const measured: Measured[] = [];
    for (const file of readdirSync(FOLDER).sort()) {
      if (file.endsWith(".c")) measured.push(await measure(file.replace(".c", ""), work));
    }
    const worst = Math.max(...measured.map(({ ratio }) => ratio));
    return {
      title: TITLE,
      figures: [
        {
          what: `geometric mean of ${measured.length} programs`,
          value: geometricMean(measured.map(({ ratio }) => ratio)),
          unit: "times",
          aim: { atMost: 1.3 },
        },
        ...measured.map(({ name, guestMs, ratio }) => ({
          what: `${name}${ratio === worst ? " (the worst)" : ""}`,
          value: guestMs,
          unit: "ms" as const,
          ratio,
        })),
        {
          what: "geometric mean of each one's first run in a cell",
          value: geometricMean(measured.map(({ firstRatio }) => firstRatio)),
          unit: "times",
        },
      ],
      notes: [
        `Milliseconds are the guest's, CPU time; ${clang}. Median of ${TURNS} turns after a first one, in which V8 compiles the module, and runs what it compiled quickly until it has compiled it well.`,
      ],
    };
  } finally {
    rmSync(work, { recursive: true });
  }
}

interface Measured {
  readonly name: string;
  readonly guestMs: number;
  readonly ratio: number;
  readonly firstRatio: number;
}

async function measure(name: string, work: string): Promise<Measured> {
  const [source, native, wasm] = [join(FOLDER, `${name}.c`), join(work, name), join(work, `${name}.wasm`)];
  await output("clang", [...BOTH, "-o", native, source]);
  await output("clang", [...BOTH, ...TO_WASM, "-o", wasm, source]);
  const bytes = readFileSync(wasm);
  const [guestMs, nativeMs]: [number[], number[]] = [[], []];
  await using sandbox = new Sandbox({ cells: 1, warm: "none" });
  for (let turn = 0; turn <= TURNS; turn++) {
    const guest = await guestRun(sandbox, bytes);
    const [ms, result] = (await output(native, [])).trim().split(" ");
    if (result !== guest.result) throw new Error(`${name} gave two results: ${result} and ${guest.result}`);
    guestMs.push(guest.ms);
    nativeMs.push(Number(ms));
  }
  const [first = 0, ...rest] = guestMs;
  const nativeMedian = summarise(nativeMs).median;
  const { median } = summarise(rest);
  return { name, guestMs: median, ratio: median / nativeMedian, firstRatio: first / nativeMedian };
}

async function guestRun(sandbox: Sandbox, bytes: Uint8Array): Promise<{ ms: number; result: string }> {
  const { outcome, usage } = await sandbox.run({ guest: { kind: "module", bytes }, input: "", isolationKey: "bench" });
  if (outcome.kind !== "completed") throw new Error(JSON.stringify(outcome));
  return { ms: usage.cpuMs, result: String(outcome.output) };
}
