import { type MessagePort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { encodeFrame, FRAME, type Frame, FrameReader, splitHeader } from "./frame.ts";

// A cell that somebody has taken over: it sends what its guest's code says, and stands where a thread cell's program does.

/** What it does, one after another. */
export type Act =
  /** Bytes as they are, in base64. */
  | { readonly raw: string }
  /** A frame with the attempt's nonce, zeros or others, in pieces of `cut` bytes. */
  | { readonly kind: number; readonly nonce: "own" | "none" | "other"; readonly payload: string; readonly cut: number }
  /** It waits for the parent to answer, as an honest cell does after a call. */
  | { readonly wait: true };

const { port, posted } = workerData as { port: MessagePort; posted: Int32Array<SharedArrayBuffer> };
const reader = new FrameReader(() => Number.MAX_SAFE_INTEGER);
const NO_NONCE = new Uint8Array(8);
/** A parent that does not answer has had enough, and ends this cell. */
const PATIENCE_MS = 20;
let received = 0;

function receive(patienceMs = Number.POSITIVE_INFINITY): Frame | undefined {
  for (;;) {
    const message = receiveMessageOnPort(port) as { message: Uint8Array } | undefined;
    if (message) {
      received++;
      return reader.push(message.message)?.[0];
    }
    if (Atomics.wait(posted, 0, received, patienceMs) === "timed-out") return undefined;
  }
}

function send(bytes: Uint8Array, cut = bytes.length): void {
  for (let at = 0; at < bytes.length; at += Math.max(1, cut)) port.postMessage(bytes.slice(at, at + Math.max(1, cut)));
}

function perform(act: Act, own: Uint8Array): void {
  if ("wait" in act) receive(PATIENCE_MS);
  else if ("raw" in act) send(Buffer.from(act.raw, "base64"));
  else {
    const nonce = act.nonce === "own" ? own : act.nonce === "none" ? NO_NONCE : own.map((byte) => byte ^ 1);
    send(encodeFrame(act.kind, nonce, [Buffer.from(act.payload, "base64")]), act.cut);
  }
}

port.postMessage({ thread: undefined });
for (let frame = receive(); frame; frame = receive()) {
  if (frame.kind === FRAME.setup || frame.kind === FRAME.open) send(encodeFrame(FRAME.ready, NO_NONCE, []));
  if (frame.kind !== FRAME.run) continue;
  const { header = "{}", rest = NO_NONCE } = splitHeader(frame.payload) ?? {};
  const [codeBytes] = (JSON.parse(header) as { sizes: readonly [number] }).sizes;
  for (const act of JSON.parse(Buffer.from(rest.subarray(0, codeBytes)).toString()) as readonly Act[]) perform(act, frame.nonce);
}
