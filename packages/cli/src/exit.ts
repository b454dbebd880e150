/** What the process ends with. Scripts rely on these. */
export const EXIT = {
  done: 0,
  /** The document, or the module, has problems: nothing was run. */
  problems: 1,
  /** The command line, or what it names, is wrong. */
  usage: 2,
  /** The installation lacks something, or we made a mistake. */
  failure: 3,
  /** The run, or the guest, did not succeed. */
  runFailed: 4,
} as const;

/** Ends the command with one sentence for the user and no more. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly exitCode: number;

  /** @param message "Cannot ⟨verb⟩ ⟨thing⟩: ⟨state now⟩" */
  constructor(message: string, exitCode: number = EXIT.usage, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}
