import { getEventListeners } from "node:events";
import { cpSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { buildRuntimes, GloveboxError, type GuestReport, Sandbox } from "@glovebox/sandbox";
import { cellProcesses } from "../cells.ts";
import { held, type Measure, measure } from "./measure.ts";
import { type Planned, programme } from "./programme.ts";
import { World } from "./world.ts";

export interface SoakOptions {
  readonly runs: number;
  readonly seed: number;
  readonly home: "process" | "thread";
  readonly onMeasure?: (measure: Measure) => void;
}

export interface Soaked {
  /** What did not come out as it had to, with the run's number and kind. */
  readonly wrong: readonly string[];
  /** After the first tenth, which warms up, and five times after that. */
  readonly measures: readonly Measure[];
  /** Cells that there may be at a time: one for each of those that run guests, a spare one, one for a guest that another waits for, and one more. */
  readonly cellsMax: number;
  /** Before anything was started, and after the sandbox was closed. */
  readonly before: Measure;
  readonly after: Measure;
  /** Processes, files and directories that are there afterwards, and were not before. */
  readonly left: readonly string[];
}

/** Runtimes that are made when they are first needed, and kept. */
const METERED = /^runtimes.\w+-metered\.(?:wasm|json)$/;

const WARM_UP = 0.1;
const PARTS = 5;

/** Runs a programme on one sandbox, and measures what it holds. Nothing is asserted here. */
export async function soak({ runs, seed, home, onMeasure = () => {} }: SoakOptions): Promise<Soaked> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "glovebox-soak-")));
  const tmpBefore = process.env["TMPDIR"];
  process.env["TMPDIR"] = folder; // what would be left there would be ours
  try {
    return await inFolder(folder, { runs, seed, home, onMeasure });
  } finally {
    if (tmpBefore === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = tmpBefore;
    rmSync(folder, { recursive: true, force: true });
  }
}

async function inFolder(folder: string, { runs, seed, home, onMeasure }: Required<SoakOptions>): Promise<Soaked> {
  const runtimes = join(folder, "runtimes");
  cpSync(buildRuntimes(), runtimes, { recursive: true }); // its name tells the processes of this soak from all others
  const lanes = programme(runs, seed);
  const wrong: string[] = [];
  const measures: Measure[] = [];
  const started = performance.now();
  const world = await World.start(folder);
  const before = measure(0, started);
  let files: readonly string[] = [];
  try {
    const sandbox = new Sandbox({ home, cells: lanes.length + 2, runtimes });
    try {
      let done = 0;
      for (let part = 0; part <= PARTS; part++) {
        const from = part === 0 ? 0 : WARM_UP + ((part - 1) * (1 - WARM_UP)) / PARTS;
        const to = WARM_UP + (part * (1 - WARM_UP)) / PARTS;
        const pieces = lanes.map((lane) => lane.slice(Math.round(lane.length * from), Math.round(lane.length * to)));
        const signals = pieces.map(() => new AbortController().signal);
        await Promise.all(pieces.map((piece, i) => runLane(sandbox, world, piece, signals[i] as AbortSignal, wrong)));
        const listening = signals.reduce((sum, signal) => sum + getEventListeners(signal, "abort").length, 0);
        if (listening > 0) wrong.push(`${listening} listeners are left on the signals of guests that have ended`);
        done += pieces.reduce((sum, piece) => sum + piece.length, 0);
        wrong.push(...(await settle(sandbox, world)));
        if (home === "process" && process.platform === "linux") {
          wrong.push(...(await killCell(sandbox)));
          wrong.push(...(await settle(sandbox, world)));
        }
        files = part === 0 ? listing(folder) : files;
        const taken = measure(done, started);
        measures.push(taken);
        onMeasure(taken);
      }
    } finally {
      await sandbox[Symbol.asyncDispose]();
    }
    wrong.push(...(await rest(world)));
    const after = measure(runs, started);
    const left = listing(folder).filter((file) => !files.includes(file) && !METERED.test(file));
    return { wrong, measures, cellsMax: lanes.length + 3, before, after, left: [...left, ...processesOf(folder)] };
  } finally {
    await world[Symbol.asyncDispose]();
  }
}

