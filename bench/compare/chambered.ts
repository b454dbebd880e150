import { randomBytes } from "node:crypto";
import { DEFAULT_LIMITS } from "@glovebox/sandbox";
import type { Attempt, Chamber } from "../../packages/sandbox/src/cell/attempt.ts";
import { CurrentAttempt } from "../../packages/sandbox/src/cell/current-attempt.ts";
import { Line } from "../../packages/sandbox/src/cell/line.ts";
import { LogWriter } from "../../packages/sandbox/src/cell/log-writer.ts";
import { openRuntime } from "../../packages/sandbox/src/cell/runtime.ts";
import { findRuntimes } from "../../packages/sandbox/src/runtimes/installed.ts";

const NO_NONCE = new Uint8Array(8);

/** A chamber driven as a cell drives it, in this process. */
export class Chambered {
  readonly #chamber: Chamber;

  constructor(name: "javascript") {
    const { folder, manifest } = findRuntimes();
    const { wasm } = manifest.runtimes[name];
    this.#chamber = openRuntime(name, { wasm: `${folder}/${wasm.file}`, sha256: wasm.sha256 });
    this.#chamber.prepare(DEFAULT_LIMITS.memoryBytes);
  }

  /** Enters a fresh instance and puts it back. */
  run(code: string, input: string): undefined {
    const encoder = new TextEncoder();
    const guest = { code: encoder.encode(code), input: encoder.encode(input), filename: "step.js", imports: undefined };
    const end = this.#chamber.enter(guest, attempt());
    if (end.kind !== "completed") throw new Error(JSON.stringify(end));
    this.#chamber.prepare(DEFAULT_LIMITS.memoryBytes);
  }
}

function attempt(): Attempt {
  const header = {
    kind: "javascript",
    filename: "step.js",
    imports: null,
    limits: DEFAULT_LIMITS,
    clockBaseNs: String(BigInt(Date.now()) * 1_000_000n),
    seed: randomBytes(32).toString("hex"),
    sizes: [0, 0, 0],
    module: null,
    files: [],
    callBytesMax: 0,
  } as const;
  const line = new Line({ receive: () => undefined, send: () => {} }, NO_NONCE, 0);
  return new CurrentAttempt(header, line, new LogWriter(line), new Map());
}
