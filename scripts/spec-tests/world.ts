import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { SECTION } from "../../packages/sandbox/src/wasm/binary.ts";
import { UnsupportedFeature } from "../../packages/sandbox/src/wasm/code.ts";
import { COUNTED, countModule } from "../../packages/sandbox/src/wasm/count.fixture.ts";
import { meterModule } from "../../packages/sandbox/src/wasm/meter.ts";
import { FUEL_MAX, filled, readMeter } from "../../packages/sandbox/src/wasm/meter-layout.ts";
import { type ModuleOutline, outlineModule } from "../../packages/sandbox/src/wasm/outline.ts";
import { OWN_EXPORTS } from "../../packages/sandbox/src/wasm/rewrite.ts";
import { callExport } from "./call.ts";
import type { Action, Command } from "./script.ts";

/** What came of a command. */
export type Result =
  | { readonly kind: "done" }
  | { readonly kind: "values"; readonly values: readonly string[] }
  | { readonly kind: "trap" | "link" | "compile" | "exception"; readonly message: string }
  /** `counted`: by the meter, and not by V8's own limit, which depends on how it compiled the functions so far. */
  | { readonly kind: "exhausted"; readonly counted: boolean }
  /** What must not happen: the meter can't read what the compiler takes, or it or the runner threw. */
  | { readonly kind: "broken"; readonly message: string }
  /** A module that the meter does not take, or something that depends on one. */
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "skipped"; readonly reason: string };

interface Loaded {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly outline: ModuleOutline;
}

interface Running extends Loaded {
  readonly exports: WebAssembly.Exports;
}

class Refused extends Error {}

const FUEL = FUEL_MAX - 1;
/** So many values that a branch takes along cost one. */
const BRANCH_VALUES = 8;

/** `counted`: every instruction counts itself, which is what the meter is held against. */
export type WorldKind = "plain" | "metered" | "counted";

/** Everything that a script makes, with all of its modules made alike. */
export class World {
  readonly #folder: string;
  readonly #kind: WorldKind;
  readonly #modules = new Map<string, Loaded | Refused>();
  readonly #instances = new Map<string, Running | Refused>();
  readonly #registered = new Map<string, Running | Refused>();
  readonly #meters: WebAssembly.Global[] = [];
  readonly #counters: WebAssembly.Global[] = [];
  readonly #made: WebAssembly.Exports[] = [];
  readonly #spectest: WebAssembly.Exports;
  #lastModule: Loaded | Refused = new Refused("there is no module");
  #last: Running | Refused = new Refused("there is no module");
  /** What the modules had the host print. */
  readonly printed: string[] = [];
  /** By command, what all modules together spent, or counted. */
  readonly fuel: number[] = [];
  /** The meter may charge more than was counted: what an exception jumps over, and branches that take many values along. */
  mayCostMore = false;

