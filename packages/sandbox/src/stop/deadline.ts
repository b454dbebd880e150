import type { Stop } from "./stop.ts";

/** Stops a guest that has taken `wallMs` since it was entered, whatever it did in that time. */
export function watchDeadline(wallMs: number, stop: Stop): Disposable {
  const started = performance.now();
  const timer = setTimeout(
    () => stop({ kind: "exhausted", limit: "wall", used: Math.round(performance.now() - started), max: wallMs }),
    wallMs,
  );
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}
