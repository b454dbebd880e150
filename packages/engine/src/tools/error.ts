/** A tool could not do its work. `transient`: it may when it is tried again as it is. */
export class ToolError extends Error {
  override readonly name = "ToolError";
  readonly transient: boolean;
  /** Milliseconds that the other side asked for before the next attempt. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options: ErrorOptions & { readonly transient?: boolean; readonly retryAfterMs?: number } = {}) {
    super(message, options);
    this.transient = options.transient ?? false;
    this.retryAfterMs = options.retryAfterMs;
  }
}
