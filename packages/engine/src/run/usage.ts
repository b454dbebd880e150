import type { Usage } from "@glovebox/sandbox";

/** What several guests cost together: the sum of each figure, and the largest of their memories. Undefined for none. */
export function totalUsage(usages: Iterable<Usage | undefined>): Usage | undefined {
  let total: Usage | undefined;
  for (const usage of usages) if (usage !== undefined) total = total === undefined ? usage : add(total, usage);
  return total;
}

function add(a: Usage, b: Usage): Usage {
  const hostCalls = new Map(Object.entries(a.hostCalls));
  for (const [name, count] of Object.entries(b.hostCalls)) hostCalls.set(name, (hostCalls.get(name) ?? 0) + count);
  return {
    wallMs: a.wallMs + b.wallMs,
    cpuMs: a.cpuMs + b.cpuMs,
    instantiateMs: a.instantiateMs + b.instantiateMs,
    peakMemoryBytes: Math.max(a.peakMemoryBytes, b.peakMemoryBytes),
    ...(a.fuel === undefined && b.fuel === undefined ? {} : { fuel: (a.fuel ?? 0) + (b.fuel ?? 0) }),
    growthsDenied: a.growthsDenied + b.growthsDenied,
    inputBytes: a.inputBytes + b.inputBytes,
    outputBytes: a.outputBytes + b.outputBytes,
    logBytes: a.logBytes + b.logBytes,
    hostCalls: Object.fromEntries(hostCalls),
  };
}
