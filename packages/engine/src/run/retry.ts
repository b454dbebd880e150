import type { Retry } from "../workflow/document.ts";
import type { AttemptEnd } from "./attempt.ts";

/** A server that asks to be left alone for longer than this is not worth a run's wait. */
const RETRY_AFTER_MAX_MS = 3_600_000;

/** Growth ends here: nothing that a delay can be is larger, and infinity times nothing would be no number. */
const FACTOR_MAX = Number.MAX_SAFE_INTEGER;

/**
 * Whether an attempt that ended so is followed by another, and after how many milliseconds. Undefined: it was the last.
 *
 * A transient end (a tool says so, a cell died) is tried again as long as attempts are left. `failed`, `trapped` and `exhausted` are permanent
 * unless the step's `retry.on` names them; `refused` and `cancelled` always are.
 * @param attempts how many there were, this one included
 * @param random from 0 to 1, drawn for this call
 */
export function retryDelayMs(
  retry: Retry,
  end: Pick<AttemptEnd, "outcome" | "transient" | "retryAfterMs">,
  attempts: number,
  random: number,
): number | undefined {
  if (attempts >= retry.maxAttempts) return undefined;
  if (!end.transient && !retry.on.some((kind) => kind === end.outcome.kind)) return undefined;
  if (end.retryAfterMs !== undefined) return Math.min(end.retryAfterMs, RETRY_AFTER_MAX_MS);
  return backoffMs(retry, attempts, random);
}

/** The delay after the `attempts`-th attempt: `baseMs` as it grows (with `none` it does not), at most `capMs`, of which the share `jitter` is drawn at random. */
export function backoffMs(retry: Pick<Retry, "backoff" | "baseMs" | "capMs" | "jitter">, attempts: number, random: number): number {
  const delay = Math.min(retry.baseMs * Math.min(factor(retry.backoff, attempts), FACTOR_MAX), retry.capMs);
  return delay - delay * retry.jitter * (1 - random);
}

function factor(backoff: Retry["backoff"], attempts: number): number {
  switch (backoff) {
    case "none":
      return 1;
    case "linear":
      return attempts;
    case "exponential":
      return 2 ** (attempts - 1);
    case "fibonacci":
      return fibonacci(attempts);
  }
}

function fibonacci(n: number): number {
  let [previous, current] = [0, 1];
  for (let i = 1; i < n && current < FACTOR_MAX; i++) [previous, current] = [current, previous + current];
  return current;
}
