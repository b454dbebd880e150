import { type ReadEnd, readEnd } from "./cell/end.ts";
import { encodeFrame, FRAME, type Frame, HOST_FUNCTION } from "./cell/frame.ts";
import type { CellDeath } from "./cell/home.ts";
import { HostCalls } from "./host/calls.ts";
import type { GrantedFile } from "./host/files.ts";
import { logCall } from "./host/log.ts";
import type { GuestReport, Outcome, Usage } from "./outcome.ts";
import type { PooledCell } from "./pool.ts";
import type { PreparedRequest } from "./prepare-request.ts";
import type { Beside } from "./request.ts";
import { watchSignal } from "./stop/cancel.ts";
import { watchCpu } from "./stop/cpu.ts";
import { watchDeadline } from "./stop/deadline.ts";
import { watchLate } from "./stop/late.ts";
import { GuestLog } from "./stop/log.ts";
import { watchResident } from "./stop/memory.ts";
import { acceptOutput } from "./stop/output.ts";
import type { Stop } from "./stop/stop.ts";
import { Recording } from "./transcript/recording.ts";
import { ReplayedCalls } from "./transcript/replayed-calls.ts";
import type { ReplayReport } from "./transcript/transcript.ts";

/** What a frame may have besides an output: headers, a piece of log, an error's texts. */
const FRAME_BYTES_BESIDES = 1024 * 1024;
/** Resident memory that a cell may hold besides what its guest was granted: the runtimes (200 MB), input and output on their way, V8's own. */
const RESIDENT_BYTES_BESIDES = 640 * 2 ** 20;

type Measured = Pick<ReadEnd, "cpuMs" | "instantiateMs" | "peakMemoryBytes" | "growthsDenied" | "fuel" | "clock" | "clockPlayedWell">;

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
export class RunningAttempt {
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
  /** It has run for so long that what may stop it is watched. */
  #watched = false;
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
    const { redactor } = request.host;
    this.#log = new GuestLog({ bytesMax: limits.logBytes, linesPerSecond: request.host.limits.logLinesPerSecond, stop, redactor });
    this.#runtime = runtime;
    this.#recording = request.record && this.#makeRecording(request.record, files);
    this.#replayed = request.replay && this.#makeReplayed(request.replay);
    const { home } = cell;
    this.#cpuAtStart = home.cpuMs();
    const frameBytesMax = () => (this.#ended ? 0 : request.callBytesMax + FRAME_BYTES_BESIDES);
    cell.occupy({
      nonce,
      get frameBytesMax() {
        return frameBytesMax();
      },
      onFrame: (frame) => this.#onFrame(frame),
      onBroken: () => this.#stop({ kind: "trapped", trap: "protocol" }),
      onGone: (death) => this.#onGone(death),
    });
    this.#watches = [watchLate(Math.min(limits.wallMs, limits.cpuMs), () => this.#watch(stop)), watchSignal(signal, stop)];
    home.send(encodeFrame(FRAME.run, nonce, request.parts(module !== undefined && !cell.knowsModule(module), files)));
  }

  #watch(stop: Stop): Disposable[] {
    const { limits } = this.#request;
    const { home } = this.#cell;
    this.#watched = true;
    return [
      watchDeadline(limits.wallMs, this.#started, stop),
      watchCpu(limits.cpuMs, this.#started, () => this.#cpuMs(), stop),
      watchResident(limits.memoryBytes + RESIDENT_BYTES_BESIDES, () => home.residentBytes(), stop),
    ];
  }

  cancel(): void {
    this.#stop({ kind: "cancelled" });
  }

  /** By the kernel's word: what limits go by, and the usage of whoever ran for long. */
  #cpuMs(): number | undefined {
    const now = this.#cell.home.cpuMs();
    return now === undefined || this.#cpuAtStart === undefined ? undefined : now - this.#cpuAtStart;
  }

  #onFrame(frame: Frame): void {
    if (this.#ended) {
      this.#cell.kill(); // an honest one is silent behind its end
      return;
    }
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
      cpuMs: Math.min(this.#usedCpuMs(measured) ?? wallMs, wallMs),
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

  /** Of a short attempt by the word of its cell: the kernel's, asked from outside, is up to a tick (4 ms) behind, and takes as long as a frame. */
  #usedCpuMs(measured: Measured | undefined): number | undefined {
    return measured && !this.#watched ? measured.cpuMs : this.#cpuMs();
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