  constructor(folder: string, kind: WorldKind) {
    this.#folder = folder;
    this.#kind = kind;
    const print = (...values: unknown[]) => {
      this.printed.push(values.join(" "));
    };
    this.#spectest = {
      global_i32: new WebAssembly.Global({ value: "i32" }, 666),
      global_i64: new WebAssembly.Global({ value: "i64" }, 666n),
      global_f32: new WebAssembly.Global({ value: "f32" }, 666.6),
      global_f64: new WebAssembly.Global({ value: "f64" }, 666.6),
      table: new WebAssembly.Table({ element: "anyfunc", initial: 10, maximum: 20 }),
      memory: new WebAssembly.Memory({ initial: 1, maximum: 2 }),
      ...Object.fromEntries(
        ["print", "print_i32", "print_i64", "print_f32", "print_f64", "print_i32_f32", "print_f64_f64"].map((name) => [name, print]),
      ),
    };
  }

  run(command: Command): Result {
    for (const meter of this.#meters) meter.value = filled(FUEL);
    for (const counter of this.#counters) counter.value = 0n;
    const result = this.#guarded(() => this.#run(command));
    const spent = this.#meters.map((meter) => FUEL - readMeter(meter.value as bigint).fuel);
    const counted = this.#counters.map((counter) => Number(counter.value as bigint));
    this.fuel.push([...spent, ...counted].reduce((sum, fuel) => sum + fuel, 0));
    return result;
  }

  /** A digest of every memory that is exported. */
  memories(): string[] {
    return this.#made.flatMap((exports) =>
      Object.values(exports)
        .filter((value) => value instanceof WebAssembly.Memory)
        .map((memory) => createHash("sha256").update(new Uint8Array(memory.buffer)).digest("hex")),
    );
  }

  #guarded(run: () => Result): Result {
    try {
      return run();
    } catch (error) {
      if (error instanceof Refused) return { kind: "refused", reason: error.message };
      const message = error instanceof Error ? error.message : String(error);
      if (this.#meters.some((meter) => readMeter(meter.value as bigint).stackIsOut)) return { kind: "exhausted", counted: true };
      if (error instanceof RangeError && message === "Maximum call stack size exceeded") return { kind: "exhausted", counted: false };
      if (error instanceof WebAssembly.RuntimeError) return { kind: "trap", message };
      if (error instanceof WebAssembly.LinkError) return { kind: "link", message };
      if (error instanceof WebAssembly.CompileError) return { kind: "compile", message };
      if (error instanceof WebAssembly.Exception) return { kind: "exception", message: "" };
      if (error instanceof TypeError && message.startsWith("WebAssembly")) return { kind: "link", message };
      return { kind: "broken", message: error instanceof Error ? `${error.name}: ${message}` : message };
    }
  }

  #run(command: Command): Result {
    switch (command.type) {
      case "module":
        this.#keep(command.name, () => this.#instantiate(this.#load(command)));
        return { kind: "done" };
      case "module_definition":
        this.#load(command);
        return { kind: "done" };
      case "module_instance":
        this.#keep(command.instance, () => {
          const loaded = command.module === undefined ? this.#lastModule : this.#modules.get(command.module);
          return this.#instantiate(loaded ?? new Refused("there is no such module"));
        });
        return { kind: "done" };
      case "register": {
        const running = this.#named(command.name);
        this.#registered.set(command.as ?? "", running);
        if (running instanceof Refused) throw running;
        return { kind: "done" };
      }
      case "action":
      case "assert_return":
      case "assert_trap":
      case "assert_exhaustion":
      case "assert_exception":
        if (command.action) return this.#act(command.action);
        this.#instantiate(this.#load(command)); // a trap while a module is made
        return { kind: "done" };
      case "assert_invalid":
      case "assert_malformed":
      case "assert_invalid_custom":
      case "assert_malformed_custom":
        if (command.module_type === "text") return { kind: "skipped", reason: "text format" };
        if (command.type.endsWith("_custom")) return { kind: "skipped", reason: "custom sections" };
        this.#load(command);
        return { kind: "done" };
      case "assert_unlinkable":
      case "assert_uninstantiable":
        this.#instantiate(this.#load(command));
        return { kind: "done" };
      default:
        return { kind: "skipped", reason: `command ${command.type}` };
    }
  }

  /** Compiles it as it is first, as the sandbox does: what V8 refuses is never metered. */
  #load(command: Command): Loaded {
    const keep = (loaded: Loaded | Refused) => {
      if (command.type.startsWith("module")) this.#lastModule = loaded;
      if (command.name !== undefined) this.#modules.set(command.name, loaded);
    };
    if (command.module_type === "text") {
      keep(new Refused("text format"));
      throw new Refused("text format");
    }
    const bytes = new Uint8Array(readFileSync(join(this.#folder, command.filename ?? "")));
    try {
      new WebAssembly.Module(bytes);
      const loaded = { bytes, outline: outlineModule(bytes) };
      meterModule(bytes); // refuses the same in all worlds
      const { sections, types } = loaded.outline;
      this.mayCostMore ||= sections.some(({ id }) => id === SECTION.tag);
      this.mayCostMore ||= types.some((type) => type.split(">").some((values) => values.length >= BRANCH_VALUES));
      keep(loaded);
      return loaded;
    } catch (error) {
      const refused = new Refused(error instanceof Error ? error.message.replaceAll(/ at byte \d+/g, "") : String(error));
      keep(refused);
      throw error instanceof UnsupportedFeature ? refused : error;
    }
  }

  /** Makes an instance that what follows may call. If it can't be made, what follows is not taken for the instance before. */
  #keep(name: string | undefined, make: () => Running): void {
    const keep = (running: Running | Refused) => {
      this.#last = running;
      if (name !== undefined) this.#instances.set(name, running);
    };
    try {
      keep(make());
    } catch (error) {
      keep(error instanceof Refused ? error : new Refused("the module could not be made"));
      throw error;
    }
  }

  #instantiate(loaded: Loaded | Refused): Running {
    if (loaded instanceof Refused) throw loaded;
    const { bytes } = loaded;
    const imports = this.#importsOf(loaded);
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(this.#change(bytes)), imports);
    const meter = exports[OWN_EXPORTS.meter];
    if (meter instanceof WebAssembly.Global) {
      meter.value = filled(FUEL);
      this.#meters.push(meter);
    }
    const counter = exports[COUNTED];
    if (this.#kind === "counted" && counter instanceof WebAssembly.Global) this.#counters.push(counter);
    (exports[OWN_EXPORTS.start] as (() => void) | undefined)?.();
    this.#made.push(exports);
    return { ...loaded, exports };
  }

  #change(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    if (this.#kind === "plain") return bytes;
    return this.#kind === "metered" ? new Uint8Array(meterModule(bytes)) : countModule(bytes);
  }

  #importsOf({ outline }: Loaded): WebAssembly.Imports {
    const imports: WebAssembly.Imports = Object.create(null) as WebAssembly.Imports;
    for (const { module, field } of outline.imports) {
      const from = module === "spectest" ? this.#spectest : this.#registered.get(module);
      if (from instanceof Refused) throw from;
      imports[module] ??= Object.create(null) as Record<string, WebAssembly.ImportValue>;
      const exports = from === undefined ? undefined : module === "spectest" ? this.#spectest : (from as Running).exports;
      const value = exports?.[field];
      if (value !== undefined) (imports[module] as Record<string, WebAssembly.ImportValue>)[field] = value;
    }
    return imports;
  }

  #named(name: string | undefined): Running | Refused {
    return name === undefined ? this.#last : (this.#instances.get(name) ?? new Refused("there is no such module"));
  }

  #act(action: Action): Result {
    const running = this.#named(action.module);
    if (running instanceof Refused) throw running;
    const value = running.exports[action.field];
    if (value === undefined) throw new Refused(`there is no export "${action.field}"`);
    if (action.type === "get") return { kind: "values", values: [globalText(value)] };
    return { kind: "values", values: callExport(running.bytes, running.outline, action.field, value, action.args ?? []) };
  }
}

/** A global's value: of a float, whose bits may not survive JavaScript, the number. */
function globalText(value: WebAssembly.ExportValue): string {
  try {
    const content = (value as WebAssembly.Global).value;
    return typeof content === "function" ? "func" : String(content);
  } catch {
    return "?"; // a vector
  }
}
