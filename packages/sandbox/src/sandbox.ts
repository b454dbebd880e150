import { availableParallelism } from "node:os";
import { type ReadEnd, readEnd } from "./cell/end.ts";
import { encodeFrame, FRAME, type Frame, HOST_FUNCTION } from "./cell/frame.ts";
import type { CellDeath } from "./cell/home.ts";
import { chooseIsolation, type Isolation } from "./cell/isolation.ts";
import type { CellSetup, RuntimeSetup } from "./cell/message.ts";
import { openProcess } from "./cell/process.ts";
import { openThread } from "./cell/thread.ts";
import type { IsolationLevel } from "./cell/wrap.ts";
import { GloveboxError } from "./error.ts";
import type { HostLimits } from "./grants.ts";
import { HostCalls } from "./host/calls.ts";
import { type GrantedFile, readGrantedFiles } from "./host/files.ts";
import type { HttpTransport } from "./host/http-client.ts";
import { logCall } from "./host/log.ts";
import { LIMIT_CAPS, type Limits } from "./limits.ts";
import type { GuestReport, Outcome, Usage } from "./outcome.ts";
import { METERED, Pool, type PooledCell } from "./pool.ts";
import { type PreparedRequest, prepareRequest } from "./prepare-request.ts";
import type { Beside, NestedRequest, Request } from "./request.ts";
import { findRuntimes } from "./runtimes/installed.ts";
import { meteredRuntime } from "./runtimes/metered.ts";
import type { RuntimeName } from "./runtimes/store.ts";
import { watchSignal } from "./stop/cancel.ts";
import { watchCpu } from "./stop/cpu.ts";
import { watchDeadline } from "./stop/deadline.ts";
import { watchLate } from "./stop/late.ts";
import { GuestLog } from "./stop/log.ts";
import { watchResident } from "./stop/memory.ts";
import { acceptOutput } from "./stop/output.ts";
import { Recording } from "./transcript/recording.ts";
import { ReplayedCalls } from "./transcript/replayed-calls.ts";
import type { ReplayReport } from "./transcript/transcript.ts";

