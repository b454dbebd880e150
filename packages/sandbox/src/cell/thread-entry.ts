import { readlinkSync } from "node:fs";
import { type MessagePort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { runCell } from "./cell.ts";
import type { Channel } from "./channel.ts";
import { type Frame, FrameReader } from "./frame.ts";

// The whole program of a thread cell. The parent posts a frame and then wakes this thread; the event loop never turns.

export interface ThreadSetup {
  readonly port: MessagePort;
  /** One number: how many frames the parent has posted. */
  readonly posted: Int32Array<SharedArrayBuffer>;
}

const { port, posted } = workerData as ThreadSetup;

class Port implements Channel {
  readonly #reader = new FrameReader(() => Number.MAX_SAFE_INTEGER);
  #received = 0;

  receive(): Frame | undefined {
    for (;;) {
      const message = receiveMessageOnPort(port) as { message: Uint8Array } | undefined;
      if (message) {
        this.#received++;
        return this.#reader.push(message.message)?.[0];
      }
      Atomics.wait(posted, 0, this.#received);
    }
  }

  send(frame: Uint8Array): void {
    port.postMessage(frame, [frame.buffer as ArrayBuffer]);
  }
}

/** The kernel's number of this thread, for its CPU accounting; undefined where there is no /proc. */
function threadId(): number | undefined {
  try {
    return Number(readlinkSync("/proc/thread-self").split("/").at(-1));
  } catch {
    return undefined; // not Linux: CPU is then bounded by wall time
  }
}

port.postMessage({ thread: threadId() });
runCell(new Port());
