import type { Stop } from "./stop.ts";

/** Stops a guest that has taken `wallMs` since it was entered at `startedMs`, whatever it did in that time. */
export function watchDeadline(wallMs: number, startedMs: number, stop: Stop): Disposable {
  const timer = setTimeout(
    () => stop({ kind: "exhausted", limit: "wall", used: Math.round(performance.now() - startedMs), max: wallMs }),
    Math.max(0, startedMs + wallMs - performance.now()),
  );
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}
