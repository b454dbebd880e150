import type { Stop } from "./stop.ts";

const EVERY_MS = 20;

/**
 * Stops a guest whose cell holds more than `bytesMax` altogether, measured from outside: linear memory has its own bound inside, and this
 * is for everything else (tables, what V8 holds for an instance, mistakes of ours).
 */
export function watchResident(bytesMax: number, residentBytes: () => number | undefined, stop: Stop): Disposable {
  let timer: NodeJS.Timeout;
  const look = () => {
    const used = residentBytes();
    if (used === undefined) return;
    if (used > bytesMax) stop({ kind: "exhausted", limit: "memory", used, max: bytesMax });
    else timer = setTimeout(look, EVERY_MS);
  };
  timer = setTimeout(look, 0);
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}
