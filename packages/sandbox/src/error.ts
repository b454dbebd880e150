import type { ErrorCode } from "./codes.ts";

/**
 * What a caller did wrong, or what the installation lacks. Messages read "Cannot ⟨verb⟩ ⟨thing⟩: ⟨state now⟩".
 * What a guest does is never one of these: it is an `Outcome`.
 */
export class GloveboxError extends Error {
  override readonly name = "GloveboxError";
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
