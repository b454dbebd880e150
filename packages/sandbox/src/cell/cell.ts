import { collectDropped } from "../guest/dropped.ts";
import { moduleChamber } from "../guest/module.ts";
import { OUTLINE } from "../guest/outline.ts";
import type { RuntimeName } from "../runtimes/store.ts";
import type { Chamber, GuestEnd } from "./attempt.ts";
import type { Channel } from "./channel.ts";
import { CurrentAttempt } from "./current-attempt.ts";
import { encodeFrame, encodeHeader, FRAME, type Frame, NONCE_BYTES, splitHeader } from "./frame.ts";
import { MODULES_KEPT } from "./kept.ts";
import { Line } from "./line.ts";
import { LogWriter } from "./log-writer.ts";
import type { CellSetup, EndHeader, OpenRequest, RunHeader } from "./message.ts";
import { openRuntime } from "./runtime.ts";

const NO_NONCE = new Uint8Array(NONCE_BYTES);

/**
 * The loop inside a cell: take a request, enter a prepared chamber, answer, prepare the next. It knows nothing of where it lives. It
 * returns when the parent is gone.
 */
export function runCell(channel: Channel): void {
  const first = channel.receive();
  if (first?.kind !== FRAME.setup) return;
  const cell = new Cell(JSON.parse(new TextDecoder().decode(first.payload)) as CellSetup);
  channel.send(encodeFrame(FRAME.ready, NO_NONCE, []));
  for (let frame = channel.receive(); frame; frame = channel.receive()) {
    if (frame.kind === FRAME.open) {
      cell.open(JSON.parse(new TextDecoder().decode(frame.payload)) as OpenRequest);
      channel.send(encodeFrame(FRAME.ready, NO_NONCE, []));
      continue;
    }
    if (frame.kind !== FRAME.run) throw new Error(`a cell was sent a frame of kind ${frame.kind}`);
    const entered = cell.run(frame, channel);
    entered.prepare();
    collectDropped();
  }
}

class Cell {
  readonly #setup: CellSetup;
  /** Plain and metered ones. */
  readonly #runtimes = { plain: new Map<RuntimeName, Chamber>(), metered: new Map<RuntimeName, Chamber>() };
  /** By digest, the one that was used last at the end. */
  readonly #modules = new Map<string, Chamber>();

  constructor(setup: CellSetup) {
    this.#setup = setup;
    if (setup.warm) this.open(setup.warm);
  }

  open({ runtime, memoryBytes, metered }: OpenRequest): void {
    if (metered) this.#runtimes.metered.set(runtime, openRuntime(runtime, metered));
    this.#runtime(runtime, metered !== undefined).prepare(memoryBytes);
  }

