import { availableParallelism } from "node:os";
import { chooseIsolation, type Isolation } from "./cell/isolation.ts";
import type { CellSetup, RuntimeSetup } from "./cell/message.ts";
import { openProcess } from "./cell/process.ts";
import { openThread } from "./cell/thread.ts";
import type { IsolationLevel } from "./cell/wrap.ts";
import { GloveboxError } from "./error.ts";
import type { HostLimits } from "./grants.ts";
import { readGrantedFiles } from "./host/files.ts";
import type { HttpTransport } from "./host/http-client.ts";
import { LIMIT_CAPS, type Limits } from "./limits.ts";
import type { GuestReport } from "./outcome.ts";
import { METERED, Pool, type PooledCell } from "./pool.ts";
import { type PreparedRequest, prepareRequest } from "./prepare-request.ts";
import type { Beside, NestedRequest, Request } from "./request.ts";
import { RunningAttempt } from "./running-attempt.ts";
import { findRuntimes } from "./runtimes/installed.ts";
import { meteredRuntime } from "./runtimes/metered.ts";
import type { RuntimeName } from "./runtimes/store.ts";

/** Why a guest ends that another one waited for. */
const OVER = "the guest that waited for it has ended";

/** Private memory that a cell may hold besides what a guest was granted: the above, and 0.8 GB of stacks that its threads reserve. */
const DATA_BYTES_BESIDES = 2 ** 31;

export interface SandboxOptions {
  /** Where guests run. `process` (default): anything untrusted. `thread`: trusted code under limits, and tests. */
  readonly home?: "process" | "thread";
  /**
   * What stands around process cells besides WebAssembly and Node's permission model: the strongest that works here (default, with a
   * warning where that is none), or one that is required. docs/isolation.md says what each stops.
   */
  readonly isolation?: "strongest" | IsolationLevel;
  /**
   * Cells at the most; each holds about 200 MB when it has run Python. One more is opened while a guest waits for another
   * ({@link Request.acceptOutput}) and all are taken. Default: one for each CPU.
   */
  readonly cells?: number;
  /** Started cells that are kept ready for keys that have none yet, while there is room. Default 1. */
  readonly spare?: number;
  /** The runtime that a new cell prepares before it is asked. Default `python`. */
  readonly warm?: RuntimeName | "none";
  /** Attempts after which a cell is replaced, which takes 0.1 to 0.2 s of CPU. Default 10,000. */
  readonly recycleAfter?: number;
  /** What no request may exceed. Default {@link LIMIT_CAPS}. */
  readonly caps?: Limits;
  /** What no request may exceed of host calls. Default {@link HOST_LIMIT_CAPS}. */
  readonly hostCaps?: HostLimits;
  /** How `http_request` finds hosts and whom it trusts. */
  readonly http?: HttpTransport;
  /** Folder of the frozen runtimes. Default: those that were built for this installation, which are built now if they aren't there. */
  readonly runtimes?: string;
}

/**
 * Runs guests, each in a chamber of its own, in a pool of cells that outlive them. Owns its cells: dispose of it and they are gone. It may
 * be used from many places at once; what doesn't fit the pool waits in order.
 *
 * ```ts
 * await using sandbox = new Sandbox();
 * const { outcome } = await sandbox.run({ guest: { kind: "python", code: "return inputs['n'] * 2" }, input: { n: 21 }, isolationKey: "me" });
 * ```
 */
export class Sandbox implements AsyncDisposable {
  /** What stands around its cells. */
  readonly isolation: IsolationLevel;
  readonly #pool: Pool;
  readonly #runtimes: ReturnType<typeof findRuntimes>;
  readonly #setups: CellSetup["runtimes"];
  readonly #caps: Limits;
  readonly #host: { readonly caps: HostLimits | undefined; readonly transport: HttpTransport | undefined };
  readonly #running = new Set<RunningAttempt>();