/** One guest after the other. Their signal is that of a user who could stop all of them, and does not. */
async function runLane(sandbox: Sandbox, world: World, lane: readonly Planned[], signal: AbortSignal, wrong: string[]): Promise<void> {
  for (const { n, kind, isolationKey } of lane) {
    const trial = kind.make(n, world);
    let ended: GuestReport | GloveboxError;
    try {
      ended = await sandbox.run({ signal, ...trial.request, isolationKey });
    } catch (error) {
      if (!(error instanceof GloveboxError)) throw error;
      ended = error;
    }
    const why = trial.wrong(ended);
    if (why !== undefined) wrong.push(`run ${n}, ${kind.name}: ${why}`);
  }
}

/** Somebody ends the process of a cell while a guest is in it: the one that uses the CPU. */
async function killCell(sandbox: Sandbox): Promise<string[]> {
  const running = sandbox.run({ guest: { kind: "python", code: "while True: pass" }, isolationKey: "killed" });
  const before = new Map(cellProcesses().map((id) => [id, ticks(id)]));
  let victim: number | undefined;
  while (victim === undefined) {
    await sleep(50);
    victim = cellProcesses().find((id) => ticks(id) - (before.get(id) ?? 0) > BUSY_TICKS);
  }
  process.kill(victim, "SIGKILL");
  const { outcome } = await running;
  return outcome.kind === "trapped" && outcome.trap === "cell_died" ? [] : [`a cell that was killed: ${JSON.stringify(outcome)}`];
}

/** A fifth of a second of CPU, in the kernel's hundredths. */
const BUSY_TICKS = 20;

function ticks(id: number): number {
  try {
    // The name, in brackets, may have spaces.
    const fields = readFileSync(`/proc/${id}/stat`, "latin1").split(") ")[1]?.split(" ") ?? [];
    return Number(fields[11]) + Number(fields[12]);
  } catch {
    return 0; // it has ended
  }
}

const SETTLED_AFTER = 10;
const SETTLE_LOOKS_MAX = 400;
const LOOK_MS = 50;

/** Sees to it that everyone who was last has a cell, and that all is at rest: what is held then is the same each time. */
async function settle(sandbox: Sandbox, world: World): Promise<string[]> {
  await sandbox.run({ guest: { kind: "python", code: "" }, isolationKey: "killed" });
  return await rest(world);
}

/** Waits until cells that were killed have ended, those that take their place are there and idle, and no connection is open. */
async function rest(world: World): Promise<string[]> {
  let last = "";
  for (let looks = 0, same = 0; looks < SETTLE_LOOKS_MAX; looks++) {
    await sleep(LOOK_MS);
    const { processes, descriptors, threads } = held();
    const busy = process.platform === "linux" ? cellProcesses().map(ticks) : [];
    const now = [processes, descriptors, threads, ...busy, await world.connections()].join();
    same = now === last && now.endsWith(",0") ? same + 1 : 0;
    if (same >= SETTLED_AFTER) return [];
    last = now;
  }
  return [`it never came to rest: ${last}`];
}

function listing(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
}

/** Processes of this soak, whoever their parent is by now. */
function processesOf(folder: string): string[] {
  if (process.platform !== "linux") return [];
  return readdirSync("/proc").flatMap((id) => {
    if (!/^\d+$/.test(id)) return [];
    try {
      const command = readFileSync(`/proc/${id}/cmdline`, "utf8").replaceAll("\0", " ");
      return command.includes(folder) ? [`process ${id}: ${command.slice(0, 200)}`] : [];
    } catch {
      return []; // it has ended
    }
  });
}