  /** Runs one guest and sends how it ended. Returns what has to be done before the next one comes. */
  run(frame: Frame, channel: Channel): { prepare(): void } {
    const split = splitHeader(frame.payload);
    if (!split) throw new Error("a request without a header");
    const header = JSON.parse(split.header) as RunHeader;
    const [codeSize, inputSize, moduleSize] = header.sizes;
    let at = 0;
    const next = (size: number): Uint8Array => {
      const part = split.rest.subarray(at, at + size);
      at += size;
      return part;
    };
    const code = next(codeSize);
    const input = next(inputSize);
    const module = next(moduleSize);

    const line = new Line(channel, frame.nonce, header.callBytesMax);
    const log = new LogWriter(line);
    const files = header.files.length === 0 ? NO_FILES : new Map(header.files.map(([name, size]) => [name, next(size)]));
    const directories = (header.directories ?? []).map(({ name, readOnly, entries }) => {
      return { name, readOnly, entries: entries.map(([path, size]) => [path, size === null ? undefined : next(size)] as const) };
    });
    const attempt = new CurrentAttempt(header, line, log, files);
    const startedCpuMs = threadCpuMs();
    const chamber = this.#chamber(header, module);
    const end = chamber.enter(
      {
        code,
        input,
        filename: header.filename,
        imports: header.imports ?? undefined,
        directories,
        ...(header.program ? { program: header.program } : {}),
        ...(header.modules ? { modules: header.modules } : {}),
      },
      attempt,
    );
    const cpuMs = threadCpuMs() - startedCpuMs;
    attempt.over = true;
    log.close();
    const readings = attempt.clock.notes();
    const playedWell = attempt.fuel ? undefined : attempt.clock.playedWell;
    const answer: EndHeader = {
      end: end.kind === "completed" ? { kind: end.kind, form: end.form } : end,
      cpuMs,
      instantiateMs: chamber.instantiateMs,
      peakMemoryBytes: attempt.memory.peakBytes,
      growthsDenied: attempt.memory.growthsDenied,
      ...(attempt.fuel ? { fuel: attempt.fuel.spent } : {}),
      ...(readings ? { clockBytes: readings.length } : {}),
      ...(playedWell === undefined ? {} : { clockPlayedWell: playedWell }),
      spent: chamber.spent,
    };
    const behind = [...(readings ? [readings] : []), ...(end.kind === "completed" ? [end.output] : [])];
    channel.send(encodeFrame(FRAME.end, frame.nonce, [encodeHeader(answer), ...behind]));
    return {
      prepare: () => {
        if (chamber.spent) return;
        if (chamber.instantiateMs > LONG_MS) giveWay();
        chamber.prepare(header.limits.memoryBytes);
      },
    };
  }

  #chamber(header: RunHeader, module: Uint8Array): Chamber {
    if (header.kind === "module") return this.#module(header, module);
    return header.kind === "outline" ? OUTLINE : this.#runtime(header.kind, isMetered(header));
  }

  #runtime(name: RuntimeName, metered: boolean): Chamber {
    const known = this.#runtimes[metered ? "metered" : "plain"].get(name);
    if (known) return known;
    if (metered) throw new Error(`no metered runtime "${name}" in this cell`);
    const setup = this.#setup.runtimes[name];
    if (!setup) throw new Error(`no runtime "${name}" in this cell`);
    const opened = openRuntime(name, setup);
    this.#runtimes.plain.set(name, opened);
    return opened;
  }

  #module(header: RunHeader, bytes: Uint8Array): Chamber {
    const digest = header.module ?? "";
    const chamber = this.#modules.get(digest) ?? asChamber(moduleChamber(bytes, header.filename, isMetered(header)));
    this.#modules.delete(digest);
    this.#modules.set(digest, chamber);
    if (this.#modules.size > MODULES_KEPT) {
      const [oldest, left] = this.#modules.entries().next().value as [string, Chamber];
      this.#modules.delete(oldest);
      left.leave?.();
    }
    return chamber;
  }
}

/** CPU time of this thread. The kernel counts it at its ticks, every 4 ms, unless somebody asks for the whole process's. */
function threadCpuMs(): number {
  process.cpuUsage();
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

function isMetered({ limits }: RunHeader): boolean {
  return limits.fuel !== undefined;
}

/** What takes as long as this to prepare is not begun before the parent has had the CPU to read how the guest ended. */
const LONG_MS = 1;
const GIVING_WAY_MS = 0.1;
const sleeper = new Int32Array(new SharedArrayBuffer(4));

/**
 * A parent that wakes on the CPU of a cell which is busy putting back 34 MB waits for it, lower priority or not: one run in ten took 3 ms
 * longer, and was charged for them.
 */
function giveWay(): void {
  Atomics.wait(sleeper, 0, 0, GIVING_WAY_MS);
}

const NO_FILES: ReadonlyMap<string, Uint8Array> = new Map();

/** A module that was refused is kept like any other: the parent, which counts along, doesn't send it again. */
function asChamber(made: Chamber | GuestEnd): Chamber {
  return "enter" in made ? made : { prepare: () => {}, enter: () => made, instantiateMs: 0, spent: false };
}
