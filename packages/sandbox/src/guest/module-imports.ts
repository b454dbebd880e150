import type { Attempt, EnteredGuest, GuestEnd } from "../cell/attempt.ts";
import { cut } from "../text.ts";
import { HOST_MODULE, type HostImport } from "../wasm/host-imports.ts";
import { PREVIEW1_MODULE, type Preview1Name } from "../wasm/preview1.ts";
import { endOfThrow } from "./ending.ts";
import { HostImports } from "./host-imports.ts";
import type { GuestMemory } from "./memory.ts";
import { trap } from "./trap.ts";
import { preview1 } from "./wasi.ts";
import { type CommandOutput, endOfExit } from "./wasi-command.ts";
import { WasiSession } from "./wasi-session.ts";

/** AssemblyScript keeps a string's length in bytes in front of its UTF-16 units. Source: its runtime's layout, `rtSize` at -4. */
const STRING_BYTES_MAX = 4096;

/** Calls that an import makes within each other, generously: frames of this one are among the smallest there are. */
const FRAMES_NEEDED = 100;

/**
 * Throws a RangeError where the stack has no room for so many calls. Guests choose at which depth they call: without this, the stack could
 * end in the middle of an import, such as between two pieces of a frame to the parent. It takes less than a microsecond.
 */
function haveRoom(frames: number): number {
  return frames === 0 ? 0 : haveRoom(frames - 1) + 1;
}

/**
 * What a module imports, of the names of WASI preview 1, the host's functions and AssemblyScript's `env.abort`. It is made once for all instances of the module, of
 * which one at a time is entered. Nothing of it throws for what a guest passes, and all state is the attempt's.
 */
export class ModuleImports {
  readonly modules: WebAssembly.Imports;
  readonly #command: boolean;
  /** Whether the module imports anything. What imports nothing asks for nothing, and needs no state for it. */
  readonly #any: boolean;
  #memory: GuestMemory | undefined;
  #session: WasiSession | undefined;
  #host: HostImports | undefined;
  #aborted: string | undefined;
  #form: "json" | "text" = "json";

  /**
   * @param names what the module imports, after it was inspected
   * @param command standard output is the result (else it is logged) and the input is on standard input
   */
  constructor(names: readonly { readonly module: string; readonly field: string }[], command: boolean) {
    this.#command = command;
    this.#any = command || names.length > 0;
    const offered = names.filter((name) => name.module === PREVIEW1_MODULE).map((name) => name.field as Preview1Name);
    const ofHost = names.filter((name) => name.module === HOST_MODULE).map((name) => name.field as HostImport);
    this.modules = {
      [HOST_MODULE]: Object.fromEntries(
        ofHost.map((name) => [name, this.#guarded((_session, memory, ...values: number[]) => this.#host?.call(name, memory, values) ?? 0)]),
      ),
      [PREVIEW1_MODULE]: Object.fromEntries(offered.map((name) => [name, this.#guarded(preview1(name))])),
      env: { abort: this.#guarded((session, memory, ...values: number[]) => this.#abort(session, memory, ...values)) },
    };
  }

  /** The instance of this memory is about to be entered. Until then, and after {@link end}, no import can be called: it ends in a trap. */
  begin(memory: GuestMemory, attempt: Attempt, { input, filename, program, directories = [] }: EnteredGuest): void {
    this.#memory = memory;
    this.#form = program?.stdout ?? "json";
    this.#aborted = undefined;
    if (!this.#any) return;
    this.#session = new WasiSession(attempt, memory, {
      input: this.#command ? input : new Uint8Array(),
      collects: this.#command,
      program: program ?? { arguments: [filename], environment: [], stdout: "json" },
      directories,
    });
    this.#host = new HostImports(attempt);
  }

  /** Nothing of the attempt is held any more: a module that is kept would hold its memory, its input and its files. */
  end(): void {
    this.#memory = undefined;
    this.#session = undefined;
    this.#host = undefined;
  }

  /** What was written to standard output. */
  output(): CommandOutput {
    return { bytes: this.#session?.output() ?? new Uint8Array(), form: this.#form };
  }

  /** How the guest ended that `error` came out of; undefined if that was a mistake of ours. */
  endOfThrow(error: unknown): GuestEnd | undefined {
    const ended = this.#session?.ended;
    if (this.#aborted !== undefined) return { kind: "trapped", trap: "aborted", detail: this.#aborted };
    if (ended?.kind === "fault") return undefined;
    if (ended?.kind === "output") return { kind: "exhausted", limit: "output", used: ended.used, max: ended.max };
    if (ended?.kind === "signal") return { kind: "trapped", trap: "aborted", detail: `raised ${ended.name}` };
    if (ended?.kind === "exited") return endOfExit(this.#session?.attempt.exitStatus ?? 0, this.#command ? this.output() : undefined);
    return endOfThrow(error);
  }

  #guarded(what: (session: WasiSession, memory: GuestMemory, ...values: never[]) => number | bigint) {
    return (...values: never[]): number | bigint => {
      const session = this.#session;
      const memory = this.#memory;
      if (!session || !memory || session.attempt.over) return trap();
      try {
        haveRoom(FRAMES_NEEDED);
        return what(session, memory, ...values);
      } catch (error) {
        session.attempt.over = true;
        // A trap of session.end(), or a stack that was used up in here: no guest can catch either. The rest is a mistake of ours, which it
        // might catch, to go on with an import half done.
        if (endOfThrow(error)) throw error;
        return session.end({ kind: "fault", error });
      }
    };
  }

  #abort(session: WasiSession, memory: GuestMemory, message = 0, file = 0, line = 0, column = 0): number {
    const where = stringAt(memory, file);
    this.#aborted = `${stringAt(memory, message) ?? "abort"}${where === undefined ? "" : ` in ${where}:${line >>> 0}:${column >>> 0}`}`;
    return session.end({ kind: "exited" });
  }
}

/** A string of AssemblyScript's, or undefined where there is none. */
function stringAt(memory: GuestMemory, address: number): string | undefined {
  const size = address === 0 ? undefined : memory.view(address - 4, 4)?.getUint32(0, true);
  const bytes = size === undefined ? undefined : memory.bytes(address, Math.min(size, STRING_BYTES_MAX) & ~1);
  return bytes && cut(new TextDecoder("utf-16le").decode(bytes), STRING_BYTES_MAX / 2);
}
