// What metering costs: the same guest with `fuel` and without, in turns, in CPU time. Compiled code whose calls or rounds are a few
// instructions long pays most; what waits, or spends its time in few long stretches, pays nothing.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Guest, Sandbox } from "@glovebox/sandbox";
import type { Comparison, Figure } from "../figure.ts";
import { output, versionOf } from "../measure/process.ts";
import { geometricMean, summarise } from "../measure/samples.ts";

const TITLE = "Metered guests, against the same without fuel";
const PROGRAMS = fileURLToPath(new URL("../programs/", import.meta.url));
const TURNS = 5;
const FUEL = 8_000_000_000_000;
const TO_WASM = ["-O2", "-fno-math-errno", "--target=wasm32", "-msimd128", "-nostdlib", "-Wl,--no-entry"];

export async function compare(): Promise<Comparison> {
  const [clang, linker] = [await versionOf("clang"), await versionOf("wasm-ld")];
  const work = mkdtempSync(join(tmpdir(), "bench-"));
  try {
    const compiled = clang && linker ? await each(sources("c", ".c"), (name) => compileC(name, work)) : [];
    const python = await each(sources("python", ".py"), async (name) => {
      const source = readFileSync(join(PROGRAMS, "python", `${name}.py`), "utf8");
      return { kind: "python", code: `${source}\nreturn run()` };
    });
    return {
      title: TITLE,
      figures: [...figures("compiled programs", compiled, 1.3), ...figures("Python programs", python, 1.8)],
      notes: [
        `Milliseconds are the metered guest's, CPU time; ratios are to the same guest without fuel. Median of ${TURNS} turns after a first one.`,
        ...(compiled.length === 0 ? ["Compiled programs are not measured: this machine has no clang with wasm-ld."] : []),
      ],
    };
  } finally {
    rmSync(work, { recursive: true });
  }
}

interface Measured {
  readonly name: string;
  readonly meteredMs: number;
  readonly ratio: number;
}

function sources(folder: string, ending: string): string[] {
  return readdirSync(join(PROGRAMS, folder))
    .filter((file) => file.endsWith(ending))
    .map((file) => file.slice(0, -ending.length))
    .sort();
}

async function compileC(name: string, work: string): Promise<Guest> {
  const wasm = join(work, `${name}.wasm`);
  await output("clang", [...TO_WASM, "-o", wasm, join(PROGRAMS, "c", `${name}.c`)]);
  return { kind: "module", bytes: readFileSync(wasm) };
}

async function each(names: readonly string[], guestOf: (name: string) => Promise<Guest>): Promise<Measured[]> {
  const measured: Measured[] = [];
  for (const name of names) measured.push(await measure(name, await guestOf(name)));
  return measured;
}

async function measure(name: string, guest: Guest): Promise<Measured> {
  await using sandbox = new Sandbox({ cells: 1, warm: "none" });
  const [plain, metered]: [number[], number[]] = [[], []];
  for (let turn = 0; turn <= TURNS; turn++) {
    const [without, with_] = [await run(sandbox, guest, {}), await run(sandbox, guest, { fuel: FUEL })];
    if (without.result !== with_.result) throw new Error(`${name} gave two results: ${without.result} and ${with_.result}`);
    if (turn === 0) continue;
    plain.push(without.ms);
    metered.push(with_.ms);
  }
  const meteredMs = summarise(metered).median;
  return { name, meteredMs, ratio: meteredMs / summarise(plain).median };
}

async function run(sandbox: Sandbox, guest: Guest, fuel: { readonly fuel?: number }): Promise<{ ms: number; result: string }> {
  const { outcome, usage } = await sandbox.run({
    guest,
    ...(guest.kind === "module" ? { input: "" } : {}),
    isolationKey: "bench",
    limits: { memoryBytes: 512 * 2 ** 20, cpuMs: 60_000, wallMs: 120_000, ...fuel },
  });
  if (outcome.kind !== "completed") throw new Error(JSON.stringify(outcome));
  return { ms: usage.cpuMs, result: JSON.stringify(outcome.output) };
}

function figures(what: string, measured: readonly Measured[], atMost: number): Figure[] {
  if (measured.length === 0) return [];
  const worst = Math.max(...measured.map(({ ratio }) => ratio));
  return [
    {
      what: `geometric mean of ${measured.length} ${what}`,
      value: geometricMean(measured.map(({ ratio }) => ratio)),
      unit: "times",
      aim: { atMost },
    },
    ...measured.map(({ name, meteredMs, ratio }) => ({
      what: `${name.replaceAll("_", " ")}${ratio === worst ? " (the worst)" : ""}`,
      value: meteredMs,
      unit: "ms" as const,
      ratio,
    })),
  ];
}
