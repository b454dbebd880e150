import type { AskedFunction, HostAnswer } from "./attempt.ts";
import type { Channel } from "./channel.ts";
import { ANSWER, CALL_TOO_LARGE, encodeFrame, FRAME, type Frame, HOST_FUNCTION, type HostFunctionName } from "./frame.ts";

/** One attempt's calls to the parent. One is outstanding at most: the next waits for the answer to the one before. */
export class Line {
  readonly #channel: Channel;
  readonly #nonce: Uint8Array;
  readonly callBytesMax: number;
  #outstanding = false;

  /** @param callBytesMax what the parent takes as one call's argument */
  constructor(channel: Channel, nonce: Uint8Array, callBytesMax: number) {
    this.#channel = channel;
    this.#nonce = nonce;
    this.callBytesMax = callBytesMax;
  }

  /** Makes a call whose answer says nothing but that the guest may go on: it is awaited when it has to be, and no sooner. */
  post(hostFunction: HostFunctionName, parts: readonly Uint8Array[]): void {
    this.settle();
    this.#channel.send(encodeFrame(FRAME.call, this.#nonce, [Uint8Array.of(HOST_FUNCTION[hostFunction]), ...parts]));
    this.#outstanding = true;
  }

  ask(hostFunction: AskedFunction, argument: Uint8Array): HostAnswer {
    if (argument.length > this.callBytesMax) return this.askTooMuch(hostFunction, argument.length);
    return this.#ask([Uint8Array.of(HOST_FUNCTION[hostFunction]), argument]);
  }

  /** Tells of a call that is too large to be made. There is no answer to it. */
  askTooMuch(hostFunction: AskedFunction, bytes: number): HostAnswer {
    const size = new Uint8Array(8);
    new DataView(size.buffer).setFloat64(0, bytes, true);
    return this.#ask([Uint8Array.of(CALL_TOO_LARGE, HOST_FUNCTION[hostFunction]), size]);
  }

  #ask(parts: readonly Uint8Array[]): HostAnswer {
    this.settle();
    this.#channel.send(encodeFrame(FRAME.call, this.#nonce, parts));
    return readAnswer(this.#answer());
  }

  /** Waits until the parent has answered what was posted. */
  settle(): void {
    if (!this.#outstanding) return;
    this.#answer();
    this.#outstanding = false;
  }

  #answer(): Frame {
    const frame = this.#channel.receive();
    if (frame?.kind !== FRAME.answer) throw new Error("the parent did not answer");
    return frame;
  }
}

function readAnswer({ payload }: Frame): HostAnswer {
  switch (payload[0]) {
    case ANSWER.given:
      return { kind: "given", bytes: payload.subarray(1) };
    case ANSWER.failed:
      return { kind: "failed", message: new TextDecoder().decode(payload.subarray(1)) };
    default:
      return { kind: "refused" };
  }
}