/** What a frame may have besides an output: headers, a piece of log, an error's texts. */
const FRAME_BYTES_BESIDES = 1024 * 1024;
/** Resident memory that a cell may hold besides what its guest was granted: the runtimes (200 MB), input and output on their way, V8's own. */
const RESIDENT_BYTES_BESIDES = 640 * 2 ** 20;

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
    let cell: PooledCell;
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
      if (signal?.aborted) return cancelledBefore(prepared);
      throw error;
    }
    const over = new AbortController();
    const beside: Beside = { run: (inner) => this.#runBeside(inner, request.isolationKey, over.signal) };
    const attempt = new RunningAttempt({ cell, request: prepared, files, runtime, signal, nonce: this.#pool.newNonce(), beside });
    this.#running.add(attempt);
    try {
      const report = await attempt.report;
      if (attempt.keepCell) this.#pool.give(cell, wants);
      else this.#pool.discard(cell);
      return report;
    } finally {
      this.#running.delete(attempt);
      over.abort(OVER);
    }
  }

  async #runBeside(request: NestedRequest, isolationKey: string, over: AbortSignal): Promise<GuestReport> {
    // It would wait for a guest that may have to wait for its cell.
    if ("acceptOutput" in request) throw new GloveboxError("REQUEST_INVALID", "Cannot run guest beside another: it has an acceptOutput");
    const signal = request.signal ? AbortSignal.any([request.signal, over]) : over;
    return this.#run({ ...request, isolationKey, signal }, true);
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

type Measured = Pick<ReadEnd, "instantiateMs" | "peakMemoryBytes" | "growthsDenied" | "fuel" | "clock" | "clockPlayedWell">;

interface AttemptParts {
  readonly cell: PooledCell;
  readonly request: PreparedRequest;
  readonly files: readonly GrantedFile[];
  /** Its digest, where a transcript is at work. */
  readonly runtime: string;
  readonly signal: AbortSignal | undefined;
  readonly nonce: Uint8Array;
  readonly beside: Beside;
}

/** One attempt on one cell, from the request's frame to the report. */
class RunningAttempt {
  readonly report: Promise<GuestReport>;
  /** False once the cell was killed, or must not be used again. */
  keepCell = true;
  readonly #resolve: (report: GuestReport) => void;
  readonly #reject: (error: unknown) => void;
  readonly #cell: PooledCell;
  readonly #request: PreparedRequest;
  readonly #nonce: Uint8Array;
  readonly #log: GuestLog;
  readonly #recording: Recording | undefined;
  readonly #runtime: string;
  readonly #watches: Disposable[];
  readonly #beside: Beside;
  readonly #started = performance.now();
  readonly #cpuAtStart: number | undefined;
  readonly #calls: Record<string, number> = Object.create(null) as Record<string, number>;
  /** Made when the guest first asks for something: most never do. */
  #host: HostCalls | undefined;
  /** In place of the host, where the guest is run again. */
  readonly #replayed: ReplayedCalls | undefined;
  #ended = false;

  constructor({ cell, request, files, runtime, signal, nonce, beside }: AttemptParts) {
    const { promise, resolve, reject } = Promise.withResolvers<GuestReport>();
    this.report = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#cell = cell;
    this.#request = request;
    this.#nonce = nonce;
    this.#beside = beside;
    const { limits, module } = request;
    const stop = (outcome: Outcome) => this.#stop(outcome);
    this.#log = new GuestLog(limits.logBytes, stop, request.host.redactor);
    this.#runtime = runtime;
    this.#recording = request.record && this.#makeRecording(request.record, files);
    this.#replayed = request.replay && this.#makeReplayed(request.replay);
    const { home } = cell;
    this.#cpuAtStart = home.cpuMs();
    cell.occupy({
      nonce,
      frameBytesMax: request.callBytesMax + FRAME_BYTES_BESIDES,
      onFrame: (frame) => this.#onFrame(frame),
      onBroken: () => this.#stop({ kind: "trapped", trap: "protocol" }),
      onGone: (death) => this.#onGone(death),
    });
    this.#watches = [
      watchLate(Math.min(limits.wallMs, limits.cpuMs), () => [
        watchDeadline(limits.wallMs, this.#started, stop),
        watchCpu(limits.cpuMs, this.#started, () => this.#cpuMs(), stop),
        watchResident(limits.memoryBytes + RESIDENT_BYTES_BESIDES, () => home.residentBytes(), stop),
      ]),
      watchSignal(signal, stop),
    ];
    home.send(encodeFrame(FRAME.run, nonce, request.parts(module !== undefined && !cell.knowsModule(module), files)));
  }

  cancel(): void {
    this.#stop({ kind: "cancelled" });
  }

  #cpuMs(): number | undefined {
    const now = this.#cell.home.cpuMs();
    return now === undefined || this.#cpuAtStart === undefined ? undefined : now - this.#cpuAtStart;
  }

  #onFrame(frame: Frame): void {
    if (this.#ended) return;
    if (frame.kind === FRAME.call) this.#onCall(frame.payload);
    else if (frame.kind === FRAME.end) this.#onEnd(frame.payload);
    else this.#stop({ kind: "trapped", trap: "protocol" });
  }

  #onCall(payload: Uint8Array): void {
    if (payload[0] !== HOST_FUNCTION.log) {
      if (this.#replayed) {
        this.#replayed.call(payload);
        return;
      }
      this.#host ??= this.#makeHost();
      this.#host.call(payload);
      return;
    }
    this.#calls["log"] = (this.#calls["log"] ?? 0) + 1;
    // A guest that is over its limit is stopped, and never answered: answering is what lets it go on.
    const goesOn = this.#host?.busy ? undefined : logCall(payload.subarray(1), this.#log);
    if (goesOn === undefined) this.#stop({ kind: "trapped", trap: "protocol" });
    else if (goesOn) this.#cell.home.send(encodeFrame(FRAME.answer, this.#nonce, []));
  }

  #makeRecording({ head, request }: NonNullable<PreparedRequest["record"]>, files: readonly GrantedFile[]): Recording {
    const { secrets, redactor } = this.#request.host;
    return new Recording({ head: { ...head, runtime: this.#runtime }, request, secrets, redactor, files });
  }

  #makeReplayed({ transcript, key }: NonNullable<PreparedRequest["replay"]>): ReplayedCalls {
    const { host, input, limits } = this.#request;
    return new ReplayedCalls({
      transcript,
      key,
      secrets: host.secrets,
      input,
      outputBytesMax: limits.outputBytes,
      counts: this.#calls,
      stop: (outcome) => this.#stop(outcome),
      answer: (parts) => this.#answer(parts),
    });
  }

  #answer(parts: readonly Uint8Array[]): void {
    if (!this.#ended) this.#cell.home.send(encodeFrame(FRAME.answer, this.#nonce, parts));
  }

  #makeHost(): HostCalls {
    const { host, input, limits, callBytesMax, clockBaseNs } = this.#request;
    return new HostCalls({
      setup: host,
      input,
      outputBytesMax: limits.outputBytes,
      callBytesMax,
      clockBaseNs,
      startedMs: this.#started,
      beside: this.#beside,
      counts: this.#calls,
      stop: (outcome) => this.#stop(outcome),
      answer: (parts) => this.#answer(parts),
      ...(this.#recording ? { record: this.#recording.call.bind(this.#recording) } : {}),
      fault: (error) => {
        this.#reject(error);
        this.#stop({ kind: "cancelled" }); // comes to nothing but the end of the cell
      },
    });
  }

  #onEnd(payload: Uint8Array): void {
    const end = readEnd(payload);
    const { record, replay } = this.#request;
    if (!end || this.#host?.busy || (end.clock && !record) || (end.clockPlayedWell !== undefined && !replay)) {
      this.#stop({ kind: "trapped", trap: "protocol" });
      return;
    }
    const { limits } = this.#request;
    const outcome = end.outcome ?? acceptOutput(end.form, end.output, limits.outputBytes);
    if (end.spent) this.keepCell = false;
    // What was written counts before what was returned.
    const written = outcome.kind === "completed" ? (this.#host ?? this.#replayed)?.output : undefined;
    if (written) this.#finish({ kind: "completed", output: written.value }, written.bytes, end);
    else this.#finish(outcome, end.output.length, end);
  }

  #onGone(death: CellDeath): void {
    if (this.#ended) return;
    this.keepCell = false;
    const { memoryBytes } = this.#request.limits;
    this.#finish(
      death.outOfMemory
        ? { kind: "exhausted", limit: "memory", used: memoryBytes, max: memoryBytes }
        : { kind: "trapped", trap: "cell_died", detail: death.reason },
    );
  }

  /** Ends the guest by ending its cell. The first to call it names the outcome. */
  #stop(outcome: Outcome): void {
    if (this.#ended) return;
    this.keepCell = false;
    this.#finish(outcome);
    this.#cell.kill();
  }

  #finish(outcome: Outcome, outputBytes = 0, measured?: Measured): void {
    this.#ended = true;
    const pending = this.#host?.pending;
    if (pending) this.#recording?.call(pending, undefined);
    const wallMs = performance.now() - this.#started;
    const usage: Usage = {
      wallMs,
      cpuMs: Math.min(this.#cpuMs() ?? wallMs, wallMs),
      instantiateMs: measured?.instantiateMs ?? 0,
      peakMemoryBytes: measured?.peakMemoryBytes ?? 0,
      growthsDenied: measured?.growthsDenied ?? 0,
      ...(measured?.fuel === undefined ? {} : { fuel: measured.fuel }),
      inputBytes: this.#request.input.length,
      outputBytes,
      logBytes: this.#log.bytes,
      hostCalls: this.#calls,
    };
    for (const watch of this.#watches) watch[Symbol.dispose]();
    this.#host?.close();
    this.#resolve({
      outcome: this.#reported(outcome),
      usage,
      log: this.#log.finish(),
      audit: this.#host?.audit ?? [],
      ...(this.#recording ? { transcript: this.#recording.finish(measured?.clock) } : {}),
      ...(this.#replayed ? { replay: this.#replayReport(this.#replayed, measured) } : {}),
    });
  }

  #replayReport(replayed: ReplayedCalls, measured: Measured | undefined): ReplayReport {
    const divergence = replayed.divergence(measured?.clockPlayedWell);
    return { ...(divergence ? { divergence } : {}), sameRuntime: this.#request.replay?.transcript.runtime === this.#runtime };
  }

  /** Told as a refusal where it was one, and without the attempt's secrets. */
  #reported(outcome: Outcome): Outcome {
    const refusal = outcome.kind === "failed" ? (this.#host ?? this.#replayed)?.ofRefusal(outcome.error) : undefined;
    const { redactor } = this.#request.host;
    return redactor ? redactor.outcome(refusal ?? outcome) : (refusal ?? outcome);
  }
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
