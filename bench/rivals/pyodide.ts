// A process that makes fresh Pyodides, from a snapshot or as they come, and says how long each took to its first result.

import { firstResult, open, type Pyodide } from "./pyodide-open.ts";
import type { Hello } from "./rival.ts";

const hello = await open({ _makeSnapshot: true });
const snapshot = hello.makeMemorySnapshot();
process.on("message", (what: "fresh" | "snapshot") => void measure(what).then((ms) => process.send?.(ms)));
process.send?.({ version: hello.version } satisfies Hello);

async function measure(what: "fresh" | "snapshot"): Promise<number> {
  const started = performance.now();
  const pyodide: Pyodide = await open(what === "snapshot" ? { _loadSnapshot: snapshot } : {});
  firstResult(pyodide);
  return performance.now() - started;
}
