import type { Stop } from "./stop.ts";

/** Stops a guest when its caller says so. */
export function watchSignal(signal: AbortSignal | undefined, stop: Stop): Disposable {
  const cancel = () => stop({ kind: "cancelled" });
  signal?.addEventListener("abort", cancel, { once: true });
  return { [Symbol.dispose]: () => signal?.removeEventListener("abort", cancel) };
}