  /** @throws GloveboxError `RUNTIME_MISSING`, `RUNTIME_CORRUPT`, `ISOLATION_UNAVAILABLE` */
  constructor(options: SandboxOptions = {}) {
    this.#runtimes = findRuntimes(options.runtimes);
    const { folder, manifest } = this.#runtimes;
    const runtimes = Object.fromEntries(
      Object.entries(manifest.runtimes).map(([name, { wasm, stdlib, enter }]) => [
        name,
        {
          wasm: `${folder}/${wasm.file}`,
          sha256: wasm.sha256,
          ...(stdlib ? { stdlib: { file: `${folder}/${stdlib.file}`, sha256: stdlib.sha256 } } : {}),
          ...(enter === undefined ? {} : { enter }),
        },
      ]),
    ) as CellSetup["runtimes"];
    this.#setups = runtimes;
    const warm = options.warm ?? "python";
    this.#caps = options.caps ?? LIMIT_CAPS;
    this.#host = { caps: options.hostCaps, transport: options.http };
    const setup: CellSetup = warm === "none" ? { runtimes } : { runtimes, warm: { runtime: warm, memoryBytes: 32 * 2 ** 20 } };
    const isolation = isolationFor(options, folder, this.#caps);
    this.isolation = isolation.level;
    this.#pool = new Pool({
      open: options.home === "thread" ? openThread : openProcess,
      home: { folder, setup, heapMiB: 256, isolation },
      cells: options.cells ?? availableParallelism(),
      spare: options.spare ?? 1,
      recycleAfter: options.recycleAfter ?? 10_000,
    });
  }

  /**
   * Runs one guest to its end. Whatever the guest does is in the report; it never rejects for that.
   *
   * @throws GloveboxError `REQUEST_INVALID`, `LIMIT_INVALID`, `LIMIT_ABOVE_CAP`, `INPUT_TOO_LARGE`, `MODULE_REFUSED`, `PACKAGE_REFUSED`,
   *   `GRANT_INVALID`, `GRANT_FILE_REFUSED`, `SECRET_INVALID`, `TRANSCRIPT_INVALID`, `REPLAY_INCOMPLETE`, `REPLAY_MISMATCH`,
   *   `CELL_START_FAILED`, `SANDBOX_CLOSED`
   */
  run(request: Request): Promise<GuestReport> {
    return this.#run(request, false);
  }

  async #run(request: Request, nested: boolean): Promise<GuestReport> {
    const prepared = prepareRequest(request, this.#caps, this.#host);
    const { files: granted, limits } = prepared.host;
    const files = granted.length > 0 ? await readGrantedFiles(granted, limits.fileBytes) : (prepared.replay?.files ?? []);
    const { signal } = request;
    if (signal?.aborted) return cancelledBefore(prepared);
    const runtime = prepared.record || prepared.replay ? await this.#runtimeDigest(prepared) : "";
    const wants = prepared.module ?? (prepared.limits.fuel === undefined ? prepared.kind : prepared.kind + METERED);
    let cell: PooledCell | undefined;
    try {
      const taken = this.#pool.take(request.isolationKey, wants, signal, nested);
      cell = taken instanceof Promise ? await keepingAlive(taken) : taken;
      const { kind, limits } = prepared;
      if (kind !== "module" && kind !== "outline" && !cell.hasOpened(wants)) {
        const { memoryBytes, fuel } = limits;
        const metered = fuel === undefined ? {} : { metered: await keepingAlive(this.#metered(kind)) };
        await keepingAlive(cell.open({ runtime: kind, memoryBytes, ...metered }));
      }
      if (signal?.aborted) {
        this.#pool.give(cell, wants);
        return cancelledBefore(prepared);
      }
    } catch (error) {
      if (cell) this.#pool.discard(cell);
      if (signal?.aborted) return cancelledBefore(prepared);
      throw error;
    }
    // Only whoever accepts outputs asks for a guest beside another.
    const over = request.acceptOutput ? new AbortController() : undefined;
    const beside: Beside = { run: (inner) => this.#runBeside(inner, request.isolationKey, over?.signal) };
    const attempt = new RunningAttempt({ cell, request: prepared, files, runtime, signal, nonce: this.#pool.newNonce(), beside });
    this.#running.add(attempt);
    try {
      const report = await attempt.report;
      if (attempt.keepCell) this.#pool.give(cell, wants);
      else this.#pool.discard(cell);
      return report;
    } finally {
      this.#running.delete(attempt);
      over?.abort(OVER);
    }
  }

  async #runBeside(request: NestedRequest, isolationKey: string, over: AbortSignal | undefined): Promise<GuestReport> {
    // It would wait for a guest that may have to wait for its cell.
    if ("acceptOutput" in request) throw new GloveboxError("REQUEST_INVALID", "Cannot run guest beside another: it has an acceptOutput");
    const signals = [request.signal, over].filter((signal) => signal !== undefined);
    return this.#run({ ...request, isolationKey, signal: AbortSignal.any(signals) }, true);
  }

  /** Which build of a frozen runtime runs it. */
  async #runtimeDigest({ kind, limits }: PreparedRequest): Promise<string> {
    if (kind === "module" || kind === "outline") return "module";
    const { wasm, stdlib } = this.#runtimes.manifest.runtimes[kind];
    const { sha256 } = limits.fuel === undefined ? wasm : await keepingAlive(this.#metered(kind));
    return stdlib ? `${sha256}+${stdlib.sha256}` : sha256;
  }

  /** The runtime with its fuel metered, which is made when it is first needed. */
  async #metered(name: RuntimeName): Promise<RuntimeSetup> {
    const { folder, manifest } = this.#runtimes;
    const { file, sha256 } = await meteredRuntime(folder, name, manifest.runtimes[name].wasm);
    const plain = this.#setups[name];
    if (!plain) throw new Error(`no runtime "${name}"`);
    return { ...plain, wasm: `${folder}/${file}`, sha256 };
  }

  /** Ends every guest (`cancelled`) and every cell. Nothing is left behind when it settles. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const attempt of this.#running) attempt.cancel();
    await keepingAlive(this.#pool.close());
  }
}

/** A thread is in the parent's own address space: nothing can be put around it. */
function isolationFor({ home, isolation = "strongest" }: SandboxOptions, folder: string, caps: Limits): Isolation {
  if (home === "thread" && isolation !== "strongest" && isolation !== "none")
    throw new GloveboxError("ISOLATION_UNAVAILABLE", `Cannot isolate cells with ${isolation}: they are threads`);
  return chooseIsolation(home === "thread" ? "none" : isolation, { folder, dataBytesMax: caps.memoryBytes + DATA_BYTES_BESIDES });
}

/** The caller changed its mind before a cell was found. */
function cancelledBefore({ input }: PreparedRequest): GuestReport {
  const usage = {
    wallMs: 0,
    cpuMs: 0,
    instantiateMs: 0,
    peakMemoryBytes: 0,
    growthsDenied: 0,
    inputBytes: input.length,
    outputBytes: 0,
    logBytes: 0,
    hostCalls: {},
  };
  return { outcome: { kind: "cancelled" }, usage, log: [], audit: [] };
}

let waiting = 0;
let alive: NodeJS.Timeout | undefined;

/** Waits with a handle for all that wait: cells are not among those that keep a process alive, so that an idle sandbox does not. */
async function keepingAlive<T>(work: Promise<T>): Promise<T> {
  if (waiting++ === 0) alive = setInterval(() => {}, 60_000);
  try {
    return await work;
  } finally {
    if (--waiting === 0) clearInterval(alive);
  }
}
