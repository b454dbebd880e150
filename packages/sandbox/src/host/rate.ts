/** Remembers the last `max` times, so that no second, wherever it begins, holds more than `max` of them. */
export class RateWindow {
  readonly #max: number;
  #times: Float64Array | undefined;
  #next = 0;

  /** @param max per second */
  constructor(max: number) {
    this.#max = max;
  }

  /** Notes one more at `nowMs`, which never goes back. False: it is one too many. */
  take(nowMs: number): boolean {
    if (this.#max === 0) return false;
    this.#times ??= new Float64Array(this.#max).fill(Number.NEGATIVE_INFINITY);
    const oldest = this.#times[this.#next] as number;
    if (nowMs - oldest < 1000) return false;
    this.#times[this.#next] = nowMs;
    this.#next = (this.#next + 1) % this.#max;
    return true;
  }
}
