import type { Attempt, Chamber, EnteredGuest, GuestEnd } from "../cell/attempt.ts";
import { GUEST_TEXT_MAX, type GuestError } from "../outcome.ts";
import { FrozenInstance, memoryOf } from "../runtimes/frozen.ts";
import { pythonImports } from "../runtimes/python/imports.ts";
import { type PythonHost, PythonSession } from "../runtimes/python/session.ts";
import { PAGE_BYTES, readImports, readSections } from "../wasm/binary.ts";
import { noteDropped } from "./dropped.ts";
import { broken, endOfThrow } from "./ending.ts";
import { FuelGauge } from "./fuel.ts";
import { GuestMemory } from "./memory.ts";

/** What the frozen module keeps of CPython's C API; addresses are 32 bits. */
interface PythonExports {
  malloc(size: number): number;
  free(address: number): void;
  PyBytes_FromStringAndSize(address: number, length: number): number;
  PyBytes_AsString(object: number): number;
  PyBytes_Size(object: number): number;
  PyObject_CallOneArg(callable: number, argument: number): number;
}

/** Memory that no guest gets beyond, whatever its limit: what the frozen module can address and CPython can use. */
const GROWTH_BYTES_MAX = 2048 * 2 ** 20;

/** Where CPython finds its standard library: runtimes/python/pack.py wrote its bytecode for this path. */
const STDLIB_PATH = "/lib/python314.zip";

const RESULT = { completed: 0x43, failed: 0x46, stack: 0x53 } as const; // C, F and S of runtimes/python/boot.py

/** Frozen CPython. Each guest is entered in a state that is the snapshot's, byte for byte. */
export function pythonChamber(wasm: Uint8Array, module: WebAssembly.Module, stdlib: Uint8Array, enter: number): Chamber {
  const memory = readImports(wasm, readSections(wasm)).find((entry) => entry.kind === "memory");
  if (memory?.kind !== "memory") throw new Error("the Python runtime imports no memory");
  return new PythonChamber(module, memory.limits.minimum * PAGE_BYTES, stdlib, enter);
}

interface PythonInstance {
  readonly frozen: FrozenInstance;
  readonly host: PythonHost;
  readonly gauge: FuelGauge | undefined;
}

class PythonChamber implements Chamber {
  instantiateMs = 0;
  readonly spent = false; // a trap drops the instance and its memory, which is all that a guest could have touched
  readonly #module: WebAssembly.Module;
  readonly #initialBytes: number;
  readonly #files: ReadonlyMap<string, Uint8Array>;
  readonly #enter: number;
  #instance: PythonInstance | undefined;
  #fresh = false;

  constructor(module: WebAssembly.Module, initialBytes: number, stdlib: Uint8Array, enter: number) {
    this.#module = module;
    this.#initialBytes = initialBytes;
    this.#files = new Map([[STDLIB_PATH, stdlib]]);
    this.#enter = enter;
  }

  prepare(): void {
    this.#prepare();
  }

  /** A fresh instance: the one before, put back, where that can be; else a new one in new memory. */
  #prepare(): PythonInstance {
    if (this.#fresh && this.#instance) return this.#instance;
    const started = performance.now();
    if (!this.#instance?.frozen.reset()) {
      this.#drop();
      this.#instance = this.#instantiate();
    }
    this.#fresh = true;
    this.instantiateMs = performance.now() - started;
    return this.#instance;
  }

  #drop(): void {
    if (this.#instance) noteDropped(this.#instance.frozen.memory.buffer.byteLength);
    this.#instance = undefined;
  }

