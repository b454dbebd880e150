import { availableParallelism } from "node:os";
import type { GuestReport, Request, Sandbox, SandboxOptions } from "@glovebox/sandbox";
import type { Guess } from "./guess.ts";
import { paintFor } from "./report/paint.ts";

/**
 * The sandbox of one command. It starts when it is told what to expect, or with the first guest, so that a document without guests starts
 * no process. Where the frozen runtimes are missing they are built first. Owns the sandbox: dispose of it and its cells are gone.
 */
export class Chambers implements AsyncDisposable {
  readonly #cells: number | undefined;
  #isolation: NonNullable<SandboxOptions["isolation"]> = "strongest";
  #opening: Promise<Sandbox> | undefined;
  #sandbox: Sandbox | undefined;

  /** @param cells at the most; undefined: as many as there are CPUs, and guests */
  constructor(cells: number | undefined) {
    this.#cells = cells;
  }

  /** What is required to stand around cells; said before the first of them is started. */
  require(isolation: NonNullable<SandboxOptions["isolation"]>): void {
    this.#isolation = isolation;
  }

  /** What does stand around cells. */
  async isolation(): Promise<string> {
    const sandbox = await this.#open({ warm: "none", cells: this.#cells ?? availableParallelism() });
    return sandbox.isolation;
  }

  /** Starts a cell ahead of its first guest, if there will be one. What goes wrong is told to whoever runs a guest, not here. */
  async expect(guess: Guess): Promise<void> {
    if (guess.guests === 0) return;
    await this.#open({ warm: guess.warm, cells: this.#cells ?? Math.min(availableParallelism(), guess.guests) }).catch(() => {});
  }

  async run(request: Request): Promise<GuestReport> {
    const sandbox = await this.#open({ warm: "none", cells: this.#cells ?? availableParallelism() });
    return sandbox.run(request);
  }

  /** Ends all cells at once; what ran in them is lost. */
  kill(): void {
    // The processes are killed before it returns; only their ends come later.
    void this.#sandbox?.[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const sandbox = await this.#opening?.catch(() => undefined);
    await sandbox?.[Symbol.asyncDispose]();
  }

  #open(options: SandboxOptions): Promise<Sandbox> {
    this.#opening ??= openSandbox({ ...options, isolation: this.#isolation }).then((sandbox) => {
      this.#sandbox = sandbox;
      return sandbox;
    });
    return this.#opening;
  }
}

async function openSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { buildRuntimes, GloveboxError, Sandbox } = await import("@glovebox/sandbox");
  try {
    return new Sandbox(options);
  } catch (error) {
    if (!(error instanceof GloveboxError) || error.code !== "RUNTIME_MISSING") throw error;
    const paint = paintFor(process.stderr);
    buildRuntimes({
      onProgress: ({ step, position, count }) => {
        process.stderr.write(paint("dim", `building the frozen runtimes, once (${position + 1}/${count}: ${step})\n`));
      },
    });
    return new Sandbox(options);
  }
}
