import type { Stop } from "./stop.ts";

/**
 * Stops a guest that has executed for `cpuMs`. Time spent inside host calls is not counted: each bounds its own.
 *
 * No thread executes for longer than time passes, so the first look is due after `cpuMs`, and each next one when what was left by then
 * could be used up. Where the system doesn't tell a thread's CPU time, time that passes is taken for it.
 */
export function watchCpu(cpuMs: number, startedMs: number, usedMs: () => number | undefined, stop: Stop): Disposable {
  let timer: NodeJS.Timeout;
  const look = () => {
    const used = usedMs() ?? performance.now() - startedMs;
    if (used >= cpuMs) stop({ kind: "exhausted", limit: "cpu", used: Math.round(used), max: cpuMs });
    else timer = setTimeout(look, Math.max(1, cpuMs - used));
  };
  timer = setTimeout(look, Math.max(0, startedMs + cpuMs - performance.now()));
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}
