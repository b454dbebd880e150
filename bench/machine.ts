import { availableParallelism, cpus, loadavg, release, totalmem, type } from "node:os";

/** The machine in one line. */
export function machine(): string {
  const model = cpus()[0]?.model.trim() ?? "unknown CPU";
  const memory = `${(totalmem() / 2 ** 30).toFixed(0)} GiB`;
  return `${model}, ${availableParallelism()} cores, ${memory}; Node ${process.versions.node} (V8 ${process.versions.v8}); ${type()} ${release()}`;
}

/** How busy the machine is: processes that want a CPU, over the last minute. */
export function load(): number {
  return loadavg()[0] ?? 0;
}
