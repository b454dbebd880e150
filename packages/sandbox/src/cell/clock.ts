import { ClockNotes, ClockPlayer, type ClockReadings } from "../transcript/clock.ts";

/**
 * What one attempt sees of time: whole milliseconds since the guest was entered. It runs by the machine's clock, noting what it shows where
 * the attempt is recorded, or shows again what was noted. Once a guest has looked more often than it did then, it goes on by the machine's.
 */
export class AttemptClock {
  #startedMs = performance.now();
  readonly #notes: ClockNotes | undefined;
  readonly #player: ClockPlayer | undefined;
  /** What the player showed last. */
  #shownMs = 0;
  #overrun = false;

  constructor(clock: "note" | ClockReadings | undefined) {
    this.#notes = clock === "note" ? new ClockNotes() : undefined;
    this.#player = clock === undefined || clock === "note" ? undefined : new ClockPlayer(clock);
  }

  elapsedMs(): number {
    if (this.#player && !this.#overrun) {
      const shown = this.#player.next();
      if (shown !== undefined) {
        this.#shownMs = shown;
        return shown;
      }
      this.#overrun = true;
      this.#startedMs = performance.now() - this.#shownMs;
    }
    const ms = Math.floor(performance.now() - this.#startedMs);
    this.#notes?.note(ms);
    return ms;
  }

  /** Sleep need not be slept: what the clock shows next is known. */
  get isPlayed(): boolean {
    return this.#player !== undefined && !this.#overrun;
  }

  /** What was noted, encoded. Undefined: nothing was asked for, or there is more than is kept. */
  notes(): Uint8Array | undefined {
    return this.#notes?.encode();
  }

  /** Whether the guest has looked as often as it did then. Undefined: nothing was played. */
  get playedWell(): boolean | undefined {
    return this.#player && !this.#overrun && this.#player.finished;
  }
}
