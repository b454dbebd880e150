import type { Attempt, Chamber, EnteredGuest, GuestEnd } from "../cell/attempt.ts";
import { GloveboxError } from "../error.ts";
import { PAGE_BYTES } from "../wasm/binary.ts";
import { inspectModule, type ModuleFacts, refusing } from "../wasm/inspect.ts";
import { meterModule } from "../wasm/meter.ts";
import { TABLE_ENTRIES_MAX } from "../wasm/outline.ts";
import { MEMORY_IMPORT, OWN_EXPORTS, rewriteModule } from "../wasm/rewrite.ts";
import { type BufferExports, enterBuffer } from "./buffer.ts";
import { noteDropped } from "./dropped.ts";
import { guestError } from "./ending.ts";
import { FuelGauge } from "./fuel.ts";
import { enterHandler, type HandlerExports } from "./handler.ts";
import { GuestMemory } from "./memory.ts";
import { ModuleImports } from "./module-imports.ts";
import { enterText, type TextExports } from "./text.ts";
import { type CommandExports, enterCommand } from "./wasi-command.ts";

/**
 * Compiles a module, so that guests can enter it. This is where instructions are looked at for the first time: in a cell, under the
 * limits of the attempt that needs the module.
 *
 * @param bytes not kept
 * @param metered its guests have `limits.fuel`
 * @returns how the attempt ends, where the module is refused: `failed` with the name `ModuleRefused`
 */
export function moduleChamber(bytes: Uint8Array, name = "module", metered = false): Chamber | GuestEnd {
  try {
    const facts = inspectModule(bytes, name);
    return refusing(name, () => {
      // The module as it is has to be valid by itself: see rewriteModule().
      new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>);
      const rewritten = rewriteModule(bytes, facts);
      const entered = metered ? meterModule(rewritten, { bytesMax: rewritten.length }) : rewritten;
      const module = new WebAssembly.Module(entered as Uint8Array<ArrayBuffer>);
      return new ModuleChamber(module, facts);
    });
  } catch (error) {
    if (error instanceof GloveboxError) return { kind: "failed", error: guestError("ModuleRefused", error.message) };
    throw error;
  }
}

/** An instance that nobody has entered yet. */
interface Prepared {
  readonly memory: WebAssembly.Memory;
  /** Or what V8 threw because a segment did not fit: the guest's doing, which ends the attempt that it was made for. */
  readonly instance: WebAssembly.Instance | { readonly failure: unknown };
  readonly instantiateMs: number;
}

type Exports = Readonly<Record<string, WebAssembly.ExportValue | undefined>>;

/** Larger memories are not kept for the next instance: they would stay resident, whole, in a cell that keeps sixteen modules. */
const KEPT_BYTES_MAX = 4 * 2 ** 20;

/**
 * One memory is kept and wiped for each next instance, as long as it has the maximum that is asked for, is small and has not grown: making a
 * new one costs more than wiping what a handler usually has. Instances are never entered twice.
 */
class ModuleChamber implements Chamber {
  instantiateMs = 0;
  readonly spent = false;
  readonly #module: WebAssembly.Module;
  readonly #facts: Pick<ModuleFacts, "kind" | "memory" | "tableEntries" | "initialize">;
  readonly #imports: ModuleImports;
  #kept: { readonly memory: WebAssembly.Memory; readonly pagesMax: number } | undefined;
  #prepared: Prepared | undefined;

  constructor(module: WebAssembly.Module, { kind, memory, tableEntries, initialize, outline }: ModuleFacts) {
    this.#module = module;
    this.#imports = new ModuleImports(outline.imports, kind === "wasi");
    this.#facts = { kind, memory, tableEntries, initialize };
  }