  #instantiate() {
    const memory = memoryOf(this.#initialBytes, GROWTH_BYTES_MAX);
    const host: PythonHost = { memory: new GuestMemory(memory), files: this.#files, table: undefined, session: undefined };
    const frozen = new FrozenInstance(this.#module, pythonImports(host, this.#module), memory);
    host.table = frozen.instance.exports["__indirect_function_table"] as WebAssembly.Table;
    return { frozen, host, gauge: FuelGauge.of(frozen.instance.exports) };
  }

  enter(guest: EnteredGuest, attempt: Attempt): GuestEnd {
    const { frozen, host, gauge } = this.#prepare();
    this.#fresh = false;
    attempt.memory.peakBytes = this.#initialBytes;
    const session = new PythonSession(host, attempt, guest.directories);
    host.session = session;
    gauge?.begin(attempt);
    const judge = (end: GuestEnd) => gauge?.judge(end) ?? end;
    try {
      return judge(this.#call(frozen, guest, attempt));
    } catch (error) {
      this.#drop(); // nothing of an instance that was unwound is used again
      return judge(this.#endOfThrow(error, session));
    } finally {
      attempt.over = true;
      host.session = undefined;
    }
  }

  #call(frozen: FrozenInstance, guest: EnteredGuest, attempt: Attempt): GuestEnd {
    const python = frozen.instance.exports as unknown as PythonExports;
    const memory = new GuestMemory(frozen.memory);
    const request = encodeRequest(guest);
    const address = python.malloc(request.length);
    const room = address === 0 ? undefined : memory.bytes(address, request.length);
    if (!room) return this.#exhausted(attempt);
    room.set(request);
    const argument = python.PyBytes_FromStringAndSize(address, request.length);
    python.free(address);
    if (argument === 0) return this.#exhausted(attempt);
    const result = python.PyObject_CallOneArg(this.#enter, argument);
    if (result === 0) return attempt.memory.growthsDenied > 0 ? this.#exhausted(attempt) : broken("InvalidOutput", "Python gave no result");
    const length = python.PyBytes_Size(result) >>> 0;
    const bytes = length === 0 ? undefined : memory.bytes(python.PyBytes_AsString(result), length);
    if (!bytes) return broken("InvalidOutput", "Python's result lies outside of its memory");
    const max = attempt.limits.outputBytes;
    if (bytes[0] === RESULT.completed) {
      if (length - 1 > max) return { kind: "exhausted", limit: "output", used: length - 1, max };
      return { kind: "completed", form: "json", output: bytes.slice(1) };
    }
    const error = readError(bytes.subarray(1));
    if (!error) return broken("InvalidOutput", "Python's error is none");
    if (bytes[0] === RESULT.stack) return { kind: "exhausted", limit: "stack", used: 0, max: 0, error };
    if (error.name === "MemoryError" && attempt.memory.growthsDenied > 0) return this.#exhausted(attempt, error);
    return { kind: "failed", error };
  }

  #endOfThrow(error: unknown, { attempt, ended }: PythonSession): GuestEnd {
    if (ended?.kind === "fault") throw ended.error;
    if (ended?.kind === "exited") {
      const status = attempt.exitStatus ?? 0;
      if (status !== 0) return broken("ExitStatus", `the step ended itself with status ${status}`);
      return { kind: "completed", form: "json", output: new TextEncoder().encode("null") };
    }
    if (attempt.memory.growthsDenied > 0) return this.#exhausted(attempt);
    if (ended?.kind === "aborted") return { kind: "trapped", trap: "aborted", detail: ended.detail };
    const end = endOfThrow(error);
    if (!end) throw error;
    return end;
  }

  #exhausted({ limits, memory }: Attempt, error?: GuestError): GuestEnd {
    const used = Math.max(0, memory.peakBytes - this.#initialBytes);
    return { kind: "exhausted", limit: "memory", used, max: limits.memoryBytes, ...(error ? { error } : {}) };
  }
}

/** Three lengths, then the code, the input and the options: what `enter` of boot.py takes. */
function encodeRequest({ code, input, filename, imports, modules = [], directories = [] }: EnteredGuest): Uint8Array {
  const packages = directories.flatMap(({ name, entries }) => entries.map(([path]) => `${name}/${path}`));
  const options = new TextEncoder().encode(JSON.stringify({ filename, imports: imports ?? null, packages, modules }));
  const parts = [code, input, options];
  const request = new Uint8Array(12 + parts.reduce((sum, part) => sum + part.length, 0));
  const numbers = new DataView(request.buffer);
  let at = 12;
  parts.forEach((part, index) => {
    numbers.setUint32(index * 4, part.length, true);
    request.set(part, at);
    at += part.length;
  });
  return request;
}

const ERROR_BYTES_MAX = 16 * GUEST_TEXT_MAX;

function readError(bytes: Uint8Array): GuestError | undefined {
  if (bytes.length > ERROR_BYTES_MAX) return undefined;
  try {
    const { name, message, traceback, line, column } = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
    return {
      name: String(name),
      message: String(message),
      traceback: String(traceback),
      ...(typeof line === "number" ? { line } : {}),
      ...(typeof column === "number" ? { column } : {}),
    };
  } catch {
    return undefined; // the guest has changed what makes errors: the caller says that there is none
  }
}
