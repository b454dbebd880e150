import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";

export interface Hello {
  readonly version: string;
}

/** A process in which a rival measures itself when it is asked to: what it leaves behind in memory is not in ours. */
export class Rival implements AsyncDisposable {
  readonly version: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, version: string) {
    this.#child = child;
    this.version = version;
  }

  static async start(program: string): Promise<Rival> {
    const child = fork(program, { execArgv: ["--no-warnings"], stdio: ["ignore", "ignore", "inherit", "ipc"] });
    const { version } = await Rival.#reply<Hello>(child);
    return new Rival(child, version);
  }

  /** Milliseconds that one run took. */
  ask(what: string): Promise<number> {
    this.#child.send(what);
    return Rival.#reply(this.#child);
  }

  static async #reply<T>(child: ChildProcess): Promise<T> {
    const gone = new AbortController();
    const ended = (code: number | null) => gone.abort(new Error(`the rival ended with ${code}`));
    child.once("exit", ended);
    try {
      const [message] = (await once(child, "message", { signal: gone.signal })) as [T];
      return message;
    } finally {
      child.off("exit", ended);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const gone = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await gone;
  }
}