  prepare(memoryBytes: number): void {
    const { minimum, maximum = 65_536 } = this.#facts.memory;
    const pagesMax = Math.min(maximum, minimum + Math.floor(memoryBytes / PAGE_BYTES), 65_536);
    if (this.#prepared && this.#kept?.pagesMax === pagesMax) return;
    const started = performance.now();
    const wiped = this.#wiped(pagesMax);
    if (this.#kept && !wiped) noteDropped(this.#kept.memory.buffer.byteLength);
    const memory = wiped ?? new WebAssembly.Memory({ initial: minimum, maximum: pagesMax });
    this.#kept = { memory, pagesMax };
    const instance = this.#instantiate(memory);
    this.#prepared = { memory, instance, instantiateMs: performance.now() - started };
  }

  leave(): void {
    if (this.#kept) noteDropped(this.#kept.memory.buffer.byteLength);
  }

  #wiped(pagesMax: number): WebAssembly.Memory | undefined {
    if (this.#kept?.pagesMax !== pagesMax) return undefined;
    const { memory } = this.#kept;
    const { byteLength } = memory.buffer;
    if (byteLength !== this.#facts.memory.minimum * PAGE_BYTES || byteLength > KEPT_BYTES_MAX) return undefined;
    new Uint8Array(memory.buffer).fill(0);
    return memory;
  }

  #instantiate(memory: WebAssembly.Memory): Prepared["instance"] {
    try {
      const { modules } = this.#imports;
      return new WebAssembly.Instance(this.#module, {
        ...modules,
        [MEMORY_IMPORT.module]: { ...modules[MEMORY_IMPORT.module], [MEMORY_IMPORT.field]: memory },
      });
    } catch (failure) {
      return { failure };
    }
  }

  enter(guest: EnteredGuest, attempt: Attempt): GuestEnd {
    this.prepare(attempt.limits.memoryBytes);
    const prepared = this.#prepared;
    if (!prepared) throw new Error("nothing was prepared");
    this.#prepared = undefined;
    this.instantiateMs = prepared.instantiateMs;
    try {
      return this.#enter(prepared, guest, attempt);
    } finally {
      this.#imports.end();
    }
  }

  #enter({ memory, instance }: Prepared, guest: EnteredGuest, attempt: Attempt): GuestEnd {
    const gauge = "failure" in instance ? undefined : FuelGauge.of(instance.exports);
    gauge?.begin(attempt);
    this.#imports.begin(new GuestMemory(memory), attempt, guest);
    let end: GuestEnd;
    try {
      if ("failure" in instance) throw instance.failure;
      end = this.#run(instance.exports, memory, guest.input, attempt);
    } catch (error) {
      end = this.#imports.endOfThrow(error) ?? rethrow(error);
    }
    attempt.over = true;
    attempt.memory.peakBytes = memory.buffer.byteLength;
    if ("failure" in instance) return end;
    const metered = gauge?.judge(end) ?? end;
    return metered === end ? this.#attribute(end, instance.exports, memory, attempt) : metered;
  }

  #run(exports: Exports, memory: WebAssembly.Memory, input: Uint8Array, { limits }: Attempt): GuestEnd {
    (exports[OWN_EXPORTS.start] as (() => void) | undefined)?.();
    if (this.#facts.initialize) (exports["_initialize"] as () => void)();
    switch (this.#facts.kind) {
      case "text":
        return enterText(exports as unknown as TextExports, new GuestMemory(memory), input, limits.outputBytes);
      case "buffer":
        return enterBuffer(exports as unknown as BufferExports, new GuestMemory(memory), input, limits.outputBytes);
      case "wasi":
        return enterCommand(exports as unknown as CommandExports, () => this.#imports.output());
      case "handler":
        return enterHandler(exports as unknown as HandlerExports);
    }
  }

  /** A guest that was refused room and then did not complete is out of room, whatever it did about it. */
  #attribute(end: GuestEnd, exports: Exports, memory: WebAssembly.Memory, attempt: Attempt): GuestEnd {
    const count = (name: keyof typeof OWN_EXPORTS): number => {
      const own = exports[OWN_EXPORTS[name]];
      return own instanceof WebAssembly.Global ? Number(own.value) >>> 0 : 0;
    };
    attempt.memory.growthsDenied = count("memoryDenied");
    if (end.kind !== "failed" && end.kind !== "trapped") return end;
    const error = end.kind === "failed" ? { error: end.error } : {};
    if (count("memoryDenied") > 0) {
      const grownBytes = memory.buffer.byteLength - this.#facts.memory.minimum * PAGE_BYTES;
      const used = grownBytes + count("memoryWanted") * PAGE_BYTES;
      return { kind: "exhausted", limit: "memory", used, max: attempt.limits.memoryBytes, ...error };
    }
    if (count("tableDenied") > 0) {
      return { kind: "exhausted", limit: "table", used: this.#facts.tableEntries + count("tableWanted"), max: TABLE_ENTRIES_MAX, ...error };
    }
    return end;
  }
}

function rethrow(error: unknown): never {
  throw error;
}
