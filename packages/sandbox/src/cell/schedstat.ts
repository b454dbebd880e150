import { closeSync, openSync, readSync } from "node:fs";

/**
 * CPU time of one thread, from the kernel's scheduler (`/proc/<pid>/task/<tid>/schedstat`: the first number is nanoseconds on a CPU;
 * Linux, Documentation/scheduler/sched-stats.rst). The process's clock would count V8's compiler threads too.
 */
export class ThreadCpu implements Disposable {
  readonly #file: number;
  readonly #text = Buffer.alloc(64);

  private constructor(file: number) {
    this.#file = file;
  }

  /** Undefined where the kernel doesn't tell. */
  static open(processId: number | "self", threadId: number): ThreadCpu | undefined {
    try {
      return new ThreadCpu(openSync(`/proc/${processId}/task/${threadId}/schedstat`, "r"));
    } catch {
      return undefined; // not Linux, or the process has ended: the caller bounds CPU by wall time
    }
  }

  /** Milliseconds; undefined once the thread has ended. */
  read(): number | undefined {
    try {
      const length = readSync(this.#file, this.#text, 0, 64, 0);
      return Number.parseInt(this.#text.toString("latin1", 0, length), 10) / 1e6;
    } catch {
      return undefined; // ESRCH: it has ended
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }
}
