import type { Attempt, GuestEnd } from "../cell/attempt.ts";
import { cut } from "../text.ts";
import { PREVIEW1, PREVIEW1_MODULE, type Preview1Name } from "../wasm/preview1.ts";
import { endOfThrow } from "./ending.ts";
import type { GuestMemory } from "./memory.ts";
import { trap } from "./trap.ts";
import { preview1 } from "./wasi.ts";
import { endOfExit } from "./wasi-command.ts";
import { WasiSession } from "./wasi-session.ts";

/** AssemblyScript keeps a string's length in bytes in front of its UTF-16 units. Source: its runtime's layout, `rtSize` at -4. */
const STRING_BYTES_MAX = 4096;

/**
 * What a module may import, for one instance: the names of WASI preview 1, and AssemblyScript's `env.abort`. Nothing of it throws for what a
 * guest passes; all state is the attempt's.
 */
export class ModuleImports {
  readonly modules: WebAssembly.Imports;
  readonly #memory: GuestMemory;
  readonly #command: boolean;
  #session: WasiSession | undefined;
  #aborted: string | undefined;

  /** @param command standard output is the result (else it is logged) and the input is on standard input */
  constructor(memory: GuestMemory, command: boolean) {
    this.#memory = memory;
    this.#command = command;
    const names = Object.keys(PREVIEW1) as Preview1Name[];
    this.modules = {
      [PREVIEW1_MODULE]: Object.fromEntries(names.map((name) => [name, this.#guarded(preview1(name))])),
      env: {
        memory: memory.memory,
        abort: this.#guarded((session, _memory, message: number, file: number, line: number, column: number) => {
          const where = this.#string(file);
          this.#aborted = `${this.#string(message) ?? "abort"}${where === undefined ? "" : ` in ${where}:${line >>> 0}:${column >>> 0}`}`;
          return session.end({ kind: "exited" });
        }),
      },
    };
  }

  /** A guest is about to be entered. Until then, and after its end, no import can be called: it ends in a trap. */
  begin(attempt: Attempt, input: Uint8Array): void {
    this.#session = new WasiSession(attempt, this.#command ? input : new Uint8Array(), this.#command);
  }

  /** What was written to standard output. */
  output(): Uint8Array {
    return this.#session?.output() ?? new Uint8Array();
  }

  /** How the guest ended that `error` came out of; undefined if that was a mistake of ours. */
  endOfThrow(error: unknown): GuestEnd | undefined {
    const ended = this.#session?.ended;
    if (this.#aborted !== undefined) return { kind: "trapped", trap: "aborted", detail: this.#aborted };
    if (ended?.kind === "fault") return undefined;
    if (ended?.kind === "output") return { kind: "exhausted", limit: "output", used: ended.used, max: ended.max };
    if (ended?.kind === "exited") return endOfExit(this.#session?.attempt.exitStatus ?? 0, this.#command ? this.output() : undefined);
    return endOfThrow(error);
  }

  #guarded(what: (session: WasiSession, memory: GuestMemory, ...values: never[]) => number) {
    return (...values: never[]): number => {
      const session = this.#session;
      if (!session || session.attempt.over) return trap();
      try {
        return what(session, this.#memory, ...values);
      } catch (error) {
        session.attempt.over = true;
        // A trap of session.end(), or a stack that was used up in here: no guest can catch either. The rest is a mistake of ours, which it
        // might catch, to go on with an import half done.
        if (endOfThrow(error)) throw error;
        return session.end({ kind: "fault", error });
      }
    };
  }

  /** A string of AssemblyScript's, or undefined where there is none. */
  #string(address: number): string | undefined {
    const size = address === 0 ? undefined : this.#memory.view(address - 4, 4)?.getUint32(0, true);
    const bytes = size === undefined ? undefined : this.#memory.bytes(address, Math.min(size, STRING_BYTES_MAX) & ~1);
    return bytes && cut(new TextDecoder("utf-16le").decode(bytes), STRING_BYTES_MAX / 2);
  }
}
