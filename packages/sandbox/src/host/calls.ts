import type { AskedFunction } from "../cell/attempt.ts";
import { ANSWER } from "../cell/frame.ts";
import type { Json } from "../json.ts";
import type { AuditEntry, GuestError, Outcome } from "../outcome.ts";
import type { Beside } from "../request.ts";
import type { Stop } from "../stop/stop.ts";
import { Audit } from "./audit.ts";
import { HOST_FUNCTIONS } from "./functions.ts";
import type { HostAttempt, HostReply } from "./host-function.ts";
import { HttpSession } from "./http.ts";
import { RateWindow } from "./rate.ts";
import { type ReadCall, readCall } from "./read-call.ts";
import type { HostSetup } from "./setup.ts";

/** The class of the error that a refused call raises in a guest: how one is told that did not handle it. */
export const REFUSED_ERROR = "Refused";

const CLOCK_STEP_NS = 1_000_000n; // as the guest's own clocks

export interface HostCallOptions {
  readonly setup: HostSetup;
  readonly input: Uint8Array;
  readonly outputBytesMax: number;
  readonly callBytesMax: number;
  readonly clockBaseNs: bigint;
  /** When the attempt started, by `performance.now()`. */
  readonly startedMs: number;
  /** Usage, which is counted on. */
  readonly counts: Record<string, number>;
  readonly stop: Stop;
  readonly answer: (parts: readonly Uint8Array[]) => void;
  readonly beside: Beside;
  /** Told of every call and what came of it, in order. */
  readonly record?: (call: ReadCall, reply: HostReply) => void;
  /** A mistake of ours. */
  readonly fault: (error: unknown) => void;
}

/**
 * The parent's side of one attempt's host calls: counts them, holds them to their limits, has them done and answers. One is outstanding at
 * most. A guest that passed a limit is stopped, and never answered: answering is what lets it go on.
 */
export class HostCalls {
  readonly #options: HostCallOptions;
  readonly #attempt: HostAttempt;
  readonly #audit: Audit;
  readonly #rate: RateWindow;
  #http: HttpSession | undefined;
  #calls = 0;
  #pending: ReadCall | undefined;
  #closed = false;
  #refused: { readonly hostFunction: string; readonly reason: string } | undefined;

  constructor(options: HostCallOptions) {
    this.#options = options;
    const { setup, input, outputBytesMax, beside } = options;
    this.#audit = new Audit((text) => setup.redactor?.text(text) ?? text);
    this.#rate = new RateWindow(setup.limits.callsPerSecond);
    const http = () => (this.#http ??= new HttpSession(setup));
    this.#attempt = {
      setup,
      input,
      outputBytesMax,
      output: undefined,
      beside,
      nowNs: () => this.#nowNs(),
      get http() {
        return http();
      },
    };
  }

  /** A call is being done, and the cell waits. */
  get busy(): boolean {
    return this.#pending !== undefined;
  }

  /** The call that is being done. */
  get pending(): ReadCall | undefined {
    return this.#pending;
  }

  get audit(): readonly AuditEntry[] {
    return this.#audit.entries;
  }

  /** What the guest has written as its output. */
  get output(): { readonly value: Json; readonly bytes: number } | undefined {
    return this.#attempt.output;
  }

  /** Takes a call frame's payload. */
  call(payload: Uint8Array): void {
    const call = this.busy ? undefined : readCall(payload);
    if (!call) {
      this.#options.stop({ kind: "trapped", trap: "protocol" });
      return;
    }
    if (call.argument === undefined) {
      this.#settle(call, this.#tooLarge(call.name, call.bytes));
      return;
    }
    const { counts, setup } = this.#options;
    counts[call.name] = (counts[call.name] ?? 0) + 1;
    const { calls, callsPerSecond } = setup.limits;
    if (++this.#calls > calls) {
      this.#settle(call, { kind: "exhausted", limit: "calls", used: this.#calls, max: calls, reason: "calls" });
    } else if (!this.#rate.take(performance.now())) {
      const reason = "calls a second";
      this.#settle(call, { kind: "exhausted", limit: "calls", used: callsPerSecond + 1, max: callsPerSecond, reason });
    } else this.#do(call, call.argument);
  }

  #do(call: ReadCall, argument: Uint8Array): void {
    const reply = HOST_FUNCTIONS[call.name](argument, this.#attempt);
    if (!(reply instanceof Promise)) {
      this.#settle(call, reply);
      return;
    }
    this.#pending = call;
    reply.then(
      (settled) => {
        this.#pending = undefined;
        this.#settle(call, settled);
      },
      (error: unknown) => {
        if (!this.#closed) this.#options.fault(error);
      },
    );
  }

  #settle(call: ReadCall, reply: HostReply): void {
    if (this.#closed) return;
    const { answer, stop, record } = this.#options;
    const { name } = call;
    record?.(call, reply);
    switch (reply.kind) {
      case "given":
        if (reply.subject !== undefined) this.#note(name, "given", reply.subject, reply.reason ?? "");
        answer([Uint8Array.of(ANSWER.given), ...reply.parts]);
        return;
      case "refused":
        this.#note(name, "refused", reply.subject, reply.reason);
        this.#refused = { hostFunction: name, reason: reply.reason };
        answer([Uint8Array.of(ANSWER.refused)]);
        return;
      case "failed":
        this.#note(name, "failed", reply.subject, reply.reason);
        answer([Uint8Array.of(ANSWER.failed), new TextEncoder().encode(reply.message)]);
        return;
      case "exhausted": {
        const { limit, used, max } = reply;
        this.#note(name, "exhausted", "", `${reply.reason}: ${used}, and ${max} are allowed`);
        stop({ kind: "exhausted", limit, used, max });
      }
    }
  }

  #tooLarge(name: AskedFunction, used: number): HostReply {
    const { outputBytesMax, callBytesMax } = this.#options;
    const [limit, max] = name === "write_output" ? (["output", outputBytesMax] as const) : (["calls", callBytesMax] as const);
    return { kind: "exhausted", limit, used, max, reason: "bytes of one call" };
  }

  #note(name: string, verdict: AuditEntry["verdict"], subject: string, reason: string): void {
    const atMs = Math.round(performance.now() - this.#options.startedMs);
    this.#audit.note({ hostFunction: name, verdict, subject, reason, atMs });
  }

  /**
   * How a guest ended, where that was by a refusal: the host has refused it something, and the guest's own error says that it is that which
   * it did not handle. A guest's word alone makes no refusal.
   */
  ofRefusal(error: GuestError): Outcome | undefined {
    return this.#refused && error.name === REFUSED_ERROR ? { kind: "refused", ...this.#refused } : undefined;
  }

  #nowNs(): bigint {
    const { clockBaseNs, startedMs } = this.#options;
    const now = clockBaseNs + BigInt(Math.floor(performance.now() - startedMs)) * CLOCK_STEP_NS;
    return now - (now % CLOCK_STEP_NS);
  }

  /** The attempt is over: what is under way is given up, and connections are closed. */
  close(): void {
    this.#closed = true;
    this.#http?.close();
  }
}
