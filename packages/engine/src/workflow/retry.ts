import type { RetryValues } from "./dialects/keys.ts";
import type { Retry } from "./document.ts";

/** One attempt; where more are asked for, delays that double from a second up to a minute, a fifth of each drawn at random. */
export const DEFAULT_RETRY: Retry = { maxAttempts: 1, backoff: "exponential", baseMs: 1_000, capMs: 60_000, jitter: 0.2, on: [] };

/** What is given, over what holds without it. */
export function readRetry(given: { readonly value: RetryValues } | undefined, base: Retry): Retry {
  const values = given?.value;
  if (values === undefined) return base;
  return {
    maxAttempts: values.max_attempts?.value ?? base.maxAttempts,
    backoff: values.backoff?.value ?? base.backoff,
    baseMs: values.base_ms?.value ?? base.baseMs,
    capMs: values.cap_ms?.value ?? base.capMs,
    jitter: values.jitter?.value ?? base.jitter,
    on: values.on === undefined ? base.on : [...new Set(values.on.value.map(({ value }) => value))],
  };
}
