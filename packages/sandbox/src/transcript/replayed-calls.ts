import { ANSWER } from "../cell/frame.ts";
import { REFUSED_ERROR } from "../host/calls.ts";
import { type ReadCall, readCall } from "../host/read-call.ts";
import type { Json } from "../json.ts";
import type { GuestError, Outcome } from "../outcome.ts";
import { acceptOutput } from "../stop/output.ts";
import type { Stop } from "../stop/stop.ts";
import { bytesOf } from "./prepare.ts";
import { argumentDigest, type Divergence, type Transcript } from "./transcript.ts";

export interface ReplayedCallOptions {
  readonly transcript: Transcript;
  readonly key: Uint8Array;
  /** Of all that the transcript refers to. */
  readonly secrets: ReadonlyMap<string, string>;
  readonly input: Uint8Array;
  readonly outputBytesMax: number;
  /** Usage, which is counted on. */
  readonly counts: Record<string, number>;
  readonly stop: Stop;
  readonly answer: (parts: readonly Uint8Array[]) => void;
}

/** Answers an attempt's host calls from the transcript of an earlier one. A guest that asks for anything else is stopped. */
export class ReplayedCalls {
  readonly #options: ReplayedCallOptions;
  #calls = 0;
  #refusal: { readonly hostFunction: string; readonly reason: string } | undefined;
  #divergence: Divergence | undefined;
  /** What the guest has written as its output. */
  output: { readonly value: Json; readonly bytes: number } | undefined;

  constructor(options: ReplayedCallOptions) {
    this.#options = options;
  }

  /** Takes a call frame's payload. */
  call(payload: Uint8Array): void {
    const call = readCall(payload);
    const { transcript, counts, stop, answer } = this.#options;
    if (!call) {
      stop({ kind: "trapped", trap: "protocol" });
      return;
    }
    if (call.argument) counts[call.name] = (counts[call.name] ?? 0) + 1;
    const expected = transcript.calls[this.#calls];
    if (!expected || !this.#isSame(call, expected)) {
      const other = expected && expected.function !== call.name ? { expected: expected.function } : {};
      this.#divergence = { at: "call", call: this.#calls, found: call.name, ...other };
      stop({ kind: "cancelled" });
      return;
    }
    this.#calls++;
    const told = expected.answer;
    switch (told.kind) {
      case "given":
        if (call.name === "write_output") this.#takeOutput(call.argument ?? new Uint8Array());
        answer([Uint8Array.of(ANSWER.given), bytesOf(told.content, this.#options.secrets)]);
        return;
      case "input":
        answer([Uint8Array.of(ANSWER.given), this.#options.input]);
        return;
      case "refused":
        this.#refusal = { hostFunction: call.name, reason: told.reason };
        answer([Uint8Array.of(ANSWER.refused)]);
        return;
      case "failed":
        answer([Uint8Array.of(ANSWER.failed), Buffer.from(told.message)]);
        return;
      case "exhausted":
        stop({ kind: "exhausted", limit: told.limit, used: told.used, max: told.max });
        return;
      case "unanswered":
        stop({ kind: "cancelled" });
    }
  }

  #isSame({ name, argument, ...call }: ReadCall, expected: Transcript["calls"][number]): boolean {
    const bytes = argument?.length ?? ("bytes" in call ? call.bytes : 0);
    if (expected.function !== name || expected.argumentBytes !== bytes) return false;
    // One that was too large to be sent has no digest.
    return !argument || expected.answer.kind === "exhausted" || argumentDigest(this.#options.key, name, argument) === expected.argument;
  }

  /** It was taken then: the same bytes are taken now. */
  #takeOutput(argument: Uint8Array): void {
    const read = acceptOutput("json", argument, this.#options.outputBytesMax);
    if (read.kind === "completed") this.output = { value: read.output, bytes: argument.length };
  }

  /** As in host/calls.ts. */
  ofRefusal(error: GuestError): Outcome | undefined {
    return this.#refusal && error.name === REFUSED_ERROR ? { kind: "refused", ...this.#refusal } : undefined;
  }

  /** What differed, once the guest has ended. */
  divergence(clockPlayedWell: boolean | undefined): Divergence | undefined {
    const expected = this.#options.transcript.calls.length;
    if (this.#divergence) return this.#divergence;
    if (this.#calls < expected) return { at: "end", calls: this.#calls, expected };
    return clockPlayedWell === false ? { at: "clock" } : undefined;
  }
}
