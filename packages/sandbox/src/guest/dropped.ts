/** Memories are dropped up to this sum before they are collected: what a cell may hold for a while beyond what its guest has. */
const DROPPED_BYTES_MAX = 128 * 2 ** 20;

let dropped = 0;

/**
 * Notes that a linear memory of so many bytes was dropped. V8 collects memories when its own heap asks for it, and that is small here:
 * a guest of 25 MB after the other held 870 MB. So they are collected (in 10 ms, while the cell is idle) where V8 lets us: `--expose-gc`.
 */
export function noteDropped(bytes: number): void {
  dropped += bytes;
  const { gc } = globalThis as { gc?: () => void };
  if (dropped < DROPPED_BYTES_MAX || !gc) return;
  dropped = 0;
  gc();
}
