import { DEFAULT_LIMITS } from "@glovebox/sandbox";
import type { Chamber } from "../../packages/sandbox/src/cell/attempt.ts";
import { openRuntime } from "../../packages/sandbox/src/cell/runtime.ts";
import { StillAttempt } from "../../packages/sandbox/src/guest/chamber.fixture.ts";
import { findRuntimes } from "../../packages/sandbox/src/runtimes/installed.ts";

/** A chamber driven as a cell drives it, in this process: what a cell does between two frames, and nothing of the frames. */
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
    const end = this.#chamber.enter(guest, new StillAttempt());
    if (end.kind !== "completed") throw new Error(JSON.stringify(end));
    this.#chamber.prepare(DEFAULT_LIMITS.memoryBytes);
  }
}
