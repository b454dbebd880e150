/** Memories are dropped up to this sum before they are collected: what a cell may hold for a while beyond what its guest has. */
const DROPPED_BYTES_MAX = 128 * 2 ** 20;

let dropped = 0;

/** Notes that a linear memory of so many bytes is referred to no more, or won't be when whoever drops it has returned. */
export function noteDropped(bytes: number): void {
  dropped += bytes;
}

/**
 * Collects the memories that were dropped, where that is worth it. V8 collects memories when its own heap asks for it, and that is small here:
 * a guest of 25 MB after the other held 870 MB. So it is told to (10 ms, while the cell is idle) where it lets us: `--expose-gc`. To be called
 * by who has none of them at hand: one that is still referred to stays, and the next guest would be charged for it.
 */
export function collectDropped(): void {
  const { gc } = globalThis as { gc?: () => void };
  if (dropped < DROPPED_BYTES_MAX || !gc) return;
  dropped = 0;
  gc();
}
