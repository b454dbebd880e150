import type { Stop } from "./stop.ts";

const FIRST_LOOK_MS = 20;
const EVERY_MS = 20;

/**
 * Stops a guest whose cell holds more than `bytesMax` altogether, measured from outside: linear memory has its own bound inside, and this
 * is for everything else (tables, what V8 holds for an instance, mistakes of ours). Nothing is measured in the first moments, which most
 * guests don't outlive.
 */
export function watchResident(bytesMax: number, residentBytes: () => number | undefined, stop: Stop): Disposable {
  let timer: NodeJS.Timeout;
  const look = () => {
    const used = residentBytes();
    if (used === undefined) return;
    if (used > bytesMax) stop({ kind: "exhausted", limit: "memory", used, max: bytesMax });
    else timer = setTimeout(look, EVERY_MS);
  };
  timer = setTimeout(look, FIRST_LOOK_MS);
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}
