import { constants } from "node:os";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Turns the first signal into an aborted {@link signal}, so that the command ends cleanly, and the second one into the end of the process.
 * Dispose of it, and signals do again what they do by default.
 */
export class Interrupt implements Disposable {
  readonly #controller = new AbortController();
  readonly #kill: () => void;
  #exitCode: number | undefined;

  /** @param kill called before the process ends at once: ends what would outlive it */
  constructor(kill: () => void) {
    this.#kill = kill;
    for (const name of SIGNALS) process.on(name, this.#receive);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** What the process is to end with, as shells count signals; undefined: nobody interrupted it. */
  get exitCode(): number | undefined {
    return this.#exitCode;
  }

  [Symbol.dispose](): void {
    for (const name of SIGNALS) process.off(name, this.#receive);
  }

  readonly #receive = (name: NodeJS.Signals): void => {
    if (this.#exitCode === undefined) {
      this.#exitCode = 128 + constants.signals[name];
      this.#controller.abort();
    } else {
      this.#kill();
      process.exit(this.#exitCode);
    }
  };
}
