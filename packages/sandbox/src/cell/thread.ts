import { join } from "node:path";
import { MessageChannel, Worker } from "node:worker_threads";
import { FrameReader } from "./frame.ts";
import { type CellDeath, type CellEvents, type CellHome, type HomeOptions, takePiece } from "./home.ts";
import { ThreadCpu } from "./schedstat.ts";
import type { ThreadSetup } from "./thread-entry.ts";

const STACK_MIB = 30;

/**
 * A cell that is a thread of this process: quicker to start, and no boundary of the operating system. For code that is trusted but has
 * to be held to limits, and for tests.
 */
export function openThread(options: HomeOptions, events: CellEvents): CellHome {
  const { port1: ours, port2: theirs } = new MessageChannel();
  const posted = new Int32Array(new SharedArrayBuffer(4));
  const workerData: ThreadSetup = { port: theirs, posted };
  const worker = new Worker(join(options.folder, "thread-cell.mjs"), {
    workerData,
    transferList: [theirs],
    env: {},
    argv: [],
    execArgv: ["--no-warnings"],
    stdin: false,
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: options.heapMiB, stackSizeMb: STACK_MIB },
  });
  const reader = new FrameReader(events.frameBytesMax);
  let cpu: ThreadCpu | undefined;
  let gone = false;
  let outOfMemory = false;
  let reason: string | undefined;
  const end = (death: CellDeath) => {
    if (gone) return;
    gone = true;
    cpu?.[Symbol.dispose]();
    cpu = undefined;
    ours.close();
    events.onGone(death);
  };
  ours.on("message", (message: unknown) => {
    if (gone) return;
    if (message instanceof Uint8Array) {
      takePiece(message, reader, events);
    } else {
      const { thread } = message as { thread: number | undefined };
      if (thread !== undefined) cpu = ThreadCpu.open("self", thread);
    }
  });
  worker.on("error", (error: Error & { code?: string }) => {
    outOfMemory = error.code === "ERR_WORKER_OUT_OF_MEMORY";
    reason = error.message;
  });
  worker.on("exit", (code) => end({ outOfMemory, reason: reason ?? `exit code ${code}` }));
  worker.unref();
  ours.unref();
  return {
    send: (frame) => {
      if (gone) return;
      ours.postMessage(frame);
      Atomics.add(posted, 0, 1);
      Atomics.notify(posted, 0);
    },
    kill: () => {
      void worker.terminate();
    },
    cpuMs: () => cpu?.read(),
    residentBytes: () => undefined,
  };
}
