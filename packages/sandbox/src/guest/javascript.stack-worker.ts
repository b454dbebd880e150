import { parentPort, workerData } from "node:worker_threads";
import type { GuestEnd } from "../cell/attempt.ts";
import { enterChamber } from "./chamber.fixture.ts";
import { javascriptChamber } from "./javascript.ts";

// Runs guests in a thread with a stack as large as a cell's, for javascript.attacks.test.ts.

export interface StackReport {
  readonly end: GuestEnd;
  readonly spent: boolean;
}

const { wasm, codes } = workerData as { wasm: Uint8Array<ArrayBuffer>; codes: readonly string[] };
const module = new WebAssembly.Module(wasm);
const reports = codes.map((code): StackReport => {
  const chamber = javascriptChamber(wasm, module, "javascript");
  const { end } = enterChamber(chamber, code);
  return { end, spent: chamber.spent };
});
parentPort?.postMessage(reports);
